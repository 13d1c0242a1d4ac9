/**
 * Partial dependence: the mean probability that a model gives a sample of flights when one input of all of them is set to
 * one value, value by value. It shows what the model does with an input, not what the input does to flights.
 * @source Friedman, Greedy function approximation: a gradient boosting machine (2001), section 8.2
 */
import { encodeTime } from '../core/flight.ts';
import { inputsOf } from '../core/features.ts';
import type { Input } from '../core/inputs.ts';
import { firstHeadOf, type Model } from '../core/model.ts';
import { compilePredictor } from '../predict/compile.ts';
import type { FeatureImportance } from './importance.ts';

export interface PartialDependence {
  readonly input: string;
  /** Of a time: its hour of the day, to which all times of a flight are moved together. */
  readonly kind: Input['kind'];
  readonly unit?: string;
  readonly points: readonly {
    /** The value: a category's name, a number, an hour. */
    readonly at: string | number;
    /** Mean over the sample, 0 to 1. */
    readonly probability: number;
  }[];
}

const N_INPUTS = 4;
const MAX_ROWS = 500;
const MAX_VALUES = 12;
const N_NUMBERS = 20;
const MINUTES_PER_HOUR = 60;

/**
 * Of the four inputs that move the answers most, strongest first, of those that have more than one value.
 * @param raw float64, shape (n, nInputs): flights, of which at most 500 are used, evenly spaced
 * @cost about 40,000 predictions
 */
export const partialDependenceOf = (
  model: Model,
  importance: readonly FeatureImportance[],
  raw: Float64Array,
): readonly PartialDependence[] => {
  const sample = thinned(raw, model.inputs.length);
  if (sample.length === 0) return [];
  const meanOf = buildMean(model);
  const shown: PartialDependence[] = [];
  for (const place of byStrength(model, importance)) {
    const input = model.inputs[place]!;
    const points = pointsOf(model.inputs, place, sample);
    // One value says nothing of what another would do.
    if (points.length < 2) continue;
    shown.push({
      input: input.name,
      kind: input.kind,
      ...(input.unit === undefined ? {} : { unit: input.unit }),
      points: points.map(({ at, rows }) => ({ at, probability: meanOf(rows) })),
    });
    if (shown.length === N_INPUTS) break;
  }
  return shown;
};

const thinned = (raw: Float64Array, nInputs: number): Float64Array => {
  const nRows = raw.length / nInputs;
  const n = Math.min(MAX_ROWS, nRows);
  const sample = new Float64Array(n * nInputs);
  for (let i = 0; i < n; i++) {
    const from = Math.floor((i * nRows) / n) * nInputs;
    sample.set(raw.subarray(from, from + nInputs), i * nInputs);
  }
  return sample;
};

/** The mean of a model's first answer over rows. */
const buildMean = (model: Model): ((rows: Float64Array) => number) => {
  const selfTest = { nRows: 0, raw: new Float64Array(0), answers: new Float64Array(0) };
  const predictor = compilePredictor({ ...model, heads: [firstHeadOf(model)], selfTest });
  const out = new Float64Array(MAX_ROWS);
  return (rows) => {
    const nRows = rows.length / model.inputs.length;
    predictor.predictInto(rows, nRows, out);
    let sum = 0;
    for (let row = 0; row < nRows; row++) sum += out[row]!;
    return sum / nRows;
  };
};

/** Places of the inputs whose features move the answer, most first; a feature of several inputs counts for each of them in part. */
const byStrength = (
  { inputs, features }: Model,
  importance: readonly FeatureImportance[],
): readonly number[] => {
  const moved = new Map(importance.map(({ feature, meanAbsolute }) => [feature, meanAbsolute]));
  const sums = new Float64Array(inputs.length);
  // Times move together: the first of them stands for all.
  const firstTime = inputs.findIndex(({ kind }) => kind === 'time');
  for (const feature of features) {
    const places = inputsOf(feature).map((name) => {
      const place = inputs.findIndex((input) => input.name === name);
      return inputs[place]?.kind === 'time' ? firstTime : place;
    });
    const distinct = [...new Set(places)].filter((place) => place >= 0);
    for (const place of distinct) sums[place]! += (moved.get(feature.name) ?? 0) / distinct.length;
  }
  return [...sums.keys()].filter((place) => sums[place]! > 0).sort((a, b) => sums[b]! - sums[a]!);
};

interface Point {
  readonly at: string | number;
  readonly rows: Float64Array;
}

const pointsOf = (
  inputs: readonly Input[],
  place: number,
  sample: Float64Array,
): readonly Point[] => {
  const input = inputs[place]!;
  const nInputs = inputs.length;
  const known: number[] = [];
  for (let at = place; at < sample.length; at += nInputs)
    if (!Number.isNaN(sample[at])) known.push(sample[at]!);
  const withValue = (value: number): Float64Array => {
    const rows = sample.slice();
    for (let at = place; at < rows.length; at += nInputs) rows[at] = value;
    return rows;
  };
  switch (input.kind) {
    case 'category':
      return frequent(known).map((code) => ({
        at: input.values?.[code] ?? String(code),
        rows: withValue(code),
      }));
    case 'number':
      return quantilesOf(known).map((value) => ({ at: value, rows: withValue(value) }));
    case 'time': {
      const hours = known.map(hourOf);
      const [first, last] = [Math.min(...hours), Math.max(...hours)];
      const times = inputs.flatMap(({ kind }, i) => (kind === 'time' ? [i] : []));
      return Array.from({ length: known.length === 0 ? 0 : last - first + 1 }, (_, i) => {
        const rows = sample.slice();
        for (let at = 0; at < rows.length; at += nInputs) {
          const own = rows[at + place]!;
          const shift = Number.isNaN(own) ? 0 : (first + i - hourOf(own)) * MINUTES_PER_HOUR;
          for (const time of times) rows[at + time]! += shift;
        }
        return { at: first + i, rows };
      });
    }
  }
};

const hourOf = (minutes: number): number => Number(encodeTime(minutes).slice(11, 13));

/** The codes seen most often, most frequent first. */
const frequent = (codes: readonly number[]): readonly number[] => {
  const counts = new Map<number, number>();
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts]
    .sort(([a, n], [b, m]) => m - n || a - b)
    .slice(0, MAX_VALUES)
    .map(([code]) => code);
};

/** Distinct numbers from the 2.5th to the 97.5th percentile. */
const quantilesOf = (numbers: readonly number[]): readonly number[] => {
  if (numbers.length === 0) return [];
  const sorted = [...numbers].sort((a, b) => a - b);
  const picked = Array.from(
    { length: N_NUMBERS },
    (_, i) => sorted[Math.floor(((i + 0.5) / N_NUMBERS) * sorted.length)]!,
  );
  return [...new Set(picked)];
};
