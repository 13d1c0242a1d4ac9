/**
 * Scoring as functions that SQL can call, and the counts of what they saw.
 * Stands between `scan`, which writes the SQL, and `scoring`.
 */
import {
  ARRAY,
  DOUBLE,
  DuckDBArrayVector,
  type DuckDBDataChunk,
  DuckDBDoubleVector,
  DuckDBScalarFunction,
  type DuckDBType,
  type DuckDBVector,
  INTEGER,
  VARCHAR,
} from '@duckdb/node-api';
import type { Input } from '../core/inputs.ts';
import type { Database } from './database.ts';
import { buildDictionary } from './dictionary.ts';
import { buildColumnReader } from './raw.ts';
import { BLOCK_ROWS, type Block, type Scoring } from './scoring.ts';
import { intsOf, textsOf } from './vectors.ts';

interface ScoreOptions {
  readonly inputs: readonly Input[];
  readonly outputs: readonly unknown[];
  readonly scoring: Scoring;
  readonly onRows?: (nRows: number) => void;
}

interface Counts {
  /** What a function threw: the database only hands on that one did. */
  readonly failure: () => unknown;
  readonly report: () => {
    readonly nRead: number;
    readonly nScored: number;
    readonly unscored: Readonly<Record<string, number>>;
    readonly unknown: Readonly<Record<string, number>>;
  };
}

const TYPES = { category: VARCHAR, number: DOUBLE, time: INTEGER } as const;

/** A block under way: which of its rows can not be scored, as codes of reasons, -1 for those that can. */
interface Ticket {
  readonly block: Block;
  readonly reasons: Int32Array;
  nRows: number;
}

/**
 * Makes two functions known to the database: `begun(reason, inputs...)` hands rows to be scored and returns a ticket,
 * `answers_of(ticket)` waits for them. Between the two calls of one thread of the database, others begin theirs: that
 * is how blocks come to be scored side by side although all calls are made on this one thread.
 * The counts are whole once the query is.
 */
export const registerScore = ({ connection }: Database, options: ScoreOptions): Counts => {
  const { inputs, outputs, scoring, onRows } = options;
  const nInputs = inputs.length;
  const nOutputs = outputs.length;
  const readers = inputs.map(buildColumnReader);
  const reasons = buildDictionary();
  const nByReason: number[] = [];
  const nUnknown = new Array<number>(nInputs).fill(0);
  const tickets: Ticket[] = [];
  const free: number[] = [];
  let failure: unknown;
  let nRead = 0;
  let nScored = 0;

  const takeTicket = (): number =>
    free.pop() ??
    tickets.push({
      block: scoring.buildBlock(),
      reasons: new Int32Array(BLOCK_ROWS),
      nRows: 0,
    }) - 1;

  const begin = (chunk: DuckDBDataChunk, result: Int32Array): void => {
    const number = takeTicket();
    const ticket = tickets[number]!;
    const { raw } = ticket.block;
    ticket.nRows = chunk.rowCount;
    reasons.encodeInto(textsOf(chunk.getColumnVector(0)), ticket.reasons, 0);
    for (let i = 0; i < nInputs; i++) {
      nUnknown[i]! += readers[i]!(chunk, 1 + i, raw, i, nInputs);
    }
    scoring.begin(ticket.block, ticket.nRows);
    result.fill(number);
  };

  const finish = (chunk: DuckDBDataChunk, out: Float64Array): void => {
    const number = intsOf(chunk.getColumnVector(0))[0]!;
    const { block, nRows, reasons: codes } = tickets[number]!;
    scoring.finish(block);
    out.set(block.out.subarray(0, nRows * nOutputs));
    for (let row = 0; row < nRows; row++) {
      const reason = codes[row]!;
      if (reason < 0) {
        nScored++;
        continue;
      }
      nByReason[reason] = (nByReason[reason] ?? 0) + 1;
      out.fill(Number.NaN, row * nOutputs, (row + 1) * nOutputs);
    }
    free.push(number);
    nRead += nRows;
    onRows?.(nRead);
  };

  const register = (
    name: string,
    parameterTypes: readonly DuckDBType[],
    returnType: DuckDBType,
    run: (chunk: DuckDBDataChunk, result: DuckDBVector) => void,
  ): void => {
    connection.registerScalarFunction(
      DuckDBScalarFunction.create({
        name,
        parameterTypes,
        returnType,
        volatile: true,
        mainFunction: (call, chunk, result) => {
          try {
            run(chunk, result);
            result.flush();
          } catch (error) {
            failure ??= error;
            call.setError('the scoring failed');
          }
        },
      }),
    );
  };
  register(
    'begun',
    [VARCHAR, ...inputs.map((input) => TYPES[input.kind])],
    INTEGER,
    (chunk, result) => begin(chunk, intsOf(result)),
  );
  register('answers_of', [INTEGER], ARRAY(DOUBLE, nOutputs), (chunk, result) =>
    finish(chunk, numbersOf(result)),
  );

  return {
    failure: () => failure,
    report: () => ({
      nRead,
      nScored,
      unscored: Object.fromEntries(nByReason.map((n, reason) => [reasons.texts[reason]!, n])),
      unknown: Object.fromEntries(
        inputs.flatMap((input, i) => (nUnknown[i]! > 0 ? [[input.name, nUnknown[i]!]] : [])),
      ),
    }),
  };
};

/** The memory of an array column of doubles: row-major. */
const numbersOf = (vector: DuckDBVector): Float64Array => {
  const child = vector instanceof DuckDBArrayVector ? vector['childData'] : undefined;
  if (!(child instanceof DuckDBDoubleVector)) throw new TypeError('an array of DOUBLE is expected');
  return child['items'];
};
