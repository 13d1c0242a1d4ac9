/**
 * A pickle of scikit-learn, or of a library's wrapper for it -> ForeignModel.
 * The columns of the first step become the model's; its estimators become the score.
 */

import { featuresOf, markColumns, startDesignMatrix } from '../design-matrix.ts';
import type { ForeignModel } from '../foreign-model.ts';
import {
  attributeOf,
  broken,
  type PyObject,
  type PyValue,
  unsupported,
} from '../pickle/python-values.ts';
import { countOf, namesOf } from './column-names.ts';
import { type FittedModel, shortName } from './estimator.ts';
import { READERS } from './estimator-readers.ts';
import { findModel } from './handed-over.ts';
import {
  firstFitted,
  fittedModelOf,
  innerEstimator,
  readEstimator,
  readFittedModel,
} from './meta-estimators.ts';
import { startVisited } from './visited-objects.ts';

/**
 * @param path which of several values holds the model
 * @throws AppError model-unsupported, model-broken, value-invalid (the path leads nowhere)
 */
export const readSklearn = (pickled: PyValue, path?: string): ForeignModel => {
  const { model: value, names: given } = findModel(pickled, path);
  const visited = startVisited();
  const made = madeBy(value);
  const first = firstFitted(value);
  const known = namesOf(first) ?? namesOf(value);
  if (Object.hasOwn(READERS, value.name)) {
    const estimator = readEstimator(value, visited);
    const names = known ?? namesFor(estimator.columns.length, given);
    const matrix = startDesignMatrix(estimator.columns.length, names);
    return foreignOf(fittedModelOf(estimator, matrix, shortName(value.name)), made);
  }
  const nColumns =
    countOf(first) ?? known?.length ?? readEstimator(first, startVisited()).columns.length;
  const names = known ?? namesFor(nColumns, given);
  return foreignOf(readFittedModel(value, startDesignMatrix(nColumns, names), visited), made);
};

/** Names that lay beside the model, where they are as many as it has columns. */
const namesFor = (
  nColumns: number,
  given: readonly string[] | undefined,
): readonly string[] | undefined => (given?.length === nColumns ? given : undefined);

const foreignOf = (answer: FittedModel, made: string): ForeignModel => {
  const { columns, derivedColumns, members, classes, acceptsMissing, isOnlyDecision } = answer;
  const { notes, threshold, stack, acceptsAnyNumber = false } = answer;
  const [member] = members;
  if (!member && !stack) throw broken('it has no estimators');
  if (isOnlyDecision)
    throw unsupported(`a ${made} has no probabilities; CalibratedClassifierCV around it adds them`);
  const features = featuresOf({ columns, derivedColumns, isSparse: false });
  return {
    madeBy: made,
    columns: markColumns(columns, derivedColumns, acceptsMissing),
    ...(features && { features }),
    ...(stack
      ? { score: stack, link: 'logistic' as const }
      : member && members.length === 1
        ? { score: member.score, link: member.link, calibration: member.calibration }
        : { score: { kind: 'mean', members }, link: 'identity' }),
    classes,
    acceptsMissing,
    acceptsAnyNumber,
    ...(notes && { notes }),
    ...(threshold !== undefined && { threshold }),
  };
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
