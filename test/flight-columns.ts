/** Rows of inputs as the columns that training works on. */
import type { Input } from '../src/core/inputs.ts';
import type { FlightColumns } from '../src/train/flight-columns.ts';

/** @param raw float64, shape (n, inputs.length), row-major */
export const columnsOfRaw = (inputs: readonly Input[], raw: ArrayLike<number>): FlightColumns => ({
  inputs,
  columns: inputs.map((_, at) =>
    Float64Array.from(
      { length: raw.length / inputs.length },
      (_, row) => raw[row * inputs.length + at]!,
    ),
  ),
});
