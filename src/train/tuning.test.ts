import { expect, setDefaultTimeout, test } from 'bun:test';
import { plantTable } from '../../test/planted-rows.ts';
import { DEFAULT_OPTIONS } from './settings.ts';
import { bestOf, tune } from './tuning.ts';

/** A machine may be busy. */
setDefaultTimeout(60_000);

const N_DAYS = 48;
const PER_DAY = 100;
const OPTIONS = { ...DEFAULT_OPTIONS, nTrees: 20, nThreads: 1 };
const table = plantTable(N_DAYS, PER_DAY);

test('a search for settings never looks at the test flights', async () => {
  const nTest = Math.round(N_DAYS * OPTIONS.shares.test) * PER_DAY;
  const isTest = (row: number): boolean => row >= table.nRows - nTest;
  const otherwise = {
    ...table,
    delayMinutes: table.delayMinutes.map((delay, row) =>
      isTest(row) ? (delay >= 15 ? 0 : 60) : delay,
    ),
  };
  expect(await tune(otherwise, OPTIONS, 3)).toEqual(await tune(table, OPTIONS, 3));
});

test('every trial is told as it ends, the defaults first, and the smallest loss is the best', async () => {
  const told: number[] = [];
  const trials = await tune(table, OPTIONS, 3, (_, index) => told.push(index));
  expect(told).toEqual([0, 1, 2]);
  expect(trials[0]!.settings).toEqual({});
  const losses = trials.map(({ validationLoss }) => validationLoss);
  expect(bestOf(trials).validationLoss).toBe(Math.min(...losses));
});
