/**
 * The scikit-learn wrappers of LightGBM and XGBoost, and their bare boosters: each keeps the library's own format inside.
 */
import type { ForeignModel } from '../foreign-model.ts';
import { parseLightGbm } from '../lightgbm/lightgbm.ts';
import { arrayTexts } from '../pickle/numpy.ts';
import {
  attributeOf,
  broken,
  isKind,
  needAttribute,
  needNumber,
  needObject,
  type PyObject,
  type PyValue,
  unsupported,
} from '../pickle/python-values.ts';
import { parseXgboost } from '../xgboost/xgboost.ts';
import { type Estimator, type EstimatorReader, SCORE_DECIDES } from './estimator.ts';

const asEstimator = (model: ForeignModel): Estimator => {
  const { score } = model;
  if (score.kind === 'mean' || score.kind === 'stack') throw new TypeError('no booster is a mean');
  return { ...model, score };
};

export const readLgbmClassifier: EstimatorReader = (classifier) => {
  const n = attributeOf(classifier, '_n_classes') ?? null;
  if (n !== null && needNumber(n, 'its number of classes') !== 2)
    throw unsupported('the LightGBM model has more than two classes');
  const classes = attributeOf(classifier, '_classes');
  const booster = needObject(attributeOf(classifier, '_Booster'), 'its booster');
  const model = {
    ...asEstimator(parseLightGbm(textOfBooster(booster), bestOf(booster) ?? bestOf(classifier))),
    // It decides by itself since 4.7, which first kept this attribute.
    ...(attributeOf(classifier, '_fitted_with_feature_names') !== undefined && {
      decision: SCORE_DECIDES,
    }),
  };
  return isKind(classes, 'array')
    ? { ...model, classes: arrayTexts(classes, 'its classes') }
    : model;
};

export const readLightGbmBooster: EstimatorReader = (booster) =>
  asEstimator(parseLightGbm(textOfBooster(booster), bestOf(booster)));

/** `handle` up to version 4.5, `_handle` since. */
const textOfBooster = (booster: PyObject): string => {
  const text = attributeOf(booster, '_handle') ?? attributeOf(booster, 'handle');
  if (typeof text !== 'string') throw broken('the booster keeps no model text');
  return text;
};

/** Trees that count, where the training stopped early. */
const bestOf = (model: PyObject): number | undefined => {
  const best = attributeOf(model, 'best_iteration') ?? attributeOf(model, '_best_iteration');
  return typeof best === 'number' && best > 0 ? best : undefined;
};

export const readXgbClassifier: EstimatorReader = (classifier) => {
  const booster = needObject(attributeOf(classifier, '_Booster'), 'its booster');
  const model = missingAt(
    asEstimator(parseXgboost(handleOf(booster), true)),
    attributeOf(classifier, 'missing') ?? null,
  );
  // XGBoost's wrapper encoded the labels by itself up to version 1.7.
  const encoder = attributeOf(classifier, '_le');
  const classes = isKind(encoder, 'object') ? attributeOf(encoder, 'classes_') : undefined;
  return {
    ...model,
    missesZeros: true,
    ...(isKind(classes, 'array') && { classes: arrayTexts(classes, 'its classes') }),
  };
};

/** The classifier with the number that it was told to take for a missing value. */
const missingAt = (model: Estimator, missing: PyValue): Estimator => {
  if (missing === null) return model;
  const marker = needNumber(missing, 'the number that stands for a missing value');
  if (Number.isNaN(marker)) return model;
  const { score } = model;
  if (score.kind !== 'forest' || model.columns.some(({ values }) => values))
    throw unsupported(
      `an XGBClassifier with missing=${marker} is supported over trees and numbers only`,
    );
  return { ...model, missingNumber: marker };
};

export const readXgboostBooster: EstimatorReader = (booster) => ({
  ...asEstimator(parseXgboost(handleOf(booster))),
  missesZeros: true,
});

const handleOf = (booster: PyObject): Uint8Array => {
  const handle = needAttribute(booster, 'handle');
  if (!(handle instanceof Uint8Array)) throw broken('the booster has no bytes');
  return handle;
};
