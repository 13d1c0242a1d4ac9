/**
 * What a model asks of flights, input by input: each step of training reads few inputs of all flights, one after the other.
 */
import { buildEncoder, type Feature, inputsOf } from '../core/features.ts';
import type { Input } from '../core/inputs.ts';
import { ENCODER_ROWS } from '../core/steps/lookup.ts';

/** The numbers of an input: in four bytes where that is exact, as with codes, counts and most distances. */
export type InputColumn = Float32Array | Float64Array;

export interface FlightColumns {
  readonly inputs: readonly Input[];
  /** Of each input, shape (nRows), shared. */
  readonly columns: readonly InputColumn[];
}

/** float64, shape (rows.length, nInputs), row-major: what a predictor is asked about some flights. */
export const rawOfRows = ({ columns }: FlightColumns, rows: ArrayLike<number>): Float64Array => {
  const nInputs = columns.length;
  const raw = new Float64Array(rows.length * nInputs);
  columns.forEach((column, at) => {
    for (let i = 0; i < rows.length; i++) raw[i * nInputs + at] = column[rows[i]!]!;
  });
  return raw;
};

/** By code of a category: its code among fewer values, NaN where it is not among them. */
export const narrowCodes = (
  from: readonly Input[],
  to: readonly Input[],
  name: string,
): readonly number[] => {
  const valuesOf = (inputs: readonly Input[]): readonly string[] =>
    inputs.find((input) => input.name === name)?.values ?? [];
  const places = new Map(valuesOf(to).map((value, code) => [value, code]));
  return valuesOf(from).map((value) => places.get(value) ?? Number.NaN);
};

/** float64, shape (rows.length): one feature of some flights. */
export const featureOfRows = (
  feature: Feature,
  flights: FlightColumns,
  rows: Int32Array,
): Float64Array => {
  const values = new Float64Array(rows.length);
  featureInto(feature, flights, rows, values);
  return values;
};

/** Fills `values` with one feature of some flights. */
export const featureInto = (
  feature: Feature,
  { inputs, columns }: FlightColumns,
  rows: Int32Array,
  values: Float64Array,
): void => {
  const asked = inputsOf(feature);
  const places = [...inputs.keys()].filter((place) => asked.includes(inputs[place]!.name));
  const nAsked = places.length;
  const encode = buildEncoder(
    places.map((place) => inputs[place]!),
    [feature],
  );
  const raw = new Float64Array(ENCODER_ROWS * nAsked);
  for (let begin = 0; begin < rows.length; begin += ENCODER_ROWS) {
    const n = Math.min(ENCODER_ROWS, rows.length - begin);
    for (let at = 0; at < nAsked; at++) {
      const column = columns[places[at]!]!;
      for (let i = 0; i < n; i++) raw[i * nAsked + at] = column[rows[begin + i]!]!;
    }
    encode(raw, 0, values, begin, n);
  }
};
