/**
 * The check that a compiled predictor passes before it may serve: the model's own self-test,
 * and the reference's bits on rows that sit on the edges of its inputs.
 * Stands beside `compile`, which calls it once per load.
 */
import { AppError } from '../core/errors.ts';
import type { Model } from '../core/model.ts';
import type { Predictor } from './predictor.ts';
import { buildReferencePredictor, scoreOf } from './reference.ts';
import { BLOCK_ROWS, type Scorer } from './scorer.ts';

/** The self-test's answers may come from another machine, whose exponential may round differently. */
const SELF_TEST_TOLERANCE = 1e-12;

/** @throws AppError model-unfit */
export const verify = (predictor: Predictor, scorer: Scorer): void => {
  verifySelfTest(predictor);
  verifyEdges(predictor);
  verifyThresholds(predictor.model, scorer);
};

const verifySelfTest = (predictor: Predictor): void => {
  const { name, heads, selfTest } = predictor.model;
  const answers = new Float64Array(selfTest.answers.length);
  predictor.predictInto(selfTest.raw, selfTest.nRows, answers);
  for (let i = 0; i < answers.length; i++) {
    const [actual, expected] = [answers[i]!, selfTest.answers[i]!];
    if (!(Math.abs(actual - expected) <= SELF_TEST_TOLERANCE * Math.max(1, Math.abs(expected)))) {
      throw new AppError(
        'model-unfit',
        `${name} failed its self-test: flight ${Math.floor(i / heads.length)}, answer ${i % heads.length} is ${actual}, ${expected} was expected`,
      );
    }
  }
};

const verifyEdges = (predictor: Predictor): void => {
  const { model } = predictor;
  const raw = edgeRows(model);
  const nRows = raw.length / Math.max(1, model.inputs.length);
  const [fast, slow] = [
    new Float64Array(nRows * model.heads.length),
    new Float64Array(nRows * model.heads.length),
  ];
  predictor.predictInto(raw, nRows, fast);
  buildReferencePredictor(model).predictInto(raw, nRows, slow);
  for (let i = 0; i < slow.length; i++) {
    if (!Object.is(fast[i], slow[i])) {
      throw new AppError(
        'model-unfit',
        `${model.name} compiled gives ${fast[i]} where its definition gives ${slow[i]}`,
      );
    }
  }
};

const NUMBERS = [Number.NaN, 0, -0, 1, -1, 0.5, Infinity, -Infinity, 1e300, -1e300, 5e-324, 1e-36];
const NOON_2013_MINUTES = 22_618_800;

/** Rows whose inputs are missing, unseen, extreme, and each known category in turn. */
const edgeRows = (model: Model): Float64Array => {
  const nRows = 64;
  const raw = new Float64Array(nRows * model.inputs.length);
  model.inputs.forEach((input, i) => {
    for (let row = 0; row < nRows; row++) {
      const turn = row * (2 * i + 1) + i;
      raw[row * model.inputs.length + i] =
        input.kind === 'category'
          ? categoryAt(turn, input.values?.length ?? 0)
          : input.kind === 'time'
            ? row % 16 === 15
              ? Number.NaN
              : NOON_2013_MINUTES + turn * 4567
            : row % 2 === 0
              ? NUMBERS[turn % NUMBERS.length]!
              : turn * 37.5;
    }
  });
  return raw;
};

const categoryAt = (turn: number, nValues: number): number => {
  const code = turn % (nValues + 1);
  return code === nValues ? Number.NaN : code;
};

/**
 * Scores rows of features that lie on thresholds, and on the two numbers beside each, together with
 * missing, infinite, zero and unseen ones. Every feature walks through its own list, so a row probes all.
 * @cost at most BLOCK_ROWS rows through the reference
 */
const verifyThresholds = (model: Model, scorer: Scorer): void => {
  const nFeatures = model.features.length;
  const probes = probesOf(model);
  const longest = probes.reduce((most, probe) => Math.max(most, probe.length), 1);
  const nRows = Math.min(BLOCK_ROWS, longest);
  for (let f = 0; f < nFeatures; f++) {
    const probe = probes[f]!;
    const stride = Math.max(1, Math.ceil(probe.length / nRows));
    for (let row = 0; row < nRows; row++)
      scorer.features[row * nFeatures + f] = probe[(row * stride + (row % stride)) % probe.length]!;
  }
  scorer.score(nRows);
  model.heads.forEach((head, h) => {
    for (let row = 0; row < nRows; row++) {
      const expected = scoreOf(head.score, scorer.features, row * nFeatures);
      const actual = scorer.scores[row * model.heads.length + h]!;
      if (!Object.is(actual, expected)) {
        throw new AppError(
          'model-unfit',
          `${model.name} compiled scores ${actual} at a threshold where its definition scores ${expected}`,
        );
      }
    }
  });
};

/** Thresholds of one feature that are kept: far more than rows are scored, far fewer than a huge forest has. */
const MOST_PROBES = 4096;

/** Per feature: its thresholds with their neighbours, its codes and one past them, and odd numbers. */
const probesOf = (model: Model): readonly Float64Array[] => {
  const found = model.features.map(() => new Set<number>(NUMBERS));
  for (const { score } of model.heads) {
    if (score.kind !== 'forest') continue;
    const { forest } = score;
    for (let node = 0; node < forest.feature.length; node++) {
      const set = found[forest.feature[node]!];
      if (!set || set.size >= MOST_PROBES) continue;
      if (forest.categoryStart[node]! >= 0) set.add(forest.categoryWords[node]! * 32);
      else set.add(forest.threshold[node]!);
    }
  }
  return found.map((set) => {
    const probe = new Float64Array(set.size * 3);
    let at = 0;
    for (const value of set) {
      probe[at++] = value;
      probe[at++] = beside(value, 1);
      probe[at++] = beside(value, -1);
    }
    return probe;
  });
};

const bits = new BigInt64Array(1);
const number = new Float64Array(bits.buffer);

/** The next number above (or below) in float64. */
export const beside = (value: number, step: 1 | -1): number => {
  if (!Number.isFinite(value)) return value;
  if (value === 0) return step * Number.MIN_VALUE;
  number[0] = value;
  bits[0] = bits[0]! + BigInt(value > 0 ? step : -step);
  return number[0]!;
};
