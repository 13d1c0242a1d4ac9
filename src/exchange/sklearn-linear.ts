/** scikit-learn's LogisticRegression -> a linear score. One of the readers of estimators. */
import { numbersOf } from './numpy.ts';
import { attributeOf, broken, needAttribute, type PyObject } from './py.ts';
import { type Estimator, plainColumns, twoClasses } from './sklearn-estimator.ts';

export const readLogistic = (model: PyObject): Estimator => {
  const classes = twoClasses(model);
  const weights = numbersOf(needAttribute(model, 'coef_'), 'its coefficients');
  const intercept = numbersOf(needAttribute(model, 'intercept_'), 'its intercept');
  if (weights.length === 0 || intercept.length !== 1 || !weights.every(Number.isFinite))
    throw broken('its coefficients are not those of one line');
  // softmax([-d, d]) is the sigmoid of 2 d.
  const steepness = attributeOf(model, 'multi_class') === 'multinomial' ? 2 : 1;
  return {
    columns: plainColumns(weights.length),
    score: {
      kind: 'linear',
      weights: weights.map((weight) => weight * steepness),
      intercept: intercept[0]! * steepness,
    },
    link: 'logistic',
    classes,
    acceptsMissing: false,
  };
};
