/**
 * scikit-learn's scalers: every cell is moved and divided. Steps of a pipeline.
 * @source sklearn/preprocessing/_data.py (transform of each)
 */
import { numbersOf } from '../pickle/numpy.ts';
import {
  attributeOf,
  broken,
  isKind,
  isTrue,
  type PyObject,
  unsupported,
} from '../pickle/python-values.ts';
import { lineCell, type Matrix, scaleCell } from '../matrix.ts';

/** (x - mean) / scale; over a sparse matrix x * (1 / scale). The mean may be known and not wanted. */
export const applyStandard = (matrix: Matrix, step: PyObject): Matrix => {
  const means =
    attributeOf(step, 'with_mean') === false
      ? matrix.cells.map(() => 0)
      : statisticsOf(step, 'mean_', matrix, 0);
  return scaleAll(matrix, means, statisticsOf(step, 'scale_', matrix, 1));
};

export const applyRobust = (matrix: Matrix, step: PyObject): Matrix =>
  scaleAll(
    matrix,
    statisticsOf(step, 'center_', matrix, 0),
    statisticsOf(step, 'scale_', matrix, 1),
  );

export const applyMaxAbs = (matrix: Matrix, step: PyObject): Matrix =>
  scaleAll(
    matrix,
    matrix.cells.map(() => 0),
    statisticsOf(step, 'scale_', matrix, 1),
  );

/** x * scale_ + min_ */
export const applyMinMax = (matrix: Matrix, step: PyObject): Matrix => {
  if (isTrue(attributeOf(step, 'clip')))
    throw unsupported('a MinMaxScaler with clip=True is not supported; clip=False is');
  const factors = statisticsOf(step, 'scale_', matrix, Number.NaN);
  const offsets = statisticsOf(step, 'min_', matrix, Number.NaN);
  return {
    ...matrix,
    cells: matrix.cells.map((cell, i) => {
      const [factor, offset] = [factors[i]!, offsets[i]!];
      checkStatistics(offset, factor);
      return lineCell(cell, factor, offset);
    }),
  };
};

/** One number per cell; `otherwise` where the scaler was told not to use that statistic. */
const statisticsOf = (
  step: PyObject,
  name: string,
  { cells }: Matrix,
  otherwise: number,
): readonly number[] => {
  const value = attributeOf(step, name);
  if (!isKind(value, 'array')) return cells.map(() => otherwise);
  const numbers = numbersOf(value, name);
  if (numbers.length !== cells.length)
    throw broken(`a scaler has ${numbers.length} statistics for ${cells.length} columns`);
  return [...numbers];
};

const scaleAll = (
  matrix: Matrix,
  shifts: readonly number[],
  scales: readonly number[],
): Matrix => ({
  ...matrix,
  cells: matrix.cells.map((cell, i) => {
    const [shift, scale] = [shifts[i]!, scales[i]!];
    checkStatistics(shift, scale);
    return matrix.isSparse ? lineCell(cell, 1 / scale, 0) : scaleCell(cell, shift, scale);
  }),
});

const checkStatistics = (shift: number, scale: number): void => {
  if (!(Number.isFinite(shift) && scale > 0 && Number.isFinite(scale)))
    throw broken('a scaler has no statistics');
};
