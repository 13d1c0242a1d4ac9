/**
 * The steps of a pipeline by name: each turns the columns of a matrix into others.
 */

import type { DesignMatrix } from '../design-matrix.ts';
import { nearestWay } from '../nearest-way.ts';
import {
  attributeOf,
  isKind,
  needAttribute,
  needItems,
  type PyObject,
  type PyValue,
  unsupported,
} from '../pickle/python-values.ts';
import { applyColumns } from './column-transformer.ts';
import { applyBinarizer, applyBins } from './discretizer.ts';
import { applyOneHot, applyOrdinal, applyTarget } from './encoders.ts';
import { shortName } from './estimator.ts';
import { applyFunction } from './function-transformer.ts';
import { applyImputer } from './imputer.ts';
import { applyPolynomial } from './polynomial.ts';
import { applyMaxAbs, applyMinMax, applyRobust, applyStandard } from './scalers.ts';
import { countColumns, type VisitedObjects, within } from './visited-objects.ts';

/** A step over the matrix that it is given. */
type Step = (matrix: DesignMatrix, step: PyObject) => DesignMatrix;

const STEPS: Readonly<Record<string, Step>> = {
  StandardScaler: applyStandard,
  MinMaxScaler: applyMinMax,
  MaxAbsScaler: applyMaxAbs,
  RobustScaler: applyRobust,
  SimpleImputer: applyImputer,
  OneHotEncoder: applyOneHot,
  OrdinalEncoder: applyOrdinal,
  TargetEncoder: applyTarget,
  KBinsDiscretizer: applyBins,
  PolynomialFeatures: applyPolynomial,
  FunctionTransformer: applyFunction,
  Binarizer: applyBinarizer,
};

/** Whether an object is a step that changes columns, as a model is not. */
export const isStep = ({ name }: PyObject): boolean =>
  /^sklearn\.(preprocessing|impute|compose|decomposition|feature_selection)\./.test(name) ||
  Object.hasOwn(STEPS, shortName(name));

/** @throws AppError model-unsupported for a step that is not known, by name */
export const applyStep = (
  matrix: DesignMatrix,
  step: PyValue,
  visited: VisitedObjects,
): DesignMatrix => {
  if (step === null || step === 'passthrough') return matrix;
  if (!isKind(step, 'object')) throw unsupported('a step of the pipeline is no known step');
  countColumns(visited, 1 + matrix.derivedColumns.length);
  const after = within(visited, step, () => applyObject(matrix, step, visited));
  countColumns(visited, after.derivedColumns.length);
  return after;
};

const applyObject = (
  matrix: DesignMatrix,
  step: PyObject,
  visited: VisitedObjects,
): DesignMatrix => {
  const name = shortName(step.name);
  const apply = Object.hasOwn(STEPS, name) ? STEPS[name] : undefined;
  if (apply) return apply(matrix, step);
  // Samplers of imbalanced-learn only change what is trained on.
  if (/^imblearn\.(over_sampling|under_sampling|combine)\./.test(step.name)) return matrix;
  switch (name) {
    case 'ColumnTransformer':
      return applyColumns(matrix, step, visited, (part, inner) => applyStep(part, inner, visited));
    case 'FeatureUnion':
      return applyUnion(matrix, step, visited);
    case 'Pipeline':
      return needItems(needAttribute(step, 'steps'), 'steps').reduce<DesignMatrix>(
        (inner, entry) => applyStep(inner, needItems(entry, 'a step')[1] ?? null, visited),
        matrix,
      );
    default:
      throw unsupported(
        `a Pipeline with a ${name} is not supported; ${Object.keys(STEPS).join(', ')} and ColumnTransformer are; ${nearestWay(step.name)}`,
      );
  }
};

/** The columns of several steps over the same columns, one after the other. */
const applyUnion = (
  matrix: DesignMatrix,
  step: PyObject,
  visited: VisitedObjects,
): DesignMatrix => {
  if ((attributeOf(step, 'transformer_weights') ?? null) !== null)
    throw unsupported('a FeatureUnion with transformer_weights is not supported');
  let { columns } = matrix;
  const parts = needItems(needAttribute(step, 'transformer_list'), 'its steps').flatMap((entry) => {
    const [, inner] = needItems(entry, 'a step');
    if (inner === 'drop') return [];
    const done = applyStep({ ...matrix, columns }, inner ?? null, visited);
    columns = done.columns;
    return [done];
  });
  return {
    columns,
    derivedColumns: parts.flatMap(({ derivedColumns }) => derivedColumns),
    isSparse: parts.some(({ isSparse }) => isSparse),
  };
};
