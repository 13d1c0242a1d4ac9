/**
 * Chunks of DuckDB gathered into the columns of a table, rejected rows counted instead.
 */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import { AppError } from '../../core/errors.ts';
import type { InputKind } from '../../core/flight.ts';
import type { Column, Table } from '../../core/table.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { buildDictionary, type Dictionary, sortDictionary } from '../reading/dictionary.ts';
import { NO_MINUTES } from './projection.ts';
import { CHUNK_ROWS, doublesOf, floatsOf, intsOf, textsOf } from '../reading/vectors.ts';

type Filling =
  | { readonly kind: 'category'; codes: Int32Array; readonly dictionary: Dictionary }
  | { readonly kind: 'number'; numbers: Float64Array }
  | { readonly kind: 'time'; minutes: Float64Array };

/** A field, or a column that a model asks for by its own name. */
interface NamedKind {
  readonly name: string;
  readonly kind: InputKind;
}

interface TableBuilder {
  /** Takes the rows of a chunk whose columns are `reject`, `delayMinutes`, then these in this order. */
  readonly append: (chunk: DuckDBDataChunk, columns: readonly NamedKind[]) => void;
  /** Counts rows that never became part of a chunk. */
  readonly reject: (counts: ReadonlyMap<string, number>) => void;
  readonly nRead: () => number;
  /** @throws AppError data-unfit when no row can be used */
  readonly finish: (files: readonly string[], dialect: Dialect) => Table;
}

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

  const append = (chunk: DuckDBDataChunk, columns: readonly NamedKind[]): void => {
    const nInChunk = chunk.rowCount;
    nRead += nInChunk;
    reasons.encodeInto(textsOf(chunk.getColumnVector(0)), chunkReasons, 0);
    const nKept = sift(nInChunk);
    while (nRows + nKept > capacity) grow();
    const chunkDelays = floatsOf(chunk.getColumnVector(1));
    for (let i = 0; i < nKept; i++) delays[nRows + i] = chunkDelays[kept[i]!]!;
    columns.forEach((column, c) => {
      const filling = fillingOf(column);
      const vector = chunk.getColumnVector(2 + c);
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

  const reject = (counts: ReadonlyMap<string, number>): void => {
    for (const [reason, n] of counts) {
      nRead += n;
      rejectedLines.set(reason, (rejectedLines.get(reason) ?? 0) + n);
    }
  };

  const rejected = (): Record<string, number> => {
    const counts = new Map(rejectedLines);
    nByReason.forEach((n, code) => {
      counts.set(reasons.texts[code]!, n);
    });
    return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)));
  };

  const finish = (files: readonly string[], dialect: Dialect): Table => {
    if (nRows === 0) {
      const why = Object.entries(rejected()).map(([reason, n]) => `${n} ${reason}`);
      throw new AppError(
        'data-unfit',
        `none of the ${nRead} rows can be used: ${why.join(', ')}; flights with a known delay are expected`,
      );
    }
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
      },
    };
  };

  return { append, reject, nRead: () => nRead, finish };
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
