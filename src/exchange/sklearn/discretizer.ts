/**
 * scikit-learn's KBinsDiscretizer: the number of a value's bin, or one column of 0 and 1 per bin; and Binarizer, which has
 * two bins. Steps of a pipeline.
 * @source sklearn/preprocessing/_discretization.py (transform)
 */
import type { Operation } from '../../core/steps/operation.ts';
import { COLUMNS_LIMIT } from '../build-forest.ts';
import { type DerivedColumn, type DesignMatrix, operate, withRequired } from '../design-matrix.ts';
import { nextAbove } from '../next-float.ts';
import { arrayNumbers } from '../pickle/numpy.ts';
import {
  attributeOf,
  broken,
  needAttribute,
  needItems,
  needNumber,
  type PyObject,
  type PyValue,
  unsupported,
} from '../pickle/python-values.ts';
import { isSince } from './estimator.ts';
import { isSingleType } from './single-precision.ts';

/** Before 1.2 values so near below an edge counted as past it. */
const SLACK = { share: 1e-5, number: 1e-8 } as const;

export const applyBins = (matrix: DesignMatrix, step: PyObject): DesignMatrix => {
  const all = needItems(needAttribute(step, 'bin_edges_'), 'its edges');
  if (all.length !== matrix.derivedColumns.length)
    throw broken(`bins are known of ${all.length} of ${matrix.derivedColumns.length} columns`);
  const columns = withRequired(matrix);
  const encode = attributeOf(step, 'encode');
  const slack = isSince(step, [1, 2]) ? {} : { slack: SLACK };
  const bins = matrix.derivedColumns.map((derived, i) => {
    const edges = innerEdges(all[i]);
    return { nBins: edges.length + 1, binned: operate(derived, { do: 'bin', edges, ...slack }) };
  });
  switch (encode) {
    case 'ordinal':
      return {
        ...matrix,
        columns,
        derivedColumns: bins.map(({ binned }) => binned),
        isSparse: false,
      };
    case 'onehot':
    case 'onehot-dense': {
      const nDerived = bins.reduce((sum, { nBins }) => sum + nBins, 0);
      if (nDerived > COLUMNS_LIMIT)
        throw unsupported(`a KBinsDiscretizer makes ${nDerived} columns`);
      return {
        ...matrix,
        columns,
        derivedColumns: bins.flatMap(({ nBins, binned }) =>
          Array.from({ length: nBins }, (_, number): DerivedColumn => {
            const is: Operation = { do: 'is', number };
            return operate(binned, is);
          }),
        ),
        isSparse: encode === 'onehot',
        isSingle: isSingleType(attributeOf(step, 'dtype')),
      };
    }
    default:
      throw unsupported(`a KBinsDiscretizer with encode='${String(encode)}' is not supported`);
  }
};

/** 1 above a threshold, else 0. @source sklearn/preprocessing/_data.py (Binarizer) */
export const applyBinarizer = (matrix: DesignMatrix, step: PyObject): DesignMatrix => {
  const threshold = needNumber(needAttribute(step, 'threshold'), 'its threshold');
  if (!Number.isFinite(threshold)) throw broken('its threshold is no number');
  const edges = Float64Array.of(nextAbove(threshold));
  return {
    ...matrix,
    columns: withRequired(matrix),
    derivedColumns: matrix.derivedColumns.map((derived) => operate(derived, { do: 'bin', edges })),
  };
};

/** The first and the last edge bound nothing: values beyond them belong to the outer bins. */
const innerEdges = (value: PyValue | undefined): Float64Array => {
  const edges = arrayNumbers(value, 'the edges of its bins');
  if (edges.length < 1) throw broken('a column has no bins');
  for (let i = 1; i < edges.length; i++)
    if (!(edges[i]! >= edges[i - 1]!)) throw broken('the edges of its bins do not rise');
  return edges.slice(1, -1);
};
