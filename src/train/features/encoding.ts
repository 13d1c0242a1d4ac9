/**
 * Table to inputs, whole columns, as numbers that the one encoder reads which serving uses too.
 */
import { fieldOf } from '../../core/flight.ts';
import { type Input, readColumnInto } from '../../core/inputs.ts';
import { buildCompletion } from '../../core/around/completion.ts';
import type { Table } from '../../core/table.ts';
import { sharedFloats } from '../shared-array.ts';

/**
 * What a model asks for: the table's columns, category values as seen in `known` rows only,
 * so that what appears later counts as unseen, as it will when the model serves.
 */
export const inputsOfTable = (
  table: Table,
  names: readonly string[],
  known: readonly Int32Array[],
): readonly Input[] =>
  names.map((name): Input => {
    const column = table.columns[name as keyof Table['columns']];
    const field = fieldOf(name);
    const input: Input = {
      name,
      kind: column?.kind ?? field?.kind ?? 'number',
      required: REQUIRED.has(name),
      description: field?.description ?? `Column ${name} of the files that were learned from`,
      ...(field?.unit === undefined ? {} : { unit: field.unit }),
    };
    if (column?.kind !== 'category') return input;
    const seen = new Uint8Array(column.values.length);
    for (const rows of known)
      for (let i = 0; i < rows.length; i++) {
        const code = column.codes[rows[i]!]!;
        if (code >= 0) seen[code] = 1;
      }
    return { ...input, values: column.values.filter((_, code) => seen[code] === 1) };
  });

const REQUIRED: ReadonlySet<string> = new Set([
  'airline',
  'origin',
  'destination',
  'scheduledDeparture',
]);

/** float64, shape (nRows, nInputs), row-major, shared: the columns, completed by what is known around the flights. */
export const rawOf = (table: Table, inputs: readonly Input[]): Float64Array => {
  const raw = sharedFloats(table.nRows * inputs.length);
  inputs.forEach((input, i) => {
    const column = table.columns[input.name as keyof Table['columns']];
    readColumnInto(input, column, { into: raw, at: i, stride: inputs.length, nRows: table.nRows });
  });
  if (table.surroundings) buildCompletion(inputs, table.surroundings)?.(raw, 0, table.nRows);
  return raw;
};
