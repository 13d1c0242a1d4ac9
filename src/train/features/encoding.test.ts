import { expect, test } from 'bun:test';
import { plantTable } from '../../../test/planted-rows.ts';
import type { Table } from '../../core/table.ts';
import { flightColumnsOf, inputsOfTable, rawOf } from './encoding.ts';

const plain = plantTable(20, 60);
const NAMES = ['airline', 'scheduledDeparture', 'distanceMiles'] as const;

/** Flights of these distances. */
const flightsOf = (distances: (row: number) => number): Table => ({
  ...plain,
  columns: {
    ...plain.columns,
    distanceMiles: {
      kind: 'number',
      numbers: Float64Array.from({ length: plain.nRows }, (_, row) => distances(row)),
    },
  },
});

const columnsOf = (table: Table) => {
  const inputs = inputsOfTable(table, NAMES, [
    Int32Array.from({ length: table.nRows }, (_, i) => i),
  ]);
  const raw = rawOf(table, inputs);
  const { columns } = flightColumnsOf(table, inputs);
  const ofRaw = inputs.map((_, at) =>
    Array.from({ length: table.nRows }, (_, row) => raw[row * inputs.length + at]!),
  );
  return {
    numbers: columns.map((column) => [...column]),
    ofRaw,
    bytes: columns.map((c) => c.BYTES_PER_ELEMENT),
  };
};

test('inputs are in four bytes where that is exact, and are the same as those of rows', () => {
  const { numbers, ofRaw, bytes } = columnsOf(
    flightsOf((row) => (row % 9 === 4 ? Number.NaN : row)),
  );
  expect(numbers).toEqual(ofRaw);
  expect(bytes).toEqual([4, 8, 4]);
});

test('an input whose last numbers need eight bytes has them from its first on', () => {
  const last = plain.nRows - 1;
  const { numbers, ofRaw, bytes } = columnsOf(
    flightsOf((row) => (row === last ? 0.1 : row % 9 === 4 ? Number.NaN : row)),
  );
  expect(numbers).toEqual(ofRaw);
  expect(bytes).toEqual([4, 8, 8]);
});
