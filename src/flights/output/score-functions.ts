/**
 * Scoring as functions that SQL can call, and the counts of what they saw.
 */
import {
  BOOLEAN,
  DOUBLE,
  type DuckDBDataChunk,
  DuckDBScalarFunction,
  type DuckDBType,
  type DuckDBVector,
  INTEGER,
  STRUCT,
  VARCHAR,
} from '@duckdb/node-api';
import type { Input } from '../../core/inputs.ts';
import { buildCompletion } from '../../core/around/completion.ts';
import type { Surroundings } from '../../core/around/surroundings.ts';
import type { Database } from '../database.ts';
import { buildDictionary } from '../reading/dictionary.ts';
import {
  booleansOf,
  CHUNK_ROWS,
  doublesOf,
  entriesOf,
  intsOf,
  setMissing,
  textsOf,
} from '../reading/vectors.ts';
import { buildColumnReader } from './model-inputs.ts';
import type { Block, Scoring } from './scoring.ts';

export interface Output {
  readonly name: string;
  /** A boolean is true where its number is not 0. */
  readonly kind: 'number' | 'boolean';
}

/** Under this name `answers_of` hands on an output. */
export const answerName = (output: number): string => `answer${output}`;

interface ScoreOptions {
  readonly inputs: readonly Input[];
  readonly outputs: readonly Output[];
  readonly scoring: Scoring;
  readonly surroundings?: Surroundings | undefined;
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
const ANSWER_TYPES = { number: DOUBLE, boolean: BOOLEAN } as const;

/** A block under way: which of its rows cannot be scored, as codes of reasons, -1 for those that can. */
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
  const { inputs, outputs, scoring, onRows, surroundings = {} } = options;
  const nInputs = inputs.length;
  const complete = buildCompletion(inputs, surroundings);
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
      reasons: new Int32Array(CHUNK_ROWS),
      nRows: 0,
    }) - 1;

  const begin = (chunk: DuckDBDataChunk, result: Int32Array): void => {
    const number = takeTicket();
    const ticket = tickets[number]!;
    const { raw } = ticket.block;
    ticket.nRows = chunk.rowCount;
    reasons.encodeInto(textsOf(chunk.getColumnVector(0)), ticket.reasons, 0);
    for (let i = 0; i < nInputs; i++) {
      nUnknown[i]! += readers[i]!(chunk, { column: 1 + i, raw, at: i, stride: nInputs });
    }
    complete?.(raw, 0, ticket.nRows);
    scoring.begin(ticket.block, ticket.nRows);
    result.fill(number);
  };

  const present = new Uint32Array(CHUNK_ROWS / 32);
  const fillAnswer = (
    { kind }: Output,
    numbers: Float64Array,
    codes: Int32Array,
    answer: DuckDBVector,
  ): void => {
    const nRows = numbers.length;
    let isWhole = true;
    present.fill(0xffff_ffff);
    for (let row = 0; row < nRows; row++) {
      if (codes[row]! < 0 && !Number.isNaN(numbers[row]!)) continue;
      isWhole = false;
      present[row >>> 5]! &= ~(1 << (row & 31));
    }
    if (kind === 'number') doublesOf(answer).set(numbers);
    else {
      const booleans = booleansOf(answer);
      for (let row = 0; row < nRows; row++) booleans[row] = numbers[row] === 0 ? 0 : 1;
    }
    if (!isWhole) setMissing(answer, present);
  };

  const finish = (chunk: DuckDBDataChunk, answers: readonly DuckDBVector[]): void => {
    const number = intsOf(chunk.getColumnVector(0))[0]!;
    const { block, nRows, reasons: codes } = tickets[number]!;
    scoring.finish(block);
    outputs.forEach((output, o) => {
      const from = o * CHUNK_ROWS;
      fillAnswer(output, block.out.subarray(from, from + nRows), codes, answers[o]!);
    });
    for (let row = 0; row < nRows; row++) {
      const reason = codes[row]!;
      if (reason < 0) nScored++;
      else nByReason[reason] = (nByReason[reason] ?? 0) + 1;
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
  const types = outputs.map(({ kind }, o) => [answerName(o), ANSWER_TYPES[kind]] as const);
  register('answers_of', [INTEGER], STRUCT(Object.fromEntries(types)), (chunk, result) =>
    finish(chunk, entriesOf(result)),
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
