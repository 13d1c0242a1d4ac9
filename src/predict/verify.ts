/**
 * The check that a compiled predictor passes before it may serve: the model's own self-test, the right bin for every
 * threshold and the numbers beside it, and the reference's bits on rows that sit on the edges of its inputs.
 */
import { AppError } from '../core/errors.ts';
import type { Model } from '../core/model.ts';
import { binsOf, type Column } from './columns.ts';
import type { Predictor } from './predictor.ts';
import { buildReferencePredictor, scoreOf } from './reference.ts';
import { BATCH_ROWS, type Scorer, type Search } from './scorer.ts';

/** The self-test's answers may come from another machine, whose exponential may round differently. */
const SELF_TEST_TOLERANCE = 1e-12;
/** Rows of inputs, and rows of features, that are answered by the reference too. */
const INPUT_ROWS = 16;
const FEATURE_ROWS = 32;

/** @throws AppError model-unfit */
export const verify = (predictor: Predictor, scorer: Scorer): void => {
  verifySelfTest(predictor);
  verifyInputs(predictor);
  if (!scorer.search) return;
  const { model } = predictor;
  const probes = probesOf(model.features.length, scorer.search.columns);
  verifyBins(model, scorer, scorer.search, probes);
  verifyScores(model, scorer, probes);
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

const verifyInputs = (predictor: Predictor): void => {
  const { model } = predictor;
  const raw = inputRows(model);
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
const inputRows = (model: Model): Float64Array => {
  const nRows = INPUT_ROWS;
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
 * Every probe of every feature through the emitted search. What follows the search knows bins only, so this is
 * where a threshold and its neighbours can go wrong.
 * @cost O(probes)
 */
const verifyBins = (
  model: Model,
  { features }: Scorer,
  { columns, bins, findBins }: Search,
  probes: readonly Float64Array[],
): void => {
  const nFeatures = model.features.length;
  const expected = columns.map((column) => binsOf(column, probes[column.feature]!));
  const longest = probes.reduce((max, probe) => Math.max(max, probe.length), 0);
  for (let from = 0; from < longest; from += BATCH_ROWS) {
    const nRows = Math.min(BATCH_ROWS, longest - from);
    for (let f = 0; f < nFeatures; f++) {
      const probe = probes[f]!;
      const end = Math.min(nRows, probe.length - from);
      for (let row = 0; row < end; row++) features[row * nFeatures + f] = probe[from + row]!;
    }
    findBins(nRows);
    for (let c = 0; c < columns.length; c++) {
      const { feature } = columns[c]!;
      const own = expected[c]!;
      const end = Math.min(nRows, own.length - from);
      for (let row = 0; row < end; row++) {
        const bin = bins[row * columns.length + c]!;
        if (bin === own[from + row]) continue;
        throw new AppError(
          'model-unfit',
          `${model.name} compiled takes ${probes[feature]![from + row]} of feature ${feature} for bin ${bin} where its definition says ${own[from + row]}`,
        );
      }
    }
  }
};

/** A prime, so that a row of probes mixes low thresholds of one feature with high ones of another. */
const STRIDE = 7919;

/** Rows of probes through the whole scorer and through the reference. */
const verifyScores = (model: Model, scorer: Scorer, probes: readonly Float64Array[]): void => {
  const nFeatures = model.features.length;
  const { features, scores } = scorer;
  for (let f = 0; f < nFeatures; f++) {
    const probe = probes[f]!;
    for (let row = 0; row < FEATURE_ROWS; row++)
      features[row * nFeatures + f] = probe[(STRIDE * (row + 1) * (f + 1)) % probe.length]!;
  }
  scorer.score(FEATURE_ROWS);
  model.heads.forEach((head, h) => {
    for (let row = 0; row < FEATURE_ROWS; row++) {
      const expected = scoreOf(head.score, features, row * nFeatures);
      const actual = scores[row * model.heads.length + h]!;
      if (!Object.is(actual, expected)) {
        throw new AppError(
          'model-unfit',
          `${model.name} compiled scores ${actual} at a threshold where its definition scores ${expected}`,
        );
      }
    }
  });
};

/** By feature: odd numbers, and what `addProbes` adds for each column of it. */
const probesOf = (nFeatures: number, columns: readonly Column[]): readonly Float64Array[] => {
  const probes = Array.from({ length: nFeatures }, () => [...NUMBERS]);
  for (const column of columns) addProbes(column, probes[column.feature]!);
  return probes.map((probe) => Float64Array.from(probe));
};

/** The thresholds of a column with their neighbours, or its codes and those beside them. */
const addProbes = ({ edges, kind, nCodes }: Column, probes: number[]): void => {
  for (let i = 0; i < edges.length; i++) {
    const edge = edges[i]!;
    probes.push(beside(edge, -1), edge, beside(edge, 1));
  }
  if (kind === 'numeric') return;
  for (let code = -1; code <= nCodes; code++) probes.push(code, code + 0.5);
};

const number = new Float64Array(1);
const words = new Uint32Array(number.buffer);

/** The next number above (or below) in float64. */
export const beside = (value: number, step: 1 | -1): number => {
  if (!Number.isFinite(value)) return value;
  if (value === 0) return step * Number.MIN_VALUE;
  number[0] = value;
  const low = words[0]!;
  if (value > 0 === step > 0) {
    words[0] = low + 1;
    if (low === 0xffff_ffff) words[1] = words[1]! + 1;
  } else {
    words[0] = low - 1;
    if (low === 0) words[1] = words[1]! - 1;
  }
  return number[0]!;
};
