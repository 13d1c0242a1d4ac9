/**
 * scikit-learn's fitted estimators -> ForeignModel. The reader above `pickle`.
 * A Pipeline's encoders and scalers become features; its last step becomes the score.
 */
import type { ForeignModel } from './foreign.ts';
import { parseLightGbm } from './lightgbm.ts';
import { textsOf } from './numpy.ts';
import {
  attributeOf,
  broken,
  isKind,
  needAttribute,
  needItems,
  needNumber,
  needObject,
  type PyObject,
  type PyValue,
  unsupported,
} from './py.ts';
import { readAdaBoost, readForest, readGradientBoosting, readTree } from './sklearn-ensembles.ts';
import { type Estimator, shortName } from './sklearn-estimator.ts';
import { readHist } from './sklearn-hist.ts';
import { readLogistic } from './sklearn-linear.ts';
import { applyStep, finishFeatures, startMatrix } from './sklearn-steps.ts';
import { parseXgboost } from './xgboost.ts';

type Reader = (estimator: PyObject) => Estimator;

const READERS: Readonly<Record<string, Reader>> = {
  'sklearn.linear_model._logistic.LogisticRegression': readLogistic,
  'sklearn.tree._classes.DecisionTreeClassifier': readTree,
  'sklearn.tree._classes.ExtraTreeClassifier': readTree,
  'sklearn.ensemble._forest.RandomForestClassifier': readForest,
  'sklearn.ensemble._forest.ExtraTreesClassifier': readForest,
  'sklearn.ensemble._weight_boosting.AdaBoostClassifier': readAdaBoost,
  'sklearn.ensemble._gb.GradientBoostingClassifier': readGradientBoosting,
  'sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier':
    readHist,
};

/** @throws AppError model-unsupported, model-broken */
export const readSklearn = (value: PyValue): ForeignModel => {
  if (!isKind(value, 'object'))
    throw unsupported(
      `the pickle holds ${nameOf(value)}, not a model; dump the fitted estimator or pipeline alone`,
    );
  switch (value.name) {
    case 'lightgbm.sklearn.LGBMClassifier':
      return withClasses(value, parseLightGbm(boosterText(value), bestOf(value)));
    case 'lightgbm.basic.Booster':
      return parseLightGbm(textOfBooster(value));
    case 'xgboost.sklearn.XGBClassifier':
      return withLabels(
        attributeOf(value, '_le'),
        parseXgboost(handleOf(needObject(attributeOf(value, '_Booster'), 'its booster')), true),
      );
    case 'xgboost.core.Booster':
      return parseXgboost(handleOf(value));
    case 'sklearn.pipeline.Pipeline':
      return readPipeline(value);
    default:
      return readAlone(value);
  }
};

/** What a pickle holds that is no object, for who wonders. */
const nameOf = (value: PyValue): string => {
  if (isKind(value, 'dict')) return 'a dictionary';
  if (isKind(value, 'list')) return 'a list';
  if (isKind(value, 'tuple')) return 'a tuple';
  if (isKind(value, 'array')) return 'an array';
  if (isKind(value, 'global')) return `the class ${value.name}`;
  return typeof value === 'string' ? 'a text' : 'a plain value';
};

const readAlone = (object: PyObject): ForeignModel => {
  const { columns, ...estimator } = readEstimator(object);
  const names = namesOf(object);
  return {
    madeBy: madeBy(object, shortName(object.name)),
    ...estimator,
    columns: columns.map((column, c) => ({ ...(names && { name: names[c]! }), ...column })),
  };
};

const readEstimator = (object: PyObject): Estimator => {
  const reader = Object.hasOwn(READERS, object.name) ? READERS[object.name] : undefined;
  if (!reader)
    throw unsupported(
      `the pickle holds a ${object.name}; ${Object.keys(READERS).map(shortName).join(', ')} and Pipelines of them are supported`,
    );
  return reader(object);
};

const readPipeline = (pipeline: PyObject): ForeignModel => {
  const steps = needItems(needAttribute(pipeline, 'steps'), "a pipeline's steps").map((step) => {
    const [, object] = needItems(step, 'a step');
    return object ?? null;
  });
  const last = needObject(steps.pop(), "a pipeline's last step");
  const { columns: asked, ...estimator } = readEstimator(last);
  const first = steps.find((step) => isKind(step, 'object')) ?? last;
  let matrix = startMatrix(isKind(first, 'object') ? first : last, namesOf(first), asked.length);
  for (const step of steps) matrix = applyStep(matrix, step);
  if (matrix.cells.length !== asked.length)
    throw broken(`its steps make ${matrix.cells.length} columns, its model asks ${asked.length}`);
  const { columns, features, score } = finishFeatures(matrix, estimator.score);
  const kind = shortName(last.name);
  return { madeBy: madeBy(last, `Pipeline of ${kind}`), ...estimator, columns, features, score };
};

const madeBy = (object: PyObject, kind: string): string => {
  const version = attributeOf(object, '_sklearn_version');
  return `scikit-learn ${typeof version === 'string' ? `${version.slice(0, 20)} ` : ''}${kind}`;
};

const namesOf = (value: PyValue): readonly string[] | undefined => {
  const names = isKind(value, 'object') ? attributeOf(value, 'feature_names_in_') : undefined;
  return names === undefined || names === null ? undefined : textsOf(names, 'the column names');
};

/** LightGBM's wrapper keeps the text of its booster. */
const boosterText = (classifier: PyObject): string => {
  return textOfBooster(needObject(attributeOf(classifier, '_Booster'), 'its booster'));
};

/** `handle` up to version 4.5, `_handle` since. */
const textOfBooster = (booster: PyObject): string => {
  const text = attributeOf(booster, '_handle') ?? attributeOf(booster, 'handle');
  if (typeof text !== 'string') throw broken('the booster keeps no model text');
  return text;
};

const handleOf = (booster: PyObject): Uint8Array => {
  const handle = needAttribute(booster, 'handle');
  if (!(handle instanceof Uint8Array)) throw broken('the booster has no bytes');
  return handle;
};

/** Trees that count, where the training stopped early. */
const bestOf = (classifier: PyObject): number | undefined => {
  const best = attributeOf(classifier, '_best_iteration');
  return typeof best === 'number' && best > 0 ? best : undefined;
};

/** XGBoost's wrapper encoded the labels by itself up to version 1.7. */
const withLabels = (encoder: PyValue | undefined, model: ForeignModel): ForeignModel => {
  const classes = isKind(encoder, 'object') ? attributeOf(encoder, 'classes_') : undefined;
  return isKind(classes, 'array') ? { ...model, classes: textsOf(classes, 'its classes') } : model;
};

const withClasses = (classifier: PyObject, model: ForeignModel): ForeignModel => {
  const classes = attributeOf(classifier, '_classes');
  const n = attributeOf(classifier, '_n_classes');
  if (n !== undefined && n !== null && needNumber(n, 'its number of classes') !== 2)
    throw unsupported('the LightGBM model has more than two classes');
  if (!isKind(classes, 'array')) return model;
  return { ...model, classes: textsOf(classes, 'its classes') };
};
