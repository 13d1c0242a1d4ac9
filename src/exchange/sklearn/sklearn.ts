/**
 * A pickle of scikit-learn, or of a library's wrapper for it -> ForeignModel.
 * The columns of the first step become the model's; its estimators become the score.
 */

import { featuresOf, markColumns, startDesignMatrix } from '../design-matrix.ts';
import type { ForeignModel } from '../foreign-model.ts';
import { arrayTexts } from '../pickle/numpy.ts';
import {
  attributeOf,
  broken,
  isKind,
  needNumber,
  type PyObject,
  type PyValue,
  unsupported,
} from '../pickle/python-values.ts';
import { type FittedModel, shortName } from './estimator.ts';
import { READERS } from './estimator-readers.ts';
import {
  firstFitted,
  fittedModelOf,
  innerEstimator,
  readEstimator,
  readFittedModel,
} from './meta-estimators.ts';
import { startVisited } from './visited-objects.ts';

/** @throws AppError model-unsupported, model-broken */
export const readSklearn = (value: PyValue): ForeignModel => {
  if (!isKind(value, 'object'))
    throw unsupported(
      `the pickle holds ${nameOf(value)}, not a model; dump the fitted estimator or pipeline alone`,
    );
  const visited = startVisited();
  const made = madeBy(value);
  const first = firstFitted(value);
  const names = namesOf(first) ?? namesOf(value);
  if (Object.hasOwn(READERS, value.name)) {
    const estimator = readEstimator(value, visited);
    const matrix = startDesignMatrix(estimator.columns.length, names);
    return foreignOf(fittedModelOf(estimator, matrix, shortName(value.name)), made);
  }
  const count = attributeOf(first, 'n_features_in_') ?? null;
  const nColumns =
    count === null
      ? (names?.length ?? readEstimator(first, startVisited()).columns.length)
      : needNumber(count, 'its number of columns');
  return foreignOf(readFittedModel(value, startDesignMatrix(nColumns, names), visited), made);
};

const foreignOf = (answer: FittedModel, made: string): ForeignModel => {
  const { columns, derivedColumns, members, classes, acceptsMissing, isOnlyDecision } = answer;
  const { notes, threshold } = answer;
  const [member] = members;
  if (!member) throw broken('it has no estimators');
  if (isOnlyDecision)
    throw unsupported(`a ${made} has no probabilities; CalibratedClassifierCV around it adds them`);
  const features = featuresOf({ columns, derivedColumns, isSparse: false });
  return {
    madeBy: made,
    columns: markColumns(columns, derivedColumns),
    ...(features && { features }),
    ...(members.length === 1
      ? { score: member.score, link: member.link, calibration: member.calibration }
      : { score: { kind: 'mean', members }, link: 'identity' }),
    classes,
    acceptsMissing,
    ...(notes && { notes }),
    ...(threshold !== undefined && { threshold }),
  };
};

/** What a pickle holds that is no fitted object, for the message. */
const nameOf = (value: PyValue): string => {
  if (isKind(value, 'dict')) return 'a dictionary';
  if (isKind(value, 'list')) return 'a list';
  if (isKind(value, 'tuple')) return 'a tuple';
  if (isKind(value, 'array')) return 'an array';
  if (isKind(value, 'global')) return `the class ${value.name}`;
  return typeof value === 'string' ? 'a text' : 'a plain value';
};

const madeBy = (object: PyObject): string => {
  const library = object.name.split('.')[0]!;
  if (library !== 'sklearn') return library === 'lightgbm' ? 'LightGBM' : 'XGBoost';
  const version = attributeOf(object, '_sklearn_version');
  const kind = shortName(object.name);
  const inner = innerEstimator(object);
  return [
    'scikit-learn',
    ...(typeof version === 'string' ? [version.slice(0, 20)] : []),
    inner ? `${kind} of ${shortName(inner.name)}` : kind,
  ].join(' ');
};

const namesOf = (object: PyObject): readonly string[] | undefined => {
  const names = attributeOf(object, 'feature_names_in_') ?? null;
  const texts = names === null ? undefined : arrayTexts(names, 'the column names');
  // Names that LightGBM gives to columns without one.
  return texts?.every((name, c) => name === `Column_${c}`) ? undefined : texts;
};
