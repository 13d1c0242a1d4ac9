/**
 * The probability of the class that is wanted: the one that a foreign model gives, or one minus it.
 */
import { AppError } from '../core/errors.ts';
import type { Calibration, Link, Member, PlainScore, Score } from '../core/model.ts';
import type { ForeignModel } from './foreign-model.ts';

type Scored<S extends Score> = {
  readonly score: S;
  readonly link: Link;
  readonly calibration: Calibration;
};

/** @throws AppError value-invalid for a class that the model does not have */
export const probabilityOfClass = (foreign: ForeignModel, positive?: string): Scored<Score> => {
  const { score, link, calibration = { kind: 'none' }, classes } = foreign;
  if (positive === undefined || positive === classes[1]) return { score, link, calibration };
  if (positive !== classes[0])
    throw new AppError(
      'value-invalid',
      `the model has no class '${positive}': it has '${classes.join("' and '")}'`,
    );
  if (score.kind !== 'mean') return complement({ score, link, calibration });
  const members = score.members.map(
    (member): Member => ({ ...complement(member), weight: member.weight }),
  );
  return { score: { kind: 'mean', members }, link, calibration };
};

const complement = ({ score, link, calibration }: Scored<PlainScore>): Scored<PlainScore> => {
  switch (calibration.kind) {
    case 'none':
      return { score: minus(score, link === 'identity' ? 1 : 0), link, calibration };
    case 'sigmoid':
      return {
        score,
        link,
        calibration: { kind: 'sigmoid', a: -calibration.a, b: -calibration.b },
      };
    case 'isotonic': {
      // Points lie on the scale of the score, or of its sigmoid.
      const whole = link === 'identity' ? 0 : 1;
      const from = calibration.from.map((point) => whole - point).reverse();
      const to = calibration.to.map((answer) => 1 - answer).reverse();
      return { score: minus(score, 0), link, calibration: { kind: 'isotonic', from, to } };
    }
    case 'platt':
    case 'beta':
      throw new TypeError(`no reader makes a calibration ${calibration.kind}`);
  }
};

/** `from` minus the score. */
const minus = (score: PlainScore, from: number): PlainScore => {
  if (score.kind === 'linear')
    return {
      kind: 'linear',
      weights: score.weights.map((weight) => -weight),
      intercept: from - score.intercept,
    };
  const { forest } = score;
  return { kind: 'forest', forest: { ...forest, base: from - forest.base, scale: -forest.scale } };
};
