/**
 * Chunks of DuckDB gathered into the columns of a table, rejected rows counted instead.
 */
import type { DuckDBDataChunk } from '@duckdb/node-api';
import { PLANNED, type PlannedNames, startPlan } from '../../core/around/departure-plan.ts';
import { startRepeated } from '../../core/around/repeated-departures.ts';
import { AppError } from '../../core/errors.ts';
import type { InputKind } from '../../core/flight.ts';
import type { Column, Table } from '../../core/table.ts';
import { buildDictionary, type Dictionary, sortDictionary } from '../reading/dictionary.ts';
import { NULL_WORDS } from '../reading/source.ts';
import { CHUNK_ROWS, doublesOf, floatsOf, intsOf, textsOf } from '../reading/vectors.ts';
import type { Readings } from './flight-query.ts';
import { NO_MINUTES } from './projection.ts';
import { noneUsable, type RejectLog, startRejectLog } from './reject-log.ts';

/** A column as it is gathered; rows beyond the first `nFilled` hold nothing yet. */
type Filling =
  | {
      readonly kind: 'category';
      values: Int32Array;
      nFilled: number;
      readonly dictionary: Dictionary;
    }
  | { readonly kind: 'number' | 'time'; values: Float64Array; nFilled: number };

/** A field, or a column that a model asks for by its own name. */
export interface NamedKind {
  readonly name: string;
  readonly kind: InputKind;
}

/** What lies in a chunk: `reject`, its `detail`, `delayMinutes`, these columns in this order, then a remark or none. */
interface ChunkLayout {
  readonly columns: readonly NamedKind[];
  /** So many of the columns, the first ones, are fields. */
  readonly nFields: number;
  readonly hasRemark: boolean;
}

/** What takes the rows that are read. */
export interface FlightSink {
  /** What was not used, and why. */
  readonly log: RejectLog;
  readonly append: (chunk: DuckDBDataChunk, layout: ChunkLayout) => void;
  /** Makes room for about so many rows more, so that it need not grow. */
  readonly expect: (nRows: number) => void;
}

interface TableBuilder extends FlightSink {
  /** @throws AppError data-unfit when no row can be used */
  readonly finish: (reading: Readings) => Table;
}

/** What a table may be. */
export interface TableBounds {
  /**
   * Of more flights than this every second one is kept, then every fourth, evenly over all files; or how many may be kept
   * beside a plan of so many bytes.
   */
  readonly maxRows?: number | ((planBytes: number) => number) | undefined;
  /** Whether the plan of all departures is kept, as it is by default: it grows with the files, not with the table. */
  readonly withPlan?: boolean | undefined;
}

/** Columns for these fields; a chunk that lacks one of them leaves it missing. */
export const startTable = ({
  maxRows = Number.POSITIVE_INFINITY,
  withPlan = true,
}: TableBounds = {}): TableBuilder => {
  let nRows = 0;
  let nUsable = 0;
  let stride = 1;
  let capacity = 1 << 16;
  let delays: Float32Array = new Float32Array(capacity);
  const fillings = new Map<string, Filling>();
  const log = startRejectLog();
  const taken = new Int32Array(CHUNK_ROWS);
  const chunkCodes = new Int32Array(CHUNK_ROWS);
  /** Every row of a chunk, also those that are not used, as the plan counts it. */
  const planned = {
    ...{ origin: new Int32Array(CHUNK_ROWS), destination: new Int32Array(CHUNK_ROWS) },
    ...{ airline: new Int32Array(CHUNK_ROWS), tailNumber: new Int32Array(CHUNK_ROWS) },
    ...{ flightNumber: new Int32Array(CHUNK_ROWS), minutes: new Int32Array(CHUNK_ROWS) },
  };
  const plan = startPlan();
  const repeated = startRepeated();

  const growTo = (wanted: number): void => {
    capacity = wanted;
    delays = widerFloat32(delays, capacity);
    for (const filling of fillings.values()) {
      if (filling.kind === 'category') filling.values = widerInt32(filling.values, capacity);
      else filling.values = widerFloat64(filling.values, capacity);
    }
  };

  const fillingOf = ({ name, kind }: NamedKind): Filling => {
    const known = fillings.get(name);
    if (known) return known;
    const filling = buildFilling(kind, capacity);
    fillings.set(name, filling);
    return filling;
  };

  /** Keeps every second flight of those that are there. */
  const thin = (): void => {
    stride *= 2;
    const half = Math.ceil(nRows / 2);
    const pick = (values: Float32Array | Float64Array | Int32Array): void => {
      for (let i = 0; i < half; i++) values[i] = values[2 * i]!;
    };
    pick(delays);
    for (const filling of fillings.values()) {
      fillTo(filling, nRows);
      pick(filling.values);
      filling.nFilled = half;
    }
    nRows = half;
  };

  /** Places in the chunk of the flights that are taken: of the first `nUsable` in all, those at multiples of the stride. */
  const take = (nKept: number): number => {
    let nTaken = 0;
    for (let i = 0; i < nKept; i++)
      if (stride === 1 || (nUsable + i) % stride === 0) taken[nTaken++] = log.kept[i]!;
    return nTaken;
  };

  const append = (chunk: DuckDBDataChunk, { columns, hasRemark }: ChunkLayout): void => {
    const nUsed = log.sift(chunk, hasRemark ? 3 + columns.length : undefined);
    let nKept = take(nUsed);
    const most = typeof maxRows === 'number' ? maxRows : maxRows(plan.bytes());
    while (nRows + nKept > most) {
      thin();
      nKept = take(nUsed);
    }
    nUsable += nUsed;
    const kept = taken;
    if (nRows + nKept > capacity) growTo(2 * capacity);
    const chunkDelays = floatsOf(chunk.getColumnVector(2));
    for (let i = 0; i < nKept; i++) delays[nRows + i] = chunkDelays[kept[i]!]!;
    columns.forEach((column, c) => {
      const filling = fillingOf(column);
      fillTo(filling, nRows);
      filling.nFilled += nKept;
      const vector = chunk.getColumnVector(3 + c);
      switch (filling.kind) {
        case 'category': {
          const { name } = column;
          const rowCodes = isCounted(name) ? planned[name] : chunkCodes;
          filling.dictionary.encodeInto(textsOf(vector), rowCodes, 0);
          const { values } = filling;
          for (let i = 0; i < nKept; i++) values[nRows + i] = rowCodes[kept[i]!]!;
          break;
        }
        case 'number': {
          const from = doublesOf(vector);
          const { values } = filling;
          for (let i = 0; i < nKept; i++) values[nRows + i] = from[kept[i]!]!;
          break;
        }
        case 'time': {
          const from = intsOf(vector);
          const { values } = filling;
          for (let i = 0; i < nKept; i++) {
            const minute = from[kept[i]!]!;
            values[nRows + i] = minute === NO_MINUTES ? Number.NaN : minute;
          }
          break;
        }
      }
    });
    nRows += nKept;
    if (withPlan) countPlanned(chunk, columns);
  };

  /** Counts every row of a chunk, the cancelled ones too. */
  const countPlanned = (chunk: DuckDBDataChunk, columns: readonly NamedKind[]): void => {
    const at = columns.findIndex(({ name }) => name === 'scheduledDeparture');
    // The chunk's own memory is not written to.
    const { minutes } = planned;
    minutes.set(intsOf(chunk.getColumnVector(3 + at)).subarray(0, chunk.rowCount));
    for (const name of COUNTED)
      if (!columns.some((column) => column.name === name)) planned[name].fill(-1);
    repeated.leaveOut(planned, chunk.rowCount);
    plan.add(planned, chunk.rowCount);
  };

  const expect = (nMore: number): void => {
    const most = typeof maxRows === 'number' ? maxRows : maxRows(plan.bytes());
    const wanted = Math.ceil(Math.min(SPARE * (nRows + nMore), most));
    // What is not written to takes no memory.
    if (wanted > capacity) growTo(wanted);
  };

  const finish = ({ files, dialect, unused, notes }: Readings): Table => {
    if (nRows === 0)
      throw new AppError(
        'data-unfit',
        noneUsable(
          { nRead: log.nRead(), rejected: log.rejected(), examples: log.examples() },
          dialect.expects,
        ),
      );
    const namesOf = (name: string): readonly string[] => {
      const filling = fillings.get(name);
      return filling?.kind === 'category' ? filling.dictionary.texts : [];
    };
    const names = Object.fromEntries(PLANNED.map((name) => [name, [...namesOf(name)]]));
    const columns: Record<string, Column> = {};
    for (const [name, filling] of fillings) {
      const column = finishColumn(filling, nRows);
      if (column) columns[name] = column;
    }
    return {
      nRows,
      columns,
      delayMinutes: firstOf(delays, nRows),
      source: {
        files,
        dialect: dialect.name,
        target: dialect.target,
        nRowsRead: log.nRead(),
        rejected:
          stride === 1
            ? log.rejected()
            : {
                ...log.rejected(),
                [`passed over to stay within the memory, one in ${stride} is kept`]:
                  nUsable - nRows,
              },
        examples: log.examples(),
        remarks: log.remarks(),
        unused,
        notes: [...notes, ...repeatedNotes(repeated.count())],
      },
      surroundings: withPlan ? { plan: plan.finish(names as unknown as PlannedNames) } : {},
    };
  };

  return { log, append, expect, finish };
};

const repeatedNotes = (n: number): readonly string[] =>
  n === 0
    ? []
    : [
        `${n.toLocaleString('en')} ${n === 1 ? 'row repeats a flight' : 'rows repeat flights'} (the same airline, number, airports and departure): the plan of a day counts each flight once, every row is a flight otherwise`,
      ];

/** The rows of a text are estimated from its first lines: a little more room than that. */
const SPARE = 1.03;

/** What a plan counts, and the number that tells a flight from another. */
const COUNTED = [...PLANNED, 'flightNumber'] as const;

const isCounted = (name: string): name is (typeof COUNTED)[number] =>
  (COUNTED as readonly string[]).includes(name);

const buildFilling = (kind: Filling['kind'], capacity: number): Filling => {
  switch (kind) {
    case 'category':
      return {
        kind,
        values: new Int32Array(capacity),
        nFilled: 0,
        dictionary: buildDictionary(NULL_WORDS),
      };
    case 'number':
    case 'time':
      return { kind, values: new Float64Array(capacity), nFilled: 0 };
  }
};

/** Makes the rows missing that chunks without the column have left out. */
const fillTo = (filling: Filling, nRows: number): void => {
  if (filling.nFilled === nRows) return;
  filling.values.fill(filling.kind === 'category' ? -1 : Number.NaN, filling.nFilled, nRows);
  filling.nFilled = nRows;
};

/** The first values, without a copy where little room is left over. */
const firstOf = <A extends Int32Array | Float32Array | Float64Array>(values: A, nRows: number): A =>
  (values.length - nRows < nRows / 8 ? values.subarray(0, nRows) : values.slice(0, nRows)) as A;

/** The column, or undefined where every row is missing: the source does not have that field. */
const finishColumn = (filling: Filling, nRows: number): Column | undefined => {
  fillTo(filling, nRows);
  switch (filling.kind) {
    case 'category': {
      if (filling.dictionary.texts.length === 0) return undefined;
      const codes = firstOf(filling.values, nRows);
      const values = sortDictionary(filling.dictionary.texts, codes, nRows);
      return { kind: 'category', codes, values };
    }
    case 'number': {
      const numbers = firstOf(filling.values, nRows);
      return numbers.every(Number.isNaN) ? undefined : { kind: 'number', numbers };
    }
    case 'time': {
      const minutes = firstOf(filling.values, nRows);
      return minutes.every(Number.isNaN) ? undefined : { kind: 'time', minutes };
    }
  }
};

const widerInt32 = (array: Int32Array, length: number): Int32Array => {
  const wider = new Int32Array(length);
  wider.set(array);
  return wider;
};

const widerFloat32 = (array: Float32Array, length: number): Float32Array => {
  const wider = new Float32Array(length);
  wider.set(array);
  return wider;
};

const widerFloat64 = (array: Float64Array, length: number): Float64Array => {
  const wider = new Float64Array(length);
  wider.set(array);
  return wider;
};
