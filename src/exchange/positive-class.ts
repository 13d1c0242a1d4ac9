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

/** The class labels of a model: the one whose probability is wanted, and the other. */
interface Classes {
  readonly late: string;
  readonly other: string;
}

/** Labels that speak for themselves: the one that says yes, and those that may stand beside it. */
const OBVIOUS: Readonly<Record<string, readonly string[]>> = {
  '1': ['0', '-1'],
  true: ['false'],
};

/**
 * Which class is "late": the one that is named, else 1 (beside 0 or -1) or True.
 * @throws AppError value-invalid for a class that the model does not have, or where nothing tells
 */
export const lateClassOf = ({ classes }: ForeignModel, positive?: string): Classes => {
  const [first, second] = classes as [string, string];
  if (positive !== undefined) {
    const late = labelOf(classes, positive);
    if (late === undefined)
      throw new AppError(
        'value-invalid',
        `the model has no class '${positive}': it has '${first}' and '${second}'`,
      );
    return { late, other: late === second ? first : second };
  }
  for (const [late, other] of [
    [second, first],
    [first, second],
  ] as const)
    if (OBVIOUS[plainLabel(late)]?.includes(plainLabel(other))) return { late, other };
  throw new AppError(
    'value-invalid',
    `which class means "late"? The model has '${first}' and '${second}': say --positive '${first}' or --positive '${second}'`,
  );
};

/** `1.0` and `1`, `TRUE` and `True` are one label. */
const plainLabel = (label: string): string => {
  const number = label.trim() === '' ? Number.NaN : Number(label);
  return Number.isNaN(number) ? label.toLowerCase() : String(number);
};

/** The label as it is written, else the only one that means the same. */
const labelOf = (labels: readonly string[], wanted: string): string | undefined => {
  if (labels.includes(wanted)) return wanted;
  const same = labels.filter((label) => plainLabel(label) === plainLabel(wanted));
  return same.length === 1 ? same[0] : undefined;
};

/** The probability of a class, out of a model that gives that of its last one. */
export const probabilityOfClass = (foreign: ForeignModel, late: string): Scored<Score> => {
  const { score, link, calibration = { kind: 'none' }, classes } = foreign;
  if (late === classes[1]) return { score, link, calibration };
  if (score.kind === 'stack') {
    const members = score.members.map((member) => ({ ...member, weight: -member.weight }));
    return { score: { ...score, members, intercept: -score.intercept }, link, calibration };
  }
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
