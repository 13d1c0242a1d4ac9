/**
 * One calibrated classifier of scikit-learn: the estimator's score through a sigmoid (Platt) or an isotonic curve.
 * @source sklearn/calibration.py (_CalibratedClassifier), sklearn/isotonic.py (_transform)
 */
import type { Calibration, Member, PlainScore } from '../../core/model.ts';
import { arrayNumbers } from '../pickle/numpy.ts';
import {
  attributeOf,
  broken,
  needAttribute,
  needItems,
  needNumber,
  needObject,
  type PyObject,
  unsupported,
} from '../pickle/python-values.ts';
import type { FittedModel } from './estimator.ts';

/** @param kind what the estimator is called, for a refusal */
export const calibrate = (answer: FittedModel, calibrated: PyObject, kind: string): FittedModel => {
  const [member] = answer.members;
  if (!member || answer.members.length > 1 || member.calibration.kind !== 'none')
    throw unsupported(`a CalibratedClassifierCV over a ${kind} is not supported`);
  // `calibrators_` before 0.24.
  const calibrators = needItems(
    attributeOf(calibrated, 'calibrators') ?? needAttribute(calibrated, 'calibrators_'),
    'its calibrators',
  );
  if (calibrators.length !== 1) throw broken(`it has ${calibrators.length} calibrators`);
  const calibrator = needObject(calibrators[0], 'a calibrator');
  const { columns, derivedColumns, classes, acceptsMissing, decision, notes } = answer;
  const { acceptsAnyNumber = false } = answer;
  return {
    columns,
    derivedColumns,
    classes,
    acceptsMissing,
    acceptsAnyNumber,
    ...(notes && { notes }),
    members: [calibratedMember(inDouble(member), calibrator, decision)],
  };
};

/** A calibration computes in double precision, whatever it is given. */
const inDouble = (member: Member): Member => {
  if (member.link !== 'logistic32' || member.score.kind !== 'linear') return member;
  const { weights, intercept } = member.score;
  return { ...member, link: 'logistic', score: { kind: 'linear', weights, intercept } };
};

const calibratedMember = (
  member: Member,
  calibrator: PyObject,
  decision: FittedModel['decision'],
): Member => {
  switch (calibrator.name) {
    case 'sklearn.calibration._SigmoidCalibration': {
      const slope = -needNumber(needAttribute(calibrator, 'a_'), 'a calibrator');
      const shift = -needNumber(needAttribute(calibrator, 'b_'), 'a calibrator');
      if (!decision && member.link === 'logistic')
        return { ...member, calibration: { kind: 'sigmoid', a: slope, b: shift } };
      const score = lineOver(lineOver(member.score, decision), { slope, shift });
      return { ...member, score, link: 'logistic' };
    }
    case 'sklearn.isotonic.IsotonicRegression':
      return {
        ...member,
        score: lineOver(member.score, decision),
        link: decision ? 'identity' : member.link,
        calibration: stepsOf(calibrator),
      };
    default:
      throw unsupported(
        `a calibration by ${calibrator.name.slice(0, 80)} is not supported; method='sigmoid' and 'isotonic' are`,
      );
  }
};

/** slope * score + shift, as a score; the score itself where nothing is said. */
export const lineOver = (
  score: PlainScore,
  { slope, shift }: NonNullable<FittedModel['decision']> = { slope: 1, shift: 0 },
): PlainScore => {
  if (slope === 1 && shift === 0) return score;
  if (score.kind === 'linear')
    return {
      ...score,
      weights: score.weights.map((weight) => weight * slope),
      intercept: score.intercept * slope + shift,
    };
  const { forest } = score;
  const base = forest.base * slope + shift;
  return { kind: 'forest', forest: { ...forest, base, scale: forest.scale * slope } };
};

const stepsOf = (calibrator: PyObject): Calibration => {
  if (attributeOf(calibrator, 'out_of_bounds') !== 'clip')
    throw unsupported('an isotonic calibration that has no answer beyond its points');
  // `_necessary_X_` and `_necessary_y_` before 0.24.
  const points = (name: string, before: string): Float64Array =>
    arrayNumbers(
      attributeOf(calibrator, before) ?? needAttribute(calibrator, name),
      "a calibrator's points",
    );
  const from = points('X_thresholds_', '_necessary_X_');
  const to = points('y_thresholds_', '_necessary_y_');
  if (from.length !== to.length || from.length === 0)
    throw broken(`a calibrator has ${from.length} points for ${to.length} answers`);
  for (let i = 0; i < from.length; i++) {
    if (!Number.isFinite(from[i]!)) throw broken('a point of a calibrator is no number');
    if (!(to[i]! >= 0 && to[i]! <= 1)) throw broken('a calibrator answers beyond 0 to 1');
    if (i > 0 && !(from[i]! > from[i - 1]! && to[i]! >= to[i - 1]!))
      throw broken('the points of a calibrator are not sorted');
  }
  return { kind: 'isotonic', from, to };
};
