/**
 * Chunks of DuckDB gathered into the columns of a table, rejected rows counted instead.
 */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import { AppError } from '../../core/errors.ts';
import type { InputKind } from '../../core/flight.ts';
import type { Column, RejectExample, Table } from '../../core/table.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { buildDictionary, type Dictionary, sortDictionary } from '../reading/dictionary.ts';
import { NO_MINUTES } from './projection.ts';
import type { RejectedLines } from '../reading/rejected-lines.ts';
import { CHUNK_ROWS, doublesOf, floatsOf, intsOf, textsOf } from '../reading/vectors.ts';

type Filling =
  | { readonly kind: 'category'; codes: Int32Array; readonly dictionary: Dictionary }
  | { readonly kind: 'number'; numbers: Float64Array }
  | { readonly kind: 'time'; minutes: Float64Array };

/** A field, or a column that a model asks for by its own name. */
export interface NamedKind {
  readonly name: string;
  readonly kind: InputKind;
}

/** What lies in a chunk: `reject`, its `detail`, `delayMinutes`, these columns in this order, then a remark or none. */
interface ChunkLayout {
  readonly columns: readonly NamedKind[];
  readonly hasRemark: boolean;
}

export interface TableBuilder {
  /** Starts a file, whose name its examples carry. */
  readonly startFile: (file: string) => void;
  readonly append: (chunk: DuckDBDataChunk, layout: ChunkLayout) => void;
  /** Rows of the file that are examples and have no line yet, ascending. */
  readonly exampleRows: () => readonly number[];
  /** Says on which lines they stand. */
  readonly placeExamples: (lines: ReadonlyMap<number, number>) => void;
  /** Counts rows that never became part of a chunk. */
  readonly reject: (rejected: readonly RejectedLines[]) => void;
  readonly nRead: () => number;
  /** @throws AppError data-unfit when no row can be used */
  readonly finish: (reading: FinishedReading) => Table;
}

interface FinishedReading {
  readonly files: readonly string[];
  readonly dialect: Dialect;
  readonly unused: readonly string[];
  readonly notes: readonly string[];
}

/** Examples of a reason that are kept. */
const MAX_EXAMPLES = 3;

/** Columns for these fields; a chunk that lacks one of them leaves it missing. */
export const startTable = (): TableBuilder => {
  let nRows = 0;
  let nRead = 0;
  let capacity = 1 << 16;
  let delays: Float32Array = new Float32Array(capacity);
  const fillings = new Map<string, Filling>();
  const reasons = buildDictionary();
  const nByReason: number[] = [];
  const rejectedLines = new Map<string, number>();
  const remarks = buildDictionary();
  const nByRemark: number[] = [];
  const examples = new Map<string, RejectExample[]>();
  let file = '';
  let nInFile = 0;
  const chunkReasons = new Int32Array(CHUNK_ROWS);
  const chunkCodes = new Int32Array(CHUNK_ROWS);
  const kept = new Int32Array(CHUNK_ROWS);

  const grow = (): void => {
    capacity *= 2;
    delays = widerFloat32(delays, capacity);
    for (const filling of fillings.values()) {
      switch (filling.kind) {
        case 'category':
          filling.codes = widerInt32(filling.codes, capacity);
          break;
        case 'number':
          filling.numbers = widerFloat64(filling.numbers, capacity);
          break;
        case 'time':
          filling.minutes = widerFloat64(filling.minutes, capacity);
          break;
      }
    }
  };

  const fillingOf = ({ name, kind }: NamedKind): Filling => {
    const known = fillings.get(name);
    if (known) return known;
    const filling = buildFilling(kind, capacity);
    fillings.set(name, filling);
    return filling;
  };

  /** Fills `kept` with the places of the usable rows of a chunk and counts the others. */
  const sift = (nInChunk: number): number => {
    let nKept = 0;
    for (let i = 0; i < nInChunk; i++) {
      const reason = chunkReasons[i]!;
      if (reason < 0) kept[nKept++] = i;
      else nByReason[reason] = (nByReason[reason] ?? 0) + 1;
    }
    return nKept;
  };

  const addExample = (reason: string, example: RejectExample): void => {
    const known = examples.get(reason);
    if (known === undefined) examples.set(reason, [example]);
    else if (known.length < MAX_EXAMPLES) known.push(example);
  };

  /** Keeps the first rows of each reason to look at. */
  const takeExamples = (chunk: DuckDBDataChunk, nInChunk: number): void => {
    const details = textsOf(chunk.getColumnVector(1));
    for (let i = 0; i < nInChunk; i++) {
      if (chunkReasons[i]! < 0) continue;
      const reason = reasons.texts[chunkReasons[i]!]!;
      if ((examples.get(reason)?.length ?? 0) >= MAX_EXAMPLES) continue;
      addExample(reason, { file, row: nInFile + i + 1, value: details.getItem(i) ?? '' });
    }
  };

  const countRemarks = (chunk: DuckDBDataChunk, column: number): void => {
    remarks.encodeInto(textsOf(chunk.getColumnVector(column)), chunkCodes, 0);
    for (let i = 0; i < chunk.rowCount; i++) {
      const remark = chunkCodes[i]!;
      if (remark >= 0 && chunkReasons[i]! < 0) nByRemark[remark] = (nByRemark[remark] ?? 0) + 1;
    }
  };

  const append = (chunk: DuckDBDataChunk, { columns, hasRemark }: ChunkLayout): void => {
    const nInChunk = chunk.rowCount;
    nRead += nInChunk;
    reasons.encodeInto(textsOf(chunk.getColumnVector(0)), chunkReasons, 0);
    const nKept = sift(nInChunk);
    if (nKept < nInChunk) takeExamples(chunk, nInChunk);
    if (hasRemark) countRemarks(chunk, 3 + columns.length);
    nInFile += nInChunk;
    while (nRows + nKept > capacity) grow();
    const chunkDelays = floatsOf(chunk.getColumnVector(2));
    for (let i = 0; i < nKept; i++) delays[nRows + i] = chunkDelays[kept[i]!]!;
    columns.forEach((column, c) => {
      const filling = fillingOf(column);
      const vector = chunk.getColumnVector(3 + c);
      switch (filling.kind) {
        case 'category': {
          filling.dictionary.encodeInto(textsOf(vector), chunkCodes, 0);
          const { codes } = filling;
          for (let i = 0; i < nKept; i++) codes[nRows + i] = chunkCodes[kept[i]!]!;
          break;
        }
        case 'number': {
          const from = doublesOf(vector);
          const { numbers } = filling;
          for (let i = 0; i < nKept; i++) numbers[nRows + i] = from[kept[i]!]!;
          break;
        }
        case 'time': {
          const from = intsOf(vector);
          const { minutes } = filling;
          for (let i = 0; i < nKept; i++) {
            const minute = from[kept[i]!]!;
            minutes[nRows + i] = minute === NO_MINUTES ? Number.NaN : minute;
          }
          break;
        }
      }
    });
    nRows += nKept;
  };

  const reject = (rejected: readonly RejectedLines[]): void => {
    for (const { reason, nLines, examples: found } of rejected) {
      nRead += nLines;
      rejectedLines.set(reason, (rejectedLines.get(reason) ?? 0) + nLines);
      for (const { line, text } of found)
        addExample(reason, { file, ...(line === undefined ? {} : { line }), value: text });
    }
  };

  const isUnplaced = (example: RejectExample): boolean =>
    example.file === file && example.row !== undefined && example.line === undefined;

  const exampleRows = (): readonly number[] =>
    [...examples.values()]
      .flat()
      .filter(isUnplaced)
      .map(({ row }) => row! - 1)
      .sort((a, b) => a - b);

  const placeExamples = (lines: ReadonlyMap<number, number>): void => {
    for (const [reason, known] of examples) {
      const placed = known.map((example) => {
        const line = isUnplaced(example) ? lines.get(example.row! - 1) : undefined;
        return line === undefined ? example : { ...example, line };
      });
      examples.set(reason, placed);
    }
  };

  const startFile = (name: string): void => {
    file = name;
    nInFile = 0;
  };

  const whyNone = (expects: string | undefined): string => {
    const why = Object.entries(rejected()).map(([reason, n]) => {
      const first = examples.get(reason)?.[0]?.value;
      return `${n} ${reason}${first ? ` (${first})` : ''}`;
    });
    return `none of the ${nRead} rows can be used: ${why.join(', ')}; flights with a known delay are expected${expects ? `, and ${expects}` : ''}`;
  };

  const rejected = (): Record<string, number> => {
    const counts = new Map(rejectedLines);
    nByReason.forEach((n, code) => {
      counts.set(reasons.texts[code]!, n);
    });
    return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)));
  };

  const finish = ({ files, dialect, unused, notes }: FinishedReading): Table => {
    if (nRows === 0) throw new AppError('data-unfit', whyNone(dialect.expects));
    const columns: Record<string, Column> = {};
    for (const [name, filling] of fillings) {
      const column = finishColumn(filling, nRows);
      if (column) columns[name] = column;
    }
    return {
      nRows,
      columns,
      delayMinutes: delays.slice(0, nRows),
      source: {
        files,
        dialect: dialect.name,
        target: dialect.target,
        nRowsRead: nRead,
        rejected: rejected(),
        examples: Object.fromEntries(examples),
        remarks: Object.fromEntries(nByRemark.map((n, code) => [remarks.texts[code]!, n])),
        unused,
        notes,
      },
    };
  };

  return {
    startFile,
    append,
    exampleRows,
    placeExamples,
    reject,
    nRead: () => nRead,
    finish,
  };
};

const buildFilling = (kind: Filling['kind'], capacity: number): Filling => {
  switch (kind) {
    case 'category':
      return { kind, codes: new Int32Array(capacity).fill(-1), dictionary: buildDictionary() };
    case 'number':
      return { kind, numbers: new Float64Array(capacity).fill(Number.NaN) };
    case 'time':
      return { kind, minutes: new Float64Array(capacity).fill(Number.NaN) };
  }
};

/** The column, or undefined where every row is missing: the source does not have that field. */
const finishColumn = (filling: Filling, nRows: number): Column | undefined => {
  switch (filling.kind) {
    case 'category': {
      if (filling.dictionary.texts.length === 0) return undefined;
      const codes = filling.codes.slice(0, nRows);
      const values = sortDictionary(filling.dictionary.texts, codes, nRows);
      return { kind: 'category', codes, values };
    }
    case 'number': {
      const numbers = filling.numbers.slice(0, nRows);
      return numbers.every(Number.isNaN) ? undefined : { kind: 'number', numbers };
    }
    case 'time': {
      const minutes = filling.minutes.slice(0, nRows);
      return minutes.every(Number.isNaN) ? undefined : { kind: 'time', minutes };
    }
  }
};

const widerInt32 = (array: Int32Array, length: number): Int32Array => {
  const wider = new Int32Array(length).fill(-1, array.length);
  wider.set(array);
  return wider;
};

const widerFloat32 = (array: Float32Array, length: number): Float32Array => {
  const wider = new Float32Array(length);
  wider.set(array);
  return wider;
};

const widerFloat64 = (array: Float64Array, length: number): Float64Array => {
  const wider = new Float64Array(length).fill(Number.NaN, array.length);
  wider.set(array);
  return wider;
};
