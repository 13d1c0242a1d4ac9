/**
 * Rows of a chunk that are used and rows that are not: counted by reason, with a few of each to look at.
 */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { RejectExample } from '../../core/table.ts';
import { buildDictionary } from '../reading/dictionary.ts';
import type { RejectedReason } from '../reading/rejected-lines.ts';
import { CHUNK_ROWS, textsOf } from '../reading/vectors.ts';

export interface RejectLog {
  /** Starts a file, whose name its examples carry. */
  readonly startFile: (file: string) => void;
  /**
   * Sifts a chunk whose first columns are `reject` and `detail`; returns how many rows are used.
   * @param remarkColumn where a remark lies, if any
   */
  readonly sift: (chunk: DuckDBDataChunk, remarkColumn: number | undefined) => number;
  /** int32: places of the usable rows of the last chunk, in its first items. */
  readonly kept: Int32Array;
  /** Whether more examples of a reason are kept. */
  readonly wantsExamples: (reason: string) => boolean;
  /** Rows that were sifted out of the file for a reason. */
  readonly nRejected: (reason: string) => number;
  /** Adds an example whose place is not known. */
  readonly addExample: (reason: string, value: string) => void;
  /** Rows of the file that are examples and have no line yet, ascending. */
  readonly exampleRows: () => readonly number[];
  /** Says on which lines they stand. */
  readonly placeExamples: (lines: ReadonlyMap<number, number>) => void;
  /**
   * Counts rows that never became part of a chunk.
   * @param lineOf lines by the numbers that the database gives records
   */
  readonly reject: (
    rejected: readonly RejectedReason[],
    lineOf: ReadonlyMap<number, number> | undefined,
  ) => void;
  readonly nRead: () => number;
  /** By reason, most frequent first. */
  readonly rejected: () => Readonly<Record<string, number>>;
  readonly examples: () => Readonly<Record<string, readonly RejectExample[]>>;
  readonly remarks: () => Readonly<Record<string, number>>;
}

/** Examples of a reason that are kept. */
const MAX_EXAMPLES = 3;

export const startRejectLog = (): RejectLog => {
  const reasons = buildDictionary();
  const nByReason: number[] = [];
  const rejectedLines = new Map<string, number>();
  const remarks = buildDictionary();
  const nByRemark: number[] = [];
  const examples = new Map<string, RejectExample[]>();
  const codes = new Int32Array(CHUNK_ROWS);
  const remarkCodes = new Int32Array(CHUNK_ROWS);
  const kept = new Int32Array(CHUNK_ROWS);
  let nRead = 0;
  let file = '';
  let nInFile = 0;
  /** Rows left out of the files before, by reason. */
  let nBefore: ReadonlyMap<string, number> = new Map();

  const wantsExamples = (reason: string): boolean =>
    (examples.get(reason)?.length ?? 0) < MAX_EXAMPLES;

  const addExample = (reason: string, example: RejectExample): void => {
    const known = examples.get(reason);
    if (known === undefined) examples.set(reason, [example]);
    else if (known.length < MAX_EXAMPLES) known.push(example);
  };

  const takeExamples = (chunk: DuckDBDataChunk, nInChunk: number): void => {
    const wanted = reasons.texts.map((reason) => wantsExamples(reason));
    if (!wanted.includes(true)) return;
    const details = textsOf(chunk.getColumnVector(1));
    for (let i = 0; i < nInChunk; i++) {
      if (codes[i]! < 0 || !wanted[codes[i]!]) continue;
      const reason = reasons.texts[codes[i]!]!;
      addExample(reason, { file, row: nInFile + i + 1, value: details.getItem(i) ?? '' });
    }
  };

  const countRemarks = (chunk: DuckDBDataChunk, nInChunk: number, column: number): void => {
    remarks.encodeInto(textsOf(chunk.getColumnVector(column)), remarkCodes, 0);
    for (let i = 0; i < nInChunk; i++) {
      const remark = remarkCodes[i]!;
      if (remark >= 0 && codes[i]! < 0) nByRemark[remark] = (nByRemark[remark] ?? 0) + 1;
    }
  };

  const sift = (chunk: DuckDBDataChunk, remarkColumn: number | undefined): number => {
    // Asked once: each answer is a call into the database.
    const nInChunk = chunk.rowCount;
    reasons.encodeInto(textsOf(chunk.getColumnVector(0)), codes, 0);
    let nKept = 0;
    for (let i = 0; i < nInChunk; i++) {
      const reason = codes[i]!;
      if (reason < 0) kept[nKept++] = i;
      else nByReason[reason] = (nByReason[reason] ?? 0) + 1;
    }
    if (nKept < nInChunk) takeExamples(chunk, nInChunk);
    if (remarkColumn !== undefined) countRemarks(chunk, nInChunk, remarkColumn);
    nRead += nInChunk;
    nInFile += nInChunk;
    return nKept;
  };

  const isUnplaced = (example: RejectExample): boolean =>
    example.file === file && example.row !== undefined && example.line === undefined;

  return {
    startFile: (name) => {
      file = name;
      nInFile = 0;
      nBefore = new Map(nByReason.map((n, code) => [reasons.texts[code]!, n]));
    },
    sift,
    kept,
    wantsExamples,
    nRejected: (reason) =>
      (nByReason[reasons.texts.indexOf(reason)] ?? 0) - (nBefore.get(reason) ?? 0),
    addExample: (reason, value) => addExample(reason, { file, value }),
    exampleRows: () =>
      [...examples.values()]
        .flat()
        .filter(isUnplaced)
        .map(({ row }) => row! - 1)
        .sort((a, b) => a - b),
    placeExamples: (lines) => {
      for (const [reason, known] of examples) {
        const placed = known.map((example) => {
          const line = isUnplaced(example) ? lines.get(example.row! - 1) : undefined;
          return line === undefined ? example : { ...example, line };
        });
        examples.set(reason, placed);
      }
    },
    reject: (rejected, lineOf) => {
      for (const { reason, nLines, examples: found } of rejected) {
        nRead += nLines;
        rejectedLines.set(reason, (rejectedLines.get(reason) ?? 0) + nLines);
        for (const { record, text } of found) {
          const line = lineOf?.get(record);
          addExample(reason, { file, ...(line === undefined ? {} : { line }), value: text });
        }
      }
    },
    nRead: () => nRead,
    rejected: () => {
      const counts = new Map(rejectedLines);
      nByReason.forEach((n, code) => {
        counts.set(reasons.texts[code]!, n);
      });
      return mostFrequentFirst(counts);
    },
    examples: () => Object.fromEntries(examples),
    remarks: () => Object.fromEntries(nByRemark.map((n, code) => [remarks.texts[code]!, n])),
  };
};

/** Rows that were left out. */
interface LeftOut {
  readonly nRead: number;
  readonly rejected: Readonly<Record<string, number>>;
  readonly examples: Readonly<Record<string, readonly RejectExample[]>>;
}

/** Why not one row can be used, in a sentence. */
export const noneUsable = (
  { nRead, rejected, examples }: LeftOut,
  expects: string | undefined,
): string => {
  const why = Object.entries(rejected).map(([reason, n]) => {
    const first = examples[reason]?.[0]?.value;
    return `${n} ${reason}${first ? ` (${first})` : ''}`;
  });
  const values = Object.entries(examples)
    .filter(([reason]) => reason.endsWith('delay'))
    .map(([, [first]]) => first?.value ?? '');
  const hint = HINTS.find(([pattern]) => values.some((value) => pattern.test(value)))?.[1] ?? '';
  return `none of the ${nRead} rows can be used: ${why.join(', ')}; flights with a known delay are expected${expects ? `, and ${expects}` : ''}${hint}`;
};

/** What reads a delay that is written otherwise. */
const HINTS: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [/ [-+]?\d+:\d\d/, '; delayMinutes=COLUMN@hh:mm in --map reads a clock'],
  [/ [-+]?\d+,\d+$/, '; --decimal , takes a comma for the point, --decimal . for the thousands'],
  [/ [-+]?[\d.]+ ?min/, '; write the number alone'],
];

/** By reason, most frequent first. */
export const mostFrequentFirst = (
  counts: Iterable<readonly [reason: string, n: number]>,
): Readonly<Record<string, number>> =>
  Object.fromEntries([...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)));
