/**
 * scikit-learn's linear classifiers -> a linear score.
 * @source sklearn/linear_model/_base.py, _logistic.py, _stochastic_gradient.py (predict_proba of each)
 */
import { arrayNumbers } from '../pickle/numpy.ts';
import {
  attributeOf,
  broken,
  isKind,
  needAttribute,
  type PyObject,
} from '../pickle/python-values.ts';
import {
  type Estimator,
  type EstimatorReader,
  isSince,
  plainColumns,
  readTwoClasses,
  SCORE_DECIDES,
} from './estimator.ts';

/** The score is so many times the line, plus a number. */
const estimatorOf = (
  model: PyObject,
  steepness: number,
  start: number,
  output: Pick<Estimator, 'link' | 'decision' | 'isOnlyDecision'>,
): Estimator => {
  const classes = readTwoClasses(model);
  const coefficients = needAttribute(model, 'coef_');
  const weights = arrayNumbers(coefficients, 'its coefficients');
  const intercept = arrayNumbers(needAttribute(model, 'intercept_'), 'its intercept');
  if (weights.length === 0 || intercept.length !== 1 || !weights.every(Number.isFinite))
    throw broken('its coefficients are not those of one line');
  return {
    columns: plainColumns(weights.length),
    score: {
      kind: 'linear',
      weights: weights.map((weight) => weight * steepness),
      intercept: intercept[0]! * steepness + start,
    },
    ...output,
    isSingle: isKind(coefficients, 'array') && coefficients.dtype.itemBytes === 4,
    classes,
    acceptsMissing: false,
  };
};

export const readLogistic: EstimatorReader = (model) => {
  // softmax([-d, d]) is the sigmoid of 2 d. Before 0.20 one line was never taken for two.
  const isSoftmax = attributeOf(model, 'multi_class') === 'multinomial' && isSince(model, [0, 20]);
  const steepness = isSoftmax ? 2 : 1;
  return estimatorOf(model, steepness, 0, {
    link: 'logistic',
    decision: { slope: 1 / steepness, shift: 0 },
  });
};

/** The loss says whether there is a probability: a sigmoid, or a ramp from -1 to 1. */
export const readSgd: EstimatorReader = (model, visited) => {
  switch (attributeOf(model, 'loss')) {
    case 'log_loss':
    case 'log':
      return estimatorOf(model, 1, 0, { link: 'logistic', decision: SCORE_DECIDES });
    case 'modified_huber':
      return estimatorOf(model, 0.5, 0.5, {
        link: 'identity',
        decision: { slope: 2, shift: -1 },
      });
    default:
      return readDecisionOnly(model, visited);
  }
};

/** Linear models that only decide: LinearSVC, RidgeClassifier, Perceptron and their like. */
export const readDecisionOnly: EstimatorReader = (model) =>
  estimatorOf(model, 1, 0, { link: 'logistic', decision: SCORE_DECIDES, isOnlyDecision: true });
