/**
 * A foreign model that was learned from a matrix of ours: its columns are our features, by name or in their order.
 */
import { AppError } from '../core/errors.ts';
import type { Calibration, Link, PlainScore, Score } from '../core/model.ts';
import { parseForeign } from './import.ts';
import { lateClassOf, probabilityOfClass } from './positive-class.ts';

type SimpleScore = Exclude<Score, { readonly kind: 'stack' }>;

interface ForeignScore {
  readonly madeBy: string;
  readonly notes: readonly string[];
  readonly classes: { readonly late: string; readonly other: string };
  /** Over the features, in their order. */
  readonly score: Score;
  readonly link: Link;
  readonly calibration: Calibration;
}

/**
 * @param names of the features, in their order
 * @throws AppError as `parseForeign` does; value-invalid where the columns are not the features
 */
export const scoreOverFeatures = (
  bytes: Uint8Array,
  names: readonly string[],
  positive?: string,
): ForeignScore => {
  const foreign = parseForeign(bytes);
  if (foreign.features)
    throw new AppError(
      'model-unsupported',
      `${foreign.madeBy} changes its columns before it scores them; with --features a model that takes the matrix as it is is expected`,
    );
  if (foreign.columns.length !== names.length)
    throw new AppError(
      'value-invalid',
      `the model has ${foreign.columns.length} columns, the matrix ${names.length}: ${names.join(', ')}; only a model learned from all of them, and nothing else, can be imported with it`,
    );
  const own = foreign.columns.map(({ name }) => name);
  // Names that are not ours at all, as f0 and Column_0, are places.
  const isNamed = own.some((name) => name !== undefined && names.includes(name));
  const places = own.map((name, column) => {
    if (!isNamed) return column;
    const place = names.indexOf(name ?? '');
    if (place < 0)
      throw new AppError(
        'value-invalid',
        `the model asks for ${name ?? `column ${column}`}, which is no column of the matrix: ${names.join(', ')}`,
      );
    return place;
  });
  const classes = lateClassOf(foreign, positive);
  const { score, link, calibration } = probabilityOfClass(foreign, classes.late);
  const { madeBy, notes = [] } = foreign;
  if (score.kind === 'stack')
    throw new AppError(
      'model-unsupported',
      `${madeBy} is a stack of models; with --features one model that takes the matrix is expected`,
    );
  return { madeBy, notes, classes, score: movedScore(score, places), link, calibration };
};

const movedScore = (score: SimpleScore, places: readonly number[]): Score =>
  score.kind === 'mean'
    ? {
        kind: 'mean',
        members: score.members.map((member) => ({
          ...member,
          score: movedPlain(member.score, places),
        })),
      }
    : movedPlain(score, places);

/** The same score over columns that stand at these places. */
const movedPlain = (score: PlainScore, places: readonly number[]): PlainScore => {
  if (score.kind === 'linear') {
    const weights = new Float64Array(places.length);
    score.weights.forEach((weight, column) => {
      weights[places[column]!] = weight;
    });
    return { ...score, weights };
  }
  const { forest } = score;
  const feature = forest.feature.map((column) => (column < 0 ? column : places[column]!));
  return { kind: 'forest', forest: { ...forest, feature, nFeatures: places.length } };
};
