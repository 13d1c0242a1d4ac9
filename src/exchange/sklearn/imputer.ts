/**
 * scikit-learn's SimpleImputer: what a missing value counts as. A step of a pipeline.
 * @source sklearn/impute/_base.py
 */

import { type DerivedColumn, type DesignMatrix, isUnscaled, operate } from '../design-matrix.ts';
import { arrayNumbers } from '../pickle/numpy.ts';
import {
  attributeOf,
  broken,
  isKind,
  isTrue,
  needAttribute,
  needItems,
  type PyObject,
  type PyValue,
  unsupported,
} from '../pickle/python-values.ts';

export const applyImputer = (matrix: DesignMatrix, step: PyObject): DesignMatrix => {
  if (isTrue(attributeOf(step, 'add_indicator')))
    throw unsupported(
      'a SimpleImputer with add_indicator=True is not supported; add_indicator=False is',
    );
  const marker = attributeOf(step, 'missing_values') ?? null;
  if (marker !== null && !(typeof marker === 'number' && Number.isNaN(marker)))
    throw unsupported('a SimpleImputer whose missing values are not NaN is not supported');
  const fills = fillsOf(needAttribute(step, 'statistics_'));
  if (fills.length !== matrix.derivedColumns.length)
    throw broken(`an imputer knows ${fills.length} of ${matrix.derivedColumns.length} columns`);
  const keepsEmpty = isTrue(attributeOf(step, 'keep_empty_features'));
  return {
    ...matrix,
    derivedColumns: matrix.derivedColumns.flatMap((derived, i): DerivedColumn[] => {
      const fill = fills[i]!;
      // Columns that never held a value are left out.
      if (typeof fill === 'number' && Number.isNaN(fill)) {
        if (keepsEmpty) throw broken('an imputer fills a column with nothing');
        return [];
      }
      if (typeof fill === 'number' && !Number.isFinite(fill))
        throw broken('an imputer fills in infinity');
      return [fillMissing(derived, fill)];
    }),
  };
};

const fillsOf = (value: PyValue): readonly (number | string)[] => {
  if (isKind(value, 'array') && value.dtype.code !== 'O')
    return [...arrayNumbers(value, "an imputer's values")];
  return needItems(value, "an imputer's values").map((fill) => {
    if (typeof fill === 'number' || typeof fill === 'string') return fill;
    if (fill === null) return Number.NaN;
    throw broken('an imputer fills in something that is neither text nor a number');
  });
};

const fillMissing = (derived: DerivedColumn, fill: number | string): DerivedColumn => {
  // Encoded categories are never missing.
  if (derived.of === 'equals') return derived;
  if (derived.of === 'number' && (typeof fill === 'string' || isUnscaled(derived)))
    return derived.missing === undefined ? { ...derived, missing: fill } : derived;
  if (typeof fill === 'string')
    throw unsupported('a SimpleImputer of texts after another step is not supported');
  return operate(derived, { do: 'fill', number: fill });
};
