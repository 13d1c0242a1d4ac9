/**
 * scikit-learn's scalers: every column is shifted and scaled. Steps of a pipeline.
 * @source sklearn/preprocessing/_data.py (transform of each)
 */

import {
  type DerivedColumn,
  type DesignMatrix,
  multiplyAdd,
  operate,
  shiftAndScale,
} from '../design-matrix.ts';
import { arrayNumbers } from '../pickle/numpy.ts';
import {
  attributeOf,
  broken,
  isKind,
  isTrue,
  needItems,
  needNumber,
  type PyObject,
} from '../pickle/python-values.ts';

/** (x - mean) / scale; over a sparse matrix x * (1 / scale). The mean may be known and not wanted. */
export const applyStandard = (matrix: DesignMatrix, step: PyObject): DesignMatrix => {
  const means =
    attributeOf(step, 'with_mean') === false
      ? matrix.derivedColumns.map(() => 0)
      : statisticsOf(step, 'mean_', matrix, 0);
  return scaleAll(matrix, means, statisticsOf(step, 'scale_', matrix, 1));
};

export const applyRobust = (matrix: DesignMatrix, step: PyObject): DesignMatrix =>
  scaleAll(
    matrix,
    statisticsOf(step, 'center_', matrix, 0),
    statisticsOf(step, 'scale_', matrix, 1),
  );

export const applyMaxAbs = (matrix: DesignMatrix, step: PyObject): DesignMatrix => {
  const scaled = scaleAll(
    matrix,
    matrix.derivedColumns.map(() => 0),
    statisticsOf(step, 'scale_', matrix, 1),
  );
  const range = isTrue(attributeOf(step, 'clip')) ? ([-1, 1] as const) : undefined;
  return {
    ...scaled,
    derivedColumns: scaled.derivedColumns.map((derived) => clipped(derived, range)),
  };
};

/** x * scale_ + min_ */
export const applyMinMax = (matrix: DesignMatrix, step: PyObject): DesignMatrix => {
  const range = isTrue(attributeOf(step, 'clip')) ? rangeOf(step) : undefined;
  const factors = statisticsOf(step, 'scale_', matrix, Number.NaN);
  const offsets = statisticsOf(step, 'min_', matrix, Number.NaN);
  return {
    ...matrix,
    derivedColumns: matrix.derivedColumns.map((derived, i) => {
      const [factor, offset] = [factors[i]!, offsets[i]!];
      checkStatistics(offset, factor);
      return clipped(multiplyAdd(derived, factor, offset), range);
    }),
  };
};

/** The column within a range, where the scaler was told to clip. */
const clipped = (
  derived: DerivedColumn,
  range: readonly [number, number] | undefined,
): DerivedColumn =>
  range ? operate(derived, { do: 'clip', least: range[0], most: range[1] }) : derived;

const rangeOf = (step: PyObject): readonly [number, number] => {
  const [least, most] = needItems(attributeOf(step, 'feature_range'), 'its range');
  return [needNumber(least, 'its range'), needNumber(most, 'its range')];
};

/** One number per column; `otherwise` where the scaler was told not to use that statistic. */
const statisticsOf = (
  step: PyObject,
  name: string,
  { derivedColumns }: DesignMatrix,
  otherwise: number,
): readonly number[] => {
  const value = attributeOf(step, name);
  if (!isKind(value, 'array')) return derivedColumns.map(() => otherwise);
  const numbers = arrayNumbers(value, name);
  if (numbers.length !== derivedColumns.length)
    throw broken(`a scaler has ${numbers.length} statistics for ${derivedColumns.length} columns`);
  return [...numbers];
};

const scaleAll = (
  matrix: DesignMatrix,
  shifts: readonly number[],
  scales: readonly number[],
): DesignMatrix => ({
  ...matrix,
  derivedColumns: matrix.derivedColumns.map((derived, i) => {
    const [shift, scale] = [shifts[i]!, scales[i]!];
    checkStatistics(shift, scale);
    return matrix.isSparse
      ? multiplyAdd(derived, 1 / scale, 0)
      : shiftAndScale(derived, shift, scale);
  }),
});

const checkStatistics = (shift: number, scale: number): void => {
  if (!(Number.isFinite(shift) && scale > 0 && Number.isFinite(scale)))
    throw broken('a scaler has no statistics');
};
