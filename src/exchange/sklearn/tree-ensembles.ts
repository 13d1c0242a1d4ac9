/**
 * scikit-learn's trees, forests, AdaBoost and gradient boosting -> a forest score.
 * @source sklearn/ensemble/_forest.py, _weight_boosting.py, _gb.py (predict_proba of each)
 */

import type { Forest } from '../../core/forest.ts';
import { logit } from '../../core/logistic.ts';
import { buildForest, type ForeignTree } from '../build-forest.ts';
import { arrayNumbers } from '../pickle/numpy.ts';
import {
  attributeOf,
  broken,
  isKind,
  needAttribute,
  needItems,
  needNumber,
  needObject,
  type PyObject,
  unsupported,
} from '../pickle/python-values.ts';
import {
  columnCount,
  type Estimator,
  type EstimatorReader,
  isSince,
  type LeafValue,
  plainColumns,
  readNodes,
  readTwoClasses,
  SCORE_DECIDES,
  SKLEARN_RULES,
  shortName,
} from './estimator.ts';

/** WeightedModel of the second class; counts before version 1.3, shares since. */
const share: LeafValue = (values, at) => {
  const sum = values[at]! + values[at + 1]!;
  return sum > 0 ? values[at + 1]! / sum : 0;
};

const estimatorOf = (
  model: PyObject,
  trees: readonly ForeignTree[],
  numbers: Pick<Forest, 'base' | 'scale'>,
  output: Pick<Estimator, 'link' | 'decision'>,
): Estimator => {
  const count = columnCount(model);
  return {
    columns: plainColumns(count),
    score: { kind: 'forest', forest: buildForest(trees, count, { ...SKLEARN_RULES, ...numbers }) },
    ...output,
    classes: readTwoClasses(model),
    // AdaBoost and GradientBoosting refuse what their trees would take.
    acceptsMissing: false,
  };
};

/** Impurities with which a tree learns where missing values go. */
const MISSING_CRITERIA = ['gini', 'entropy', 'log_loss'];

/**
 * Whether a tree takes missing values: those that try every split since 1.3, those that try random ones since 1.6.
 * @source sklearn/tree/_classes.py (allow_nan, _support_missing_values)
 */
const treeAcceptsMissing = (tree: PyObject): boolean => {
  const isRandom = attributeOf(tree, 'splitter') === 'random';
  return (
    isSince(tree, isRandom ? [1, 6] : [1, 3]) &&
    MISSING_CRITERIA.includes(String(attributeOf(tree, 'criterion'))) &&
    (attributeOf(tree, 'monotonic_cst') ?? null) === null
  );
};

export const readTree: EstimatorReader = (model, visited) => {
  readTwoClasses(model);
  const tree = readNodes(model, share, 2, visited);
  return {
    ...estimatorOf(model, [tree], { base: 0, scale: 1 }, { link: 'identity' }),
    acceptsMissing: treeAcceptsMissing(model),
  };
};

const membersOf = (model: PyObject): readonly PyObject[] => {
  const members = needItems(needAttribute(model, 'estimators_'), 'its estimators');
  if (members.length === 0) throw broken('it has no estimators');
  return members.map((member) => needObject(member, 'an estimator'));
};

/** The mean of the trees' shares. */
export const readForest: EstimatorReader = (model, visited) => {
  readTwoClasses(model);
  const members = membersOf(model);
  const trees = members.map((tree) => readNodes(tree, share, 2, visited));
  const output = { base: 0, scale: 1 / trees.length };
  return {
    ...estimatorOf(model, trees, output, { link: 'identity' }),
    acceptsMissing: isSince(model, [1, 4]) && treeAcceptsMissing(members[0]!),
  };
};

const EPSILON64 = 2 ** -52;
const EPSILON32 = 2 ** -23;
const ADABOOST_MEMBERS = [
  'sklearn.tree._classes.DecisionTreeClassifier',
  'sklearn.tree._classes.ExtraTreeClassifier',
];

/** SAMME: a vote of +-weight per tree. SAMME.R (before 1.6): half the difference of the log shares. */
export const readAdaBoost: EstimatorReader = (model, visited) => {
  readTwoClasses(model);
  const members = membersOf(model);
  const weights = arrayNumbers(needAttribute(model, 'estimator_weights_'), 'its weights');
  const isReal = attributeOf(model, 'algorithm') === 'SAMME.R';
  const trees = members.map((member, m) => {
    if (!ADABOOST_MEMBERS.includes(member.name))
      throw unsupported(
        `an AdaBoostClassifier of ${shortName(member.name)} is not supported; trees are`,
      );
    const weight = needNumber(weights[m], 'a weight');
    return readNodes(
      member,
      isReal ? halfLogOdds : (values, at) => (values[at + 1]! > values[at]! ? weight : -weight),
      2,
      visited,
    );
  });
  const total = weights.subarray(0, members.length).reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0)) throw broken('its weights sum to nothing');
  return estimatorOf(
    model,
    trees,
    { base: 0, scale: 2 / total },
    { link: 'logistic', decision: SCORE_DECIDES },
  );
};

const halfLogOdds: LeafValue = (values, at) => {
  const late = share(values, at);
  const clip = (p: number): number => Math.max(p, EPSILON64);
  return (Math.log(clip(late)) - Math.log(clip(1 - late))) / 2;
};

export const readGradientBoosting: EstimatorReader = (model, visited) => {
  readTwoClasses(model);
  const value: LeafValue = (values, at) => values[at]!;
  const trees = membersOf(model).map((tree) => readNodes(tree, value, 1, visited));
  const rate = needNumber(needAttribute(model, 'learning_rate'), 'its learning rate');
  const loss = attributeOf(model, 'loss');
  if (loss !== 'log_loss' && loss !== 'deviance' && loss !== 'exponential')
    throw unsupported(
      `a GradientBoostingClassifier with the loss ${String(loss)} is not supported`,
    );
  // The exponential loss fits half the log odds.
  const steepness = loss === 'exponential' ? 2 : 1;
  return estimatorOf(
    model,
    trees,
    { base: priorOf(model, steepness), scale: rate * steepness },
    { link: 'logistic', decision: { slope: 1 / steepness, shift: 0 } },
  );
};

const LOG_ODDS = [
  'sklearn.ensemble._gb.LogOddsEstimator',
  'sklearn.ensemble._gb.ScaledLogOddsEstimator',
];

/** Log odds of the first guess. */
const priorOf = (model: PyObject, steepness: number): number => {
  const init = attributeOf(model, 'init_');
  if (attributeOf(model, 'init') === 'zero') return 0;
  // Before 0.21 the first guess was kept as the score itself.
  if (isKind(init, 'object') && LOG_ODDS.includes(init.name))
    return needNumber(needAttribute(init, 'prior'), 'its first guess') * steepness;
  if (!isKind(init, 'object') || init.name !== 'sklearn.dummy.DummyClassifier')
    throw unsupported(
      'a GradientBoostingClassifier that starts from another model is not supported',
    );
  const strategy = attributeOf(init, 'strategy');
  if (strategy !== 'prior') throw unsupported(`a first guess by '${String(strategy)}'`);
  const prior = arrayNumbers(needAttribute(init, 'class_prior_'), 'its first guess');
  const late = Math.min(Math.max(prior[1] ?? Number.NaN, EPSILON32), 1 - EPSILON32);
  return logit(late);
};
