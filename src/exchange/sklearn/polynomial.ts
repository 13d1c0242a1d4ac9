/**
 * scikit-learn's PolynomialFeatures: the products of all columns with each other, up to a degree. A step of a pipeline.
 * @source sklearn/preprocessing/_polynomial.py (_combinations, transform)
 */
import { COLUMNS_LIMIT } from '../build-forest.ts';
import {
  type DerivedColumn,
  type DesignMatrix,
  operate,
  type SingleColumn,
  withRequired,
} from '../design-matrix.ts';
import {
  attributeOf,
  broken,
  isKind,
  isTrue,
  needAttribute,
  needNumber,
  type PyObject,
  type PyValue,
  unsupported,
} from '../pickle/python-values.ts';

export const applyPolynomial = (matrix: DesignMatrix, step: PyObject): DesignMatrix => {
  const [least, most] = degreesOf(needAttribute(step, 'degree'));
  const isInteraction = isTrue(attributeOf(step, 'interaction_only'));
  const { derivedColumns: columns } = matrix;
  const made: DerivedColumn[] = [];
  const add = (column: DerivedColumn): void => {
    if (made.push(column) > COLUMNS_LIMIT)
      throw unsupported(`a PolynomialFeatures makes more than ${COLUMNS_LIMIT} columns`);
  };
  if (isTrue(attributeOf(step, 'include_bias'))) add(onesLike(columns[0]));
  for (let degree = Math.max(1, least); degree <= most; degree++)
    for (const places of combinations(columns.length, degree, isInteraction))
      add(productOf(places.map((place) => columns[place]!)));
  return { ...matrix, columns: withRequired(matrix), derivedColumns: made };
};

/** `2`, or the least and the most. */
const degreesOf = (value: PyValue): readonly [number, number] => {
  const [least, most] = isKind(value, 'tuple') || isKind(value, 'list') ? value.items : [0, value];
  const degrees = [needNumber(least, 'a degree'), needNumber(most, 'a degree')] as const;
  if (!degrees.every((degree) => Number.isInteger(degree) && degree >= 0 && degree <= 7))
    throw unsupported(
      `a PolynomialFeatures of the degree ${degrees[1]} is not supported; up to 7 is`,
    );
  return degrees;
};

/** Places that rise, or do not fall, as itertools lists them. */
function* combinations(
  count: number,
  length: number,
  isRising: boolean,
): Generator<readonly number[]> {
  const places = Array.from({ length }, (_, i) => (isRising ? i : 0));
  if (isRising && length > count) return;
  for (;;) {
    yield places;
    let at = length - 1;
    while (at >= 0 && places[at] === count - 1 - (isRising ? length - 1 - at : 0)) at--;
    if (at < 0) return;
    places[at]!++;
    for (let i = at + 1; i < length; i++) places[i] = places[i - 1]! + (isRising ? 1 : 0);
  }
}

const productOf = (columns: readonly DerivedColumn[]): DerivedColumn => {
  const [only] = columns;
  if (only && columns.length === 1) return only;
  return { of: 'product', factors: columns.map(singleOf), operations: [] };
};

/** Steps over products that are multiplied again nest without need. */
const singleOf = (column: DerivedColumn): SingleColumn => {
  if (column.of === 'product')
    throw unsupported('a PolynomialFeatures over products of columns is not supported');
  return column;
};

/** A column of ones, whatever it is made of. */
const onesLike = (column: DerivedColumn | undefined): DerivedColumn => {
  if (!column) throw broken('it has no columns');
  const from = column.of === 'product' ? column.factors[0]! : column;
  const numbered: SingleColumn =
    from.of === 'number' || from.of === 'equals'
      ? { column: from.column, of: 'chain', from, operations: [] }
      : from;
  return operate(operate(numbered, { do: 'line', factor: 0, offset: 1 }), {
    do: 'fill',
    number: 1,
  });
};
