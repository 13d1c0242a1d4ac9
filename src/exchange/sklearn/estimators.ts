/**
 * Which reader reads which fitted classifier, by its class.
 */
import { parseLightGbm } from '../lightgbm/lightgbm.ts';
import type { ForeignModel } from '../foreign.ts';
import { textsOf } from '../pickle/numpy.ts';
import {
  attributeOf,
  broken,
  isKind,
  needAttribute,
  needNumber,
  needObject,
  type PyObject,
  unsupported,
} from '../pickle/python-values.ts';
import { readAdaBoost, readForest, readGradientBoosting, readTree } from './tree-ensembles.ts';
import { type Estimator, type EstimatorReader, SCORE_DECIDES } from './estimator.ts';
import { readHist } from './hist-gradient-boosting.ts';
import { readDecision, readLogistic, readSgd } from './linear-models.ts';
import { parseXgboost } from '../xgboost/xgboost.ts';

const boosted = (model: ForeignModel): Estimator => {
  if (model.score.kind === 'mean') throw new TypeError('no booster is a mean');
  return { ...model, score: model.score };
};

const readLgbm: EstimatorReader = (classifier) => {
  const n = attributeOf(classifier, '_n_classes') ?? null;
  if (n !== null && needNumber(n, 'its number of classes') !== 2)
    throw unsupported('the LightGBM model has more than two classes');
  const classes = attributeOf(classifier, '_classes');
  const booster = needObject(attributeOf(classifier, '_Booster'), 'its booster');
  const model = {
    ...boosted(parseLightGbm(textOfBooster(booster), bestOf(classifier))),
    // It decides by itself since 4.7, which first kept this attribute.
    ...(attributeOf(classifier, '_fitted_with_feature_names') !== undefined && {
      decision: SCORE_DECIDES,
    }),
  };
  return isKind(classes, 'array') ? { ...model, classes: textsOf(classes, 'its classes') } : model;
};

/** `handle` up to version 4.5, `_handle` since. */
const textOfBooster = (booster: PyObject): string => {
  const text = attributeOf(booster, '_handle') ?? attributeOf(booster, 'handle');
  if (typeof text !== 'string') throw broken('the booster keeps no model text');
  return text;
};

/** Trees that count, where the training stopped early. */
const bestOf = (classifier: PyObject): number | undefined => {
  const best = attributeOf(classifier, '_best_iteration');
  return typeof best === 'number' && best > 0 ? best : undefined;
};

const readXgb: EstimatorReader = (classifier) => {
  const booster = needObject(attributeOf(classifier, '_Booster'), 'its booster');
  const model = boosted(parseXgboost(handleOf(booster), true));
  // XGBoost's wrapper encoded the labels by itself up to version 1.7.
  const encoder = attributeOf(classifier, '_le');
  const classes = isKind(encoder, 'object') ? attributeOf(encoder, 'classes_') : undefined;
  return {
    ...model,
    missesZeros: true,
    ...(isKind(classes, 'array') && { classes: textsOf(classes, 'its classes') }),
  };
};

const handleOf = (booster: PyObject): Uint8Array => {
  const handle = needAttribute(booster, 'handle');
  if (!(handle instanceof Uint8Array)) throw broken('the booster has no bytes');
  return handle;
};

export const READERS: Readonly<Record<string, EstimatorReader>> = {
  'sklearn.linear_model._logistic.LogisticRegression': readLogistic,
  'sklearn.linear_model._logistic.LogisticRegressionCV': readLogistic,
  'sklearn.linear_model._stochastic_gradient.SGDClassifier': readSgd,
  'sklearn.linear_model._perceptron.Perceptron': readDecision,
  'sklearn.linear_model._passive_aggressive.PassiveAggressiveClassifier': readDecision,
  'sklearn.linear_model._ridge.RidgeClassifier': readDecision,
  'sklearn.linear_model._ridge.RidgeClassifierCV': readDecision,
  'sklearn.svm._classes.LinearSVC': readDecision,
  'sklearn.tree._classes.DecisionTreeClassifier': readTree,
  'sklearn.tree._classes.ExtraTreeClassifier': readTree,
  'sklearn.ensemble._forest.RandomForestClassifier': readForest,
  'sklearn.ensemble._forest.ExtraTreesClassifier': readForest,
  'sklearn.ensemble._weight_boosting.AdaBoostClassifier': readAdaBoost,
  'sklearn.ensemble._gb.GradientBoostingClassifier': readGradientBoosting,
  'sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier':
    readHist,
  'lightgbm.sklearn.LGBMClassifier': readLgbm,
  'lightgbm.basic.Booster': (booster) => boosted(parseLightGbm(textOfBooster(booster))),
  'xgboost.sklearn.XGBClassifier': readXgb,
  'xgboost.core.Booster': (booster) => ({
    ...boosted(parseXgboost(handleOf(booster))),
    missesZeros: true,
  }),
};
