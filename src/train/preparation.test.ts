import { expect, test } from 'bun:test';
import { plantTable } from '../../test/planted-rows.ts';
import { startPlan } from '../core/around/departure-plan.ts';
import { departuresOf, type Table } from '../core/table.ts';
import { buildTrainingPool } from './engine/training-pool.ts';
import { prepare, prepareEveryDay, prepareTwice } from './preparation.ts';
import { DEFAULT_OPTIONS } from './settings.ts';

/** Forty days whose last fly to an airport, and with aircraft, that nobody saw before; with the plan of the days. */
const plantChange = (): Table => {
  const plain = plantTable(40, 120);
  const { nRows } = plain;
  const { airline } = plain.columns;
  if (airline?.kind !== 'category') throw new Error('the planted flights have airlines');
  const isLate = (row: number): number => (row > 0.9 * nRows ? 1 : 0);
  const column = (values: readonly string[], codeOf: (row: number) => number) => ({
    kind: 'category' as const,
    values,
    codes: Int32Array.from({ length: nRows }, (_, row) => codeOf(row)),
  });
  const origin = column(['EWR', 'JFK'], (row) => row % 2);
  const destination = column(['ATL', 'BOS', 'LAX'], (row) => (row * 7) % (2 + isLate(row)));
  const tailNumber = column(
    Array.from({ length: 60 }, (_, tail) => `N${tail}`),
    (row) => (row * 11) % (50 + 10 * isLate(row)),
  );
  const plan = startPlan();
  const minutes = Int32Array.from(departuresOf(plain));
  plan.add(
    {
      minutes,
      origin: origin.codes,
      destination: destination.codes,
      airline: airline.codes,
      tailNumber: tailNumber.codes,
    },
    nRows,
  );
  const names = {
    origin: origin.values,
    destination: destination.values,
    airline: airline.values,
    tailNumber: tailNumber.values,
  };
  return {
    ...plain,
    columns: { ...plain.columns, origin, destination, tailNumber },
    surroundings: { plan: plan.finish(names) },
    source: { ...plain.source, rejected: { cancelled: 1 } },
  };
};

test('flights prepared beside every day are to the bit those prepared by themselves', async () => {
  const pool = buildTrainingPool(1);
  try {
    const table = plantChange();
    const { judged, everyDay } = await prepareTwice(table, DEFAULT_OPTIONS, pool);
    const alone = await prepare(table, DEFAULT_OPTIONS, pool);
    expect(judged.parts).toEqual(alone.parts);
    expect(judged.features).toEqual(alone.features);
    expect(judged.inputs).toEqual(alone.inputs);
    // As numbers: the bits of a missing one may differ.
    const numbersOf = ({ flights }: typeof alone) => flights.columns.map((column) => [...column]);
    expect(numbersOf(judged)).toEqual(numbersOf(alone));
    const last = await prepareEveryDay(table, DEFAULT_OPTIONS, pool);
    expect(everyDay.parts).toEqual(last.parts);
    expect(everyDay.features).toEqual(last.features);
    // The test is about something: the last days' values are known to one of the two only.
    const knows = ({ inputs }: typeof alone): number =>
      inputs.find(({ name }) => name === 'tailNumber')!.values!.length;
    expect([knows(judged), knows(everyDay)]).toEqual([50, 60]);
    expect(alone.features.map(({ name }) => name)).toContain('flightsOfAircraft');
  } finally {
    pool.dismiss();
  }
});
