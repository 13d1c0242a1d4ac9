/**
 * Whether a record read from a file is a model that can be used: shapes agree, trees can be walked,
 * features name inputs that exist.
 */
import { type DelayShape, SHAPE_POINTS } from './delay-distribution.ts';
import { AppError } from './errors.ts';
import { buildEncoder } from './features.ts';
import { checkForest } from './forest.ts';
import { areRanges } from './known-days.ts';
import type { Calibration, Head, HeadScore, Member, Model, StackMember } from './model.ts';

/** @throws AppError model-broken */
export const checkModel = (model: Model): void => {
  try {
    check(model);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('model-broken', `the model is not complete: ${(error as Error).message}`, {
      cause: error,
    });
  }
};

const check = (model: Model): void => {
  const nInputs = model.inputs.length;
  const nHeads = model.heads.length;
  if (nHeads === 0 || model.heads[0]!.kind !== 'probability')
    broken('its first head must be a probability');
  if (new Set(model.inputs.map((input) => input.name)).size !== nInputs)
    broken('two inputs have one name');
  if (!(model.threshold >= 0 && model.threshold <= 1))
    broken('its threshold must lie between 0 and 1');
  buildEncoder(model.inputs, model.features);
  for (const feature of model.features) {
    if (feature.step === 'lookup' && feature.keys.length !== feature.numbers.length) {
      broken(
        `feature ${feature.name} has ${feature.keys.length} keys for ${feature.numbers.length} numbers`,
      );
    }
  }
  for (const head of model.heads) checkHead(head, model.features.length);
  const nProbabilities = model.heads.filter(({ kind }) => kind === 'probability').length;
  for (const { kind, score } of model.heads) {
    if (score.kind !== 'distribution') continue;
    if (kind !== 'quantile') broken('a probability is read from a distribution');
    checkShape(score.shape, nProbabilities);
  }
  const ranges = model.provenance.trainedOn?.known?.ranges;
  if (ranges !== undefined && !(Array.isArray(ranges) && areRanges(ranges)))
    broken('the days that it knows are not ranges of rising dates');
  const { nRows, raw, answers } = model.selfTest;
  if (raw.length !== nRows * nInputs || answers.length !== nRows * nHeads)
    broken('its self-test has another shape');
};

const checkHead = (head: Head, nFeatures: number): void => {
  checkScore(head.score, nFeatures);
  if (head.kind === 'probability') checkCalibration(head.calibration);
};

const WEIGHTS_SLACK = 1e-9;

const checkMean = (members: readonly Member[], nFeatures: number): void => {
  checkMembers(members, nFeatures);
  if (members.some(({ link }) => (link as string) === 'none'))
    broken('a member of a mean is no probability');
  const sum = members.reduce((total, { weight }) => total + (weight >= 0 ? weight : Number.NaN), 0);
  if (!(Math.abs(sum - 1) <= WEIGHTS_SLACK)) broken('the weights of its members do not sum to 1');
};

const checkMembers = (members: readonly StackMember[], nFeatures: number): void => {
  for (const { score, calibration } of members) {
    // A mean of means would be as deep as its file likes.
    if (['mean', 'stack', 'distribution'].includes((score as HeadScore).kind))
      broken('a member of a mean is no plain score');
    checkScore(score, nFeatures);
    checkCalibration(calibration);
  }
};

const checkScore = (score: HeadScore, nFeatures: number): void => {
  switch (score.kind) {
    case 'mean':
      checkMean(score.members, nFeatures);
      break;
    case 'stack':
      checkMembers(score.members, nFeatures);
      if (![score.intercept, ...score.members.map(({ weight }) => weight)].every(Number.isFinite))
        broken('a weight of its members is not finite');
      break;
    case 'forest':
      if (score.forest.nFeatures !== nFeatures)
        broken(`a forest asks ${score.forest.nFeatures} features of ${nFeatures}`);
      checkForest(score.forest);
      break;
    case 'linear':
      if (score.weights.length !== nFeatures)
        broken(`a score has ${score.weights.length} weights for ${nFeatures} features`);
      if (!score.weights.every(Number.isFinite) || !Number.isFinite(score.intercept))
        broken('a weight is not finite');
      break;
    case 'distribution':
      break;
    default:
      broken('a score is of an unknown kind');
  }
};

const checkShape = ({ knots, below, above }: DelayShape, nProbabilities: number): void => {
  if (
    knots.length === 0 ||
    below.length !== knots.length * SHAPE_POINTS ||
    above.length !== nProbabilities * SHAPE_POINTS
  )
    broken('the shape of its delays has another size');
  if (!below.every(Number.isFinite) || !above.every(Number.isFinite))
    broken('the shape of its delays is not finite');
  if (knots.some((knot, k) => !(k === 0 || knot > knots[k - 1]!)))
    broken('the knots of its delays do not rise');
  for (const points of [below, above])
    for (let i = 1; i < points.length; i++)
      if (i % SHAPE_POINTS !== 0 && !(points[i]! >= points[i - 1]!))
        broken('the shape of its delays falls');
};

const checkCalibration = (calibration: Calibration): void => {
  if (calibration.kind !== 'isotonic') return;
  const { from, to } = calibration;
  if (from.length !== to.length || from.length === 0) broken('its calibration has no points');
  for (let i = 0; i < from.length; i++) {
    if (!(to[i]! >= 0 && to[i]! <= 1)) broken('its calibration leaves 0 to 1');
    if (i > 0 && !(from[i]! > from[i - 1]! && to[i]! >= to[i - 1]!))
      broken('its calibration does not rise');
  }
};

const broken = (detail: string): never => {
  throw new AppError('model-broken', `the model cannot be used: ${detail}`);
};
