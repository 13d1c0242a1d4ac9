/**
 * The steps of a pipeline by name: each turns the cells of a matrix into others.
 */
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
import { applyOneHot, applyOrdinal, applyTarget } from './encoders.ts';
import { shortName } from './estimator.ts';
import { applyImputer } from './imputer.ts';
import type { Matrix } from '../matrix.ts';
import { countCells, type Reading, within } from './visited.ts';
import { applyMaxAbs, applyMinMax, applyRobust, applyStandard } from './scalers.ts';

/** A step over the matrix that it is given. */
type Step = (matrix: Matrix, step: PyObject) => Matrix;

const STEPS: Readonly<Record<string, Step>> = {
  StandardScaler: applyStandard,
  MinMaxScaler: applyMinMax,
  MaxAbsScaler: applyMaxAbs,
  RobustScaler: applyRobust,
  SimpleImputer: applyImputer,
  OneHotEncoder: applyOneHot,
  OrdinalEncoder: applyOrdinal,
  TargetEncoder: applyTarget,
};

/** @throws AppError model-unsupported for a step that is not known, by name */
export const applyStep = (matrix: Matrix, step: PyValue, reading: Reading): Matrix => {
  if (step === null || step === 'passthrough') return matrix;
  if (!isKind(step, 'object')) throw unsupported('a step of the pipeline is no known step');
  countCells(reading, 1 + matrix.cells.length);
  const after = within(reading, step, () => applyObject(matrix, step, reading));
  countCells(reading, after.cells.length);
  return after;
};

const applyObject = (matrix: Matrix, step: PyObject, reading: Reading): Matrix => {
  const name = shortName(step.name);
  const apply = Object.hasOwn(STEPS, name) ? STEPS[name] : undefined;
  if (apply) return apply(matrix, step);
  switch (name) {
    case 'ColumnTransformer':
      return applyColumns(matrix, step, reading, (part, inner) => applyStep(part, inner, reading));
    case 'Pipeline':
      return needItems(needAttribute(step, 'steps'), 'steps').reduce<Matrix>(
        (inner, entry) => applyStep(inner, needItems(entry, 'a step')[1] ?? null, reading),
        matrix,
      );
    case 'FunctionTransformer':
      if ((attributeOf(step, 'func') ?? null) === null) return matrix;
      throw unsupported('a FunctionTransformer runs a function, which is not supported');
    default:
      throw unsupported(
        `a Pipeline with a ${name} is not supported; ${Object.keys(STEPS).join(', ')} and ColumnTransformer are`,
      );
  }
};
