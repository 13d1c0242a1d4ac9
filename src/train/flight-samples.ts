/**
 * What is kept of the flights' inputs once they are bins: the baselines and what they say, how the inputs were
 * distributed, and some flights to test and to explain a model by. The matrix of all inputs, the largest piece of memory
 * that training has, is not needed after that.
 */
import type { InputShare, Model } from '../core/model.ts';
import { type FlightColumns, rawOfRows } from './flight-columns.ts';
import type { TrainingPool } from './engine/training-pool.ts';
import type { Prepared } from './preparation.ts';
import { type BaselineAnswers, buildBaselines } from './quality/baseline-model.ts';
import type { TrainOptions } from './settings.ts';

export interface FlightSamples {
  /** Climatology and logistic regression, and what they say of the test flights. */
  readonly baselines: Model;
  readonly baselineAnswers: BaselineAnswers;
  readonly shares: readonly InputShare[];
  /** float64, shape (n, nInputs): flights for the self-test. */
  readonly selfTestRaw: Float64Array;
  /** float64, shape (n, nInputs): test flights, evenly spaced. */
  readonly testRaw: Float64Array;
}

/** The distributions are found by another thread meanwhile, where there is one. */
export const takeSamples = async (
  prepared: Prepared,
  options: TrainOptions,
  pool: TrainingPool,
): Promise<FlightSamples> => {
  const { flights, known, labels, split } = prepared;
  const shares = pool.distribute(flights, known);
  const { model, answers } = buildBaselines(prepared, options);
  return {
    baselines: model,
    baselineAnswers: answers,
    shares: await shares,
    selfTestRaw: awkwardRows(flights, labels.length),
    testRaw: rawOfRows(flights, spread(split.rows.test, SAMPLE_ROWS)),
  };
};

const SELF_TEST_ROWS = 64;

/** Enough that the order of the features does not hang on the draw. */
const SAMPLE_ROWS = 5000;

/** At most so many of some rows, evenly spaced. */
const spread = (rows: Int32Array, atMost: number): Int32Array => {
  const n = Math.min(atMost, rows.length);
  return Int32Array.from({ length: n }, (_, i) => rows[Math.floor((i * rows.length) / n)]!);
};

/** Real flights, and a few with a missing, unseen or extreme value in each input in turn. */
export const awkwardRows = (flights: FlightColumns, nRows: number): Float64Array => {
  const { inputs } = flights;
  const n = Math.min(SELF_TEST_ROWS, nRows);
  const rows = rawOfRows(
    flights,
    Int32Array.from({ length: n }, (_, i) => Math.floor((i * nRows) / n)),
  );
  for (let i = 1; i < n; i += 2) {
    const input = (i >> 1) % inputs.length;
    rows[i * inputs.length + input] =
      inputs[input]!.kind === 'number' && i % 4 === 3 ? 1e9 : Number.NaN;
  }
  return rows;
};
