/**
 * The check that a compiled predictor passes before it may serve: the model's own self-test,
 * and the reference's bits on rows that sit on the edges of its inputs.
 * Stands beside `compile`, which calls it once per load.
 */
import { AppError } from '../core/errors.ts';
import type { Model } from '../core/model.ts';
import type { Predictor } from './predictor.ts';
import { buildReferencePredictor } from './reference.ts';

/** The self-test's answers may come from another machine, whose exponential may round differently. */
const SELF_TEST_TOLERANCE = 1e-12;

/** @throws AppError model-unfit */
export const verify = (predictor: Predictor): void => {
  verifySelfTest(predictor);
  verifyEdges(predictor);
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
