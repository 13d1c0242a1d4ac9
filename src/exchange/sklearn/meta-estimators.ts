/**
 * scikit-learn's meta-estimators, read down to the estimators inside: Pipeline, CalibratedClassifierCV,
 * VotingClassifier, BaggingClassifier, StackingClassifier, FrozenEstimator.
 * @source sklearn/pipeline.py, calibration.py, ensemble/_voting.py, ensemble/_bagging.py (predict_proba of each)
 */
import type { Member } from '../../core/model.ts';
import {
  type DerivedColumn,
  type DesignMatrix,
  foldOneHotScale,
  isUnscaled,
  operate,
  withValues,
} from '../design-matrix.ts';
import type { ForeignColumn } from '../foreign-model.ts';
import { arrayNumbers, arrayTexts } from '../pickle/numpy.ts';
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
} from '../pickle/python-values.ts';
import { averageModels } from './averaged-models.ts';
import { calibrate } from './calibration.ts';
import { countOf } from './column-names.ts';
import {
  type Estimator,
  type EstimatorReader,
  type FittedModel,
  readTwoClasses,
  shortName,
} from './estimator.ts';
import { READERS } from './estimator-readers.ts';
import { applyStep } from './pipeline-steps.ts';
import { readStacking } from './stacking.ts';
import { countColumns, type VisitedObjects, within } from './visited-objects.ts';

const CALIBRATED = 'sklearn.calibration.CalibratedClassifierCV';
const VOTING = 'sklearn.ensemble._voting.VotingClassifier';
const BAGGING = 'sklearn.ensemble._bagging.BaggingClassifier';
const STACKING = 'sklearn.ensemble._stacking.StackingClassifier';
const FROZEN = 'sklearn.frozen._frozen.FrozenEstimator';
const PIPELINES = ['sklearn.pipeline.Pipeline', 'imblearn.pipeline.Pipeline'];
/** What only holds a model, and where. */
const HOLDERS: Readonly<Record<string, string>> = {
  [FROZEN]: 'estimator',
  'sklearn.model_selection._search.GridSearchCV': 'best_estimator_',
  'sklearn.model_selection._search.RandomizedSearchCV': 'best_estimator_',
  'sklearn.model_selection._search_successive_halving.HalvingGridSearchCV': 'best_estimator_',
  'sklearn.model_selection._search_successive_halving.HalvingRandomSearchCV': 'best_estimator_',
};
const FIXED_THRESHOLD =
  'sklearn.model_selection._classification_threshold.FixedThresholdClassifier';
const TUNED_THRESHOLD =
  'sklearn.model_selection._classification_threshold.TunedThresholdClassifierCV';

const isPipeline = ({ name }: PyObject): boolean => PIPELINES.includes(name);

/** The model that an object only holds, undefined for another kind of object. */
const heldBy = (object: PyObject): PyObject | undefined => {
  if (object.name === FIXED_THRESHOLD || object.name === TUNED_THRESHOLD)
    return needObject(needAttribute(object, 'estimator_'), 'its estimator');
  if (!Object.hasOwn(HOLDERS, object.name)) return undefined;
  const held = attributeOf(object, HOLDERS[object.name]!);
  if (!isKind(held, 'object'))
    throw unsupported(
      `the ${shortName(object.name)} keeps no fitted model: it was not fitted, or with refit=False`,
    );
  return held;
};

/** Whether an object is, or holds, a classifier that is read. */
export const isModel = (object: PyObject): boolean =>
  Object.hasOwn(READERS, object.name) ||
  Object.hasOwn(HOLDERS, object.name) ||
  isPipeline(object) ||
  [CALIBRATED, VOTING, BAGGING, STACKING, FIXED_THRESHOLD, TUNED_THRESHOLD].includes(object.name) ||
  /(Classifier|Regressor|Regression|Booster)(CV)?$/.test(object.name);

const SUPPORTED = [...Object.keys(READERS), CALIBRATED, VOTING, BAGGING, STACKING]
  .map(shortName)
  .filter((name) => name !== 'Booster');

/** @throws AppError model-unsupported, model-broken */
export const readFittedModel = (
  object: PyObject,
  matrix: DesignMatrix,
  visited: VisitedObjects,
): FittedModel => {
  countColumns(visited, 1 + matrix.derivedColumns.length);
  return within(visited, object, () => {
    if (isPipeline(object)) return readPipeline(object, matrix, visited);
    const held = heldBy(object);
    if (held) return withThreshold(readFittedModel(held, matrix, visited), object);
    switch (object.name) {
      case CALIBRATED:
        return readCalibrated(object, matrix, visited);
      case VOTING:
        return readVoting(object, matrix, visited);
      case BAGGING:
        return readBagging(object, matrix, visited);
      case STACKING:
        return readStacking(object, matrix, (inner, over) => readFittedModel(inner, over, visited));
      default:
        return readSingle(object, matrix, visited);
    }
  });
};

/** The object that was first given the columns: it knows how many, and their names. */
export const firstFitted = (object: PyObject): PyObject => {
  let first = object;
  // Files in use nest less deeply.
  for (let depth = 0; depth < 8; depth++) {
    const inner = isPipeline(first)
      ? firstStep(first)
      : (firstOfUnion(first) ?? wrappedEstimator(first));
    if (!inner || (!isPipeline(first) && attributeOf(first, 'n_features_in_') !== undefined))
      return first;
    first = inner;
  }
  return first;
};

/** A FeatureUnion gives all its steps the same columns, and counts none itself. */
const firstOfUnion = (object: PyObject): PyObject | undefined =>
  object.name === 'sklearn.pipeline.FeatureUnion'
    ? needItems(needAttribute(object, 'transformer_list'), 'its steps')
        .map((entry) => needItems(entry, 'a step')[1])
        .find((step): step is PyObject => isKind(step, 'object'))
    : undefined;

/** The model at the end of a pipeline, or inside a calibrated or frozen one. */
export const innerEstimator = (object: PyObject): PyObject | undefined => {
  if (!isPipeline(object)) return wrappedEstimator(object);
  const last = stepsOf(object).at(-1);
  return isKind(last, 'object') ? last : undefined;
};

/** The first step; one that is a function alone keeps no count of its columns, and changes none. */
const firstStep = (pipeline: PyObject): PyObject | undefined => {
  const steps = stepsOf(pipeline).filter((step): step is PyObject => isKind(step, 'object'));
  return steps.find((step) => !isUncounted(step)) ?? steps[0];
};

const isUncounted = (step: PyObject): boolean =>
  shortName(step.name) === 'FunctionTransformer' && countOf(step) === undefined;

const stepsOf = (pipeline: PyObject): (PyValue | undefined)[] =>
  needItems(needAttribute(pipeline, 'steps'), "a pipeline's steps").map(
    (step) => needItems(step, 'a step')[1],
  );

const wrappedEstimator = (object: PyObject): PyObject | undefined => {
  const inner =
    object.name === CALIBRATED
      ? estimatorIn(calibratedIn(object)[0])
      : object.name === VOTING || object.name === STACKING
        ? needItems(needAttribute(object, 'estimators_'), 'its estimators')[0]
        : heldBy(object);
  return isKind(inner, 'object') ? inner : undefined;
};

const calibratedIn = (object: PyObject): readonly PyValue[] =>
  needItems(needAttribute(object, 'calibrated_classifiers_'), 'its calibrated classifiers');

/** `base_estimator` up to version 1.1. */
const estimatorIn = (calibrated: PyValue | undefined): PyValue | undefined =>
  isKind(calibrated, 'object')
    ? (attributeOf(calibrated, 'estimator') ?? attributeOf(calibrated, 'base_estimator'))
    : undefined;

const readSingle = (object: PyObject, matrix: DesignMatrix, visited: VisitedObjects): FittedModel =>
  fittedModelOf(readEstimator(object, visited), matrix, shortName(object.name));

/** @throws AppError model-unsupported for a class that is not known, by name */
export const readEstimator: EstimatorReader = (object, visited) => {
  const reader = Object.hasOwn(READERS, object.name) ? READERS[object.name] : undefined;
  if (!reader)
    throw unsupported(
      `the pickle holds a ${object.name}; ${SUPPORTED.join(', ')} and Pipelines of them are supported`,
    );
  return reader(object, visited);
};

/** @param kind what the estimator is called, for a refusal */
export const fittedModelOf = (
  estimator: Estimator,
  matrix: DesignMatrix,
  kind: string,
): FittedModel => {
  if (matrix.derivedColumns.length !== estimator.columns.length)
    throw broken(
      `the steps before the model make ${matrix.derivedColumns.length} columns, the ${kind} asks ${estimator.columns.length}`,
    );
  const { columns, derivedColumns } = withMissingNumber(
    withCategories(matrix, estimator.columns),
    estimator,
  );
  const isSingle = sumsSingle(estimator, matrix);
  const { classes, acceptsMissing, acceptsAnyNumber, decision, isOnlyDecision } = estimator;
  const { score, derivedColumns: asked } = foldOneHotScale(
    scoreOver(estimator, matrix),
    derivedColumns,
  );
  return {
    columns,
    derivedColumns: asked,
    members: [
      {
        weight: 1,
        score: isSingle && score.kind === 'linear' ? { ...score, precision: 'float32' } : score,
        link: isSingle ? 'logistic32' : estimator.link,
        calibration: { kind: 'none' },
      },
    ],
    classes,
    acceptsMissing,
    ...(acceptsAnyNumber && { acceptsAnyNumber }),
    ...(estimator.notes && { notes: estimator.notes }),
    ...(decision && { decision }),
    ...(isOnlyDecision && { isOnlyDecision }),
  };
};

/** The matrix, of which a model takes one number for a missing one. */
const withMissingNumber = (matrix: DesignMatrix, { missingNumber }: Estimator): DesignMatrix => {
  if (missingNumber === undefined) return matrix;
  const derivedColumns = matrix.derivedColumns.map((derived): DerivedColumn => {
    return derived.of === 'number' && isUnscaled(derived) && derived.missing === undefined
      ? { ...derived, missingNumber }
      : operate(derived, { do: 'lose', number: missingNumber });
  });
  return { ...matrix, derivedColumns };
};

/** Whether a linear model sums columns of 0 and 1 in single precision. */
const sumsSingle = (
  { score, link, isSingle = false, decision }: Estimator,
  matrix: DesignMatrix,
): boolean =>
  isSingle &&
  matrix.isSingle === true &&
  score.kind === 'linear' &&
  link === 'logistic' &&
  decision?.slope === 1 &&
  matrix.derivedColumns.every((derived) => derived.of === 'equals' && isUnscaled(derived));

const scoreOver = (
  { score, missesZeros }: Estimator,
  { isSparse }: DesignMatrix,
): Member['score'] =>
  score.kind === 'forest' && missesZeros && isSparse
    ? { kind: 'forest', forest: { ...score.forest, zeroIsMissing: true } }
    : score;

/** The matrix, after the model has said which of its columns it takes for categories. */
const withCategories = (matrix: DesignMatrix, asked: readonly ForeignColumn[]): DesignMatrix => {
  let { columns } = matrix;
  const derivedColumns = matrix.derivedColumns.map((derived, i): DerivedColumn => {
    const own = asked[i]!;
    if (derived.of === 'product') {
      if (own.values) throw unsupported('a model that splits by categories over products');
      return derived;
    }
    const { column } = derived;
    if (own.name !== undefined && columns[column]!.name === undefined && derived.of === 'number')
      columns = columns.with(column, { ...columns[column]!, name: own.name });
    if (!own.values) return derived;
    if (derived.of !== 'number' || !isUnscaled(derived) || derived.missing !== undefined)
      throw unsupported('a model that splits by categories over encoded or filled columns');
    columns = withValues(columns, column, own);
    return { column, of: 'code', values: own.values };
  });
  return { ...matrix, columns, derivedColumns };
};

/** From which probability a classifier with a threshold of its own decides for its last class. */
const withThreshold = (answer: FittedModel, object: PyObject): FittedModel => {
  if (object.name !== FIXED_THRESHOLD && object.name !== TUNED_THRESHOLD) return answer;
  const given =
    object.name === FIXED_THRESHOLD
      ? needAttribute(object, 'threshold')
      : needAttribute(object, 'best_threshold_');
  if (given === 'auto') return answer;
  if (attributeOf(object, 'response_method') === 'decision_function')
    throw unsupported(
      `a ${shortName(object.name)} whose threshold is one of the decision_function is not supported; response_method='predict_proba' is`,
    );
  const threshold = needNumber(given, 'its threshold');
  if (!(threshold >= 0 && threshold <= 1)) throw broken(`its threshold is ${threshold}`);
  const scorer = attributeOf(object, '_curve_scorer');
  const parameters = isKind(scorer, 'object') ? attributeOf(scorer, '_kwargs') : undefined;
  const label =
    attributeOf(object, 'pos_label') ??
    (isKind(parameters, 'dict') ? parameters.entries.get('pos_label') : undefined) ??
    null;
  const isFirst =
    label !== null &&
    arrayTexts({ kind: 'list', items: [label] }, 'a label')[0] === answer.classes[0];
  return {
    ...answer,
    threshold: isFirst ? 1 - threshold : threshold,
    notes: [
      ...(answer.notes ?? []),
      `the ${shortName(object.name)} decides from ${threshold} on: the threshold is kept`,
    ],
  };
};

const readPipeline = (
  pipeline: PyObject,
  matrix: DesignMatrix,
  visited: VisitedObjects,
): FittedModel => {
  const steps = stepsOf(pipeline);
  const last = needObject(steps.pop(), "a pipeline's last step");
  const made = steps.reduce<DesignMatrix>(
    (before, step) => applyStep(before, step ?? null, visited),
    matrix,
  );
  return readFittedModel(last, made, visited);
};

/** The mean of the calibrated classifiers; one where the calibration was learned over all folds. */
const readCalibrated = (
  object: PyObject,
  matrix: DesignMatrix,
  visited: VisitedObjects,
): FittedModel => {
  const classes = readTwoClasses(object);
  const shared = new Map<PyObject, FittedModel>();
  const calibrated = calibratedIn(object).map((entry) => {
    const own = needObject(entry, 'a calibrated classifier');
    const estimator = needObject(estimatorIn(own), 'the estimator of a calibrated classifier');
    // A frozen estimator is the same object in each fold.
    const answer = shared.get(estimator) ?? readFittedModel(estimator, matrix, visited);
    shared.set(estimator, answer);
    return calibrate(answer, own, shortName(estimator.name));
  });
  return { ...equalMean(calibrated), classes };
};

const equalMean = (answers: readonly FittedModel[]): FittedModel =>
  averageModels(answers.map((answer) => ({ weight: 1 / answers.length, answer })));

const readVoting = (
  object: PyObject,
  matrix: DesignMatrix,
  visited: VisitedObjects,
): FittedModel => {
  if (attributeOf(object, 'voting') !== 'soft')
    throw unsupported(
      "a VotingClassifier with voting='hard' has no probabilities; voting='soft' has",
    );
  const classes = readTwoClasses(object);
  const members = needItems(needAttribute(object, 'estimators_'), 'its estimators');
  const weights = votesOf(object, members.length);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (!(sum > 0)) throw broken('its weights sum to nothing');
  const answers = members.map((member, m) => ({
    weight: weights[m]! / sum,
    answer: readFittedModel(needObject(member, 'an estimator'), matrix, visited),
  }));
  return { ...averageModels(answers), classes };
};

/** Weights of the estimators that were not dropped. */
const votesOf = (object: PyObject, count: number): readonly number[] => {
  const given = attributeOf(object, 'weights') ?? null;
  if (given === null) return new Array<number>(count).fill(1);
  const all = isKind(given, 'array')
    ? [...arrayNumbers(given, 'its weights')]
    : needItems(given, 'its weights').map(Number);
  const named = needItems(needAttribute(object, 'estimators'), 'its estimators');
  const kept = all.filter((_, i) => needItems(named[i], 'an estimator')[1] !== 'drop');
  if (kept.length !== count || kept.some((weight) => !(weight >= 0)))
    throw broken('its weights do not fit its estimators');
  return kept;
};

/** The mean over models that each see some of the columns. */
const readBagging = (
  object: PyObject,
  matrix: DesignMatrix,
  visited: VisitedObjects,
): FittedModel => {
  const classes = readTwoClasses(object);
  const members = needItems(needAttribute(object, 'estimators_'), 'its estimators');
  const chosen = needItems(needAttribute(object, 'estimators_features_'), 'its columns');
  const answers = members.map((member, m) => {
    const places = [...arrayNumbers(chosen[m], 'the columns of an estimator')];
    const derivedColumns = places.map((place) => {
      const derived = matrix.derivedColumns[place];
      if (!derived)
        throw broken(`an estimator asks column ${place} of ${matrix.derivedColumns.length}`);
      return derived;
    });
    countColumns(visited, derivedColumns.length);
    return readFittedModel(
      needObject(member, 'an estimator'),
      { ...matrix, derivedColumns },
      visited,
    );
  });
  return { ...equalMean(answers), classes };
};
