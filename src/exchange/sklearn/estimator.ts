/**
 * What the readers of scikit-learn's estimators share: their results, the two classes, one tree's nodes.
 */
import type { Forest } from '../../core/forest.ts';
import type { Link, Member, PlainScore, Score } from '../../core/model.ts';
import { COLUMNS_LIMIT, type ForeignNode, type ForeignTree } from '../build-forest.ts';
import type { DerivedColumn } from '../design-matrix.ts';
import type { ForeignColumn, ForeignModel } from '../foreign-model.ts';
import { arrayField, arrayNumbers, arrayTexts } from '../pickle/numpy.ts';
import {
  attributeOf,
  broken,
  isKind,
  needAttribute,
  type PyObject,
  unsupported,
} from '../pickle/python-values.ts';
import { countOf } from './column-names.ts';
import { type VisitedObjects, visitTree } from './visited-objects.ts';

/** One model over the columns of a matrix. */
export interface Estimator
  extends Pick<
    ForeignModel,
    'columns' | 'classes' | 'acceptsMissing' | 'acceptsAnyNumber' | 'notes'
  > {
  readonly score: PlainScore;
  readonly link: Link;
  /**
   * How its `decision_function`, which a calibrator is given, follows from the score: slope * score + shift.
   * Absent where it has none, and a calibrator is given the probability.
   */
  readonly decision?: { readonly slope: number; readonly shift: number };
  /** Whether it was fitted to float32, and sums float32 as such. */
  readonly isSingle?: boolean;
  /** Whether it decides without a probability, which a calibrator has to add. */
  readonly isOnlyDecision?: boolean;
  /** Whether it takes the zeros that a sparse matrix leaves out for missing values. */
  readonly missesZeros?: boolean;
  /** The number that it takes for a missing value, in any column. */
  readonly missingNumber?: number;
}

/** A fitted object with all that is in it: one model, or the mean of several, over derived columns. */
export interface FittedModel
  extends Pick<
    ForeignModel,
    'classes' | 'acceptsMissing' | 'acceptsAnyNumber' | 'notes' | 'threshold'
  > {
  readonly columns: readonly ForeignColumn[];
  /** What the members ask, in this order. */
  readonly derivedColumns: readonly DerivedColumn[];
  /** One where a model answers alone. */
  readonly members: readonly Member[];
  readonly decision?: NonNullable<Estimator['decision']>;
  readonly isOnlyDecision?: boolean;
  /** Instead of members: a line over several models, through a sigmoid. */
  readonly stack?: Score & { readonly kind: 'stack' };
}

/** From a fitted object of its kind. */
export type EstimatorReader = (object: PyObject, visited: VisitedObjects) => Estimator;

/** A decision that is the score itself. */
export const SCORE_DECIDES = { slope: 1, shift: 0 } as const;

/** scikit-learn's trees compare float32 values with float64 thresholds. */
export const SKLEARN_RULES = {
  comparison: '<=',
  precision: 'float32',
  zeroIsMissing: false,
} as const satisfies Partial<Forest>;

/** Whether a version of scikit-learn from this one on made an object; one that does not say is old. */
export const isSince = (object: PyObject, [major, minor]: readonly [number, number]): boolean => {
  const [ownMajor, ownMinor] = String(attributeOf(object, '_sklearn_version') ?? '0.0').split('.');
  return Number(ownMajor) > major || (Number(ownMajor) === major && Number(ownMinor) >= minor);
};

export const shortName = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/** The labels of a two-class model. @throws AppError model-unsupported */
export const readTwoClasses = (estimator: PyObject): readonly string[] => {
  // RidgeClassifier has them in its encoder of labels only.
  const encoder = attributeOf(estimator, '_label_binarizer');
  const holder =
    attributeOf(estimator, 'classes_') === undefined && isKind(encoder, 'object')
      ? encoder
      : estimator;
  const classes = arrayTexts(needAttribute(holder, 'classes_'), 'its classes');
  if (classes.length !== 2)
    throw unsupported(
      `the ${shortName(estimator.name)} has ${classes.length} classes; two are expected`,
    );
  return classes;
};

export const columnCount = (estimator: PyObject): number => {
  const count = countOf(estimator) ?? countOfMembers(estimator);
  if (count === undefined) {
    needAttribute(estimator, 'n_features_in_');
    throw broken('it does not say how many columns it was given');
  }
  if (!Number.isInteger(count) || count < 1 || count > COLUMNS_LIMIT)
    throw broken(`it has ${count} columns`);
  return count;
};

/** The columns of an ensemble's first tree: before 0.24 AdaBoost did not say them itself. */
const countOfMembers = (estimator: PyObject): number | undefined => {
  const members = attributeOf(estimator, 'estimators_');
  const [first] = isKind(members, 'list') ? members.items : [];
  return isKind(first, 'object') ? countOf(first) : undefined;
};

/** As many columns without a name. */
export const plainColumns = (count: number): ForeignModel['columns'] =>
  Array.from({ length: count }, () => ({}));

/** What a leaf adds to the score, from its class weights (or, of a regressor, its one value). */
export type LeafValue = (values: Float64Array, at: number) => number;

/** @throws AppError model-broken, model-unsupported */
export const readNodes = (
  estimator: PyObject,
  leafValue: LeafValue,
  nValues: number,
  visited: VisitedObjects,
): ForeignTree => {
  const tree = needAttribute(estimator, 'tree_');
  if (!isKind(tree, 'object') || tree.name !== 'sklearn.tree._tree.Tree')
    throw unsupported(`a ${shortName(estimator.name)} has no tree`);
  const nodes = needAttribute(tree, 'nodes');
  visitTree(visited, tree);
  if (!isKind(nodes, 'array')) throw broken('the nodes of a tree are no array');
  visitTree(visited, nodes);
  const field = (name: string): Float64Array => {
    const numbers = arrayField(nodes, name);
    if (!numbers) throw broken(`the nodes of a tree have no ${name}`);
    return numbers;
  };
  const [left, right] = [field('left_child'), field('right_child')];
  const [feature, threshold] = [field('feature'), field('threshold')];
  const cover = field('weighted_n_node_samples');
  const missingLeft = arrayField(nodes, 'missing_go_to_left');
  const values = arrayNumbers(needAttribute(tree, 'values'), "a tree's values");
  if (values.length !== left.length * nValues)
    throw unsupported(`a tree has ${values.length} values for ${left.length} nodes`);
  return {
    root: 0,
    nodes: Array.from(left, (child, i): ForeignNode => {
      const isLeaf = child === -1;
      return {
        feature: isLeaf ? -1 : feature[i]!,
        threshold: threshold[i]!,
        left: child,
        right: right[i]!,
        missingLeft: missingLeft?.[i] === 1,
        value: isLeaf ? leafValue(values, i * nValues) : 0,
        cover: cover[i]!,
      };
    }),
  };
};
