/**
 * What is kept of the flights' inputs once they are bins: the baselines and what they say, how the inputs were
 * distributed, and some flights to test and to explain a model by. The matrix of all inputs, the largest piece of memory
 * that training has, is not needed after that.
 */
import { buildEncoder } from '../core/features.ts';
import type { Input } from '../core/inputs.ts';
import { sigmoid } from '../core/logistic.ts';
import type { InputShare, Model } from '../core/model.ts';
import { walkForest } from './growing/tree.ts';
import type { Prepared } from './preparation.ts';
import { buildBaselines } from './quality/baseline-model.ts';
import { distributionsOf } from './quality/input-distribution.ts';
import type { TrainOptions } from './settings.ts';

export interface FlightSamples {
  /** Climatology and logistic regression, and what they say of the test flights. */
  readonly baselines: Model;
  readonly baselineAnswers: Readonly<Record<'climatology' | 'logistic', Float64Array>>;
  readonly shares: readonly InputShare[];
  /** float64, shape (n, nInputs): flights for the self-test. */
  readonly selfTestRaw: Float64Array;
  /** float64, shape (n, nInputs): test flights, evenly spaced. */
  readonly testRaw: Float64Array;
}

export const takeSamples = (prepared: Prepared, options: TrainOptions): FlightSamples => {
  const { inputs, raw, known, labels, split } = prepared;
  const baselines = buildBaselines(prepared, options);
  return {
    baselines,
    baselineAnswers: baselineAnswers(baselines, prepared),
    shares: distributionsOf(inputs, raw, known),
    selfTestRaw: awkwardRows(inputs, raw, labels.length),
    testRaw: sampleOf(raw, inputs.length, split.rows.test),
  };
};

const SELF_TEST_ROWS = 64;

/** Enough that the order of the features does not hang on the draw. */
const SAMPLE_ROWS = 5000;

const sampleOf = (raw: Float64Array, nInputs: number, rows: Int32Array): Float64Array => {
  const n = Math.min(SAMPLE_ROWS, rows.length);
  const sample = new Float64Array(n * nInputs);
  for (let i = 0; i < n; i++) {
    const from = rows[Math.floor((i * rows.length) / n)]! * nInputs;
    sample.set(raw.subarray(from, from + nInputs), i * nInputs);
  }
  return sample;
};

/** What the baselines say of the test flights. */
export const baselineAnswers = (
  baselines: Model,
  { raw, split }: Prepared,
): Readonly<Record<'climatology' | 'logistic', Float64Array>> => {
  const rows = split.rows.test;
  const ask = (answer: (features: Float64Array) => number): Float64Array => {
    const encode = buildEncoder(baselines.inputs, baselines.features);
    const features = new Float64Array(baselines.features.length);
    return Float64Array.from(rows, (row) => {
      encode(raw, row * baselines.inputs.length, features, 0);
      return sigmoid(answer(features));
    });
  };
  const { score } = baselines.heads[1]!;
  const forest = (score as typeof score & { kind: 'forest' }).forest;
  return {
    climatology: ask((features) => features.at(-1)!),
    logistic: ask((features) => walkForest(forest, features)),
  };
};

/** Real flights, and a few with a missing, unseen or extreme value in each input in turn. */
export const awkwardRows = (
  inputs: readonly Input[],
  raw: Float64Array,
  nRows: number,
): Float64Array => {
  const n = Math.min(SELF_TEST_ROWS, nRows);
  const rows = new Float64Array(n * inputs.length);
  for (let i = 0; i < n; i++) {
    const from = Math.floor((i * nRows) / n) * inputs.length;
    rows.set(raw.subarray(from, from + inputs.length), i * inputs.length);
    if (i % 2 === 1) {
      const input = (i >> 1) % inputs.length;
      rows[i * inputs.length + input] =
        inputs[input]!.kind === 'number' && i % 4 === 3 ? 1e9 : Number.NaN;
    }
  }
  return rows;
};
