import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { AppError } from '../core/errors.ts';
import { encodeModel } from '../core/model-file.ts';
import type { Table } from '../core/table.ts';
import { plantTable } from '../../test/planted-rows.ts';
import { DEFAULT_OPTIONS, type TrainOptions } from './settings.ts';
import { trainModel } from './training.ts';

/** A machine may be busy. */
setDefaultTimeout(60_000);

const OPTIONS: TrainOptions = { ...DEFAULT_OPTIONS, nTrees: 20, nThreads: 1 };

const failure = async (table: Table, options: Partial<TrainOptions> = {}): Promise<AppError> => {
  try {
    await trainModel(table, { ...OPTIONS, ...options });
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('training', () => {
  test('gives the same bytes with one thread and with two', async () => {
    const table = plantTable(40, 120);
    const one = await trainModel(table, OPTIONS);
    const two = await trainModel(table, { ...OPTIONS, nThreads: 2 });
    expect(encodeModel(two.judged.model).sha256).toBe(encodeModel(one.judged.model).sha256);
    expect(encodeModel(two.refit!.model).sha256).toBe(encodeModel(one.refit!.model).sha256);
  });

  test('learns what the flights show, and beats climatology on later days', async () => {
    const { report } = await trainModel(plantTable(60, 200), OPTIONS);
    expect(report.test.auc).toBeGreaterThan(0.63);
    expect(report.test.logLoss).toBeLessThan(report.baselines.climatology.logLoss + 0.002);
    expect(report.split.train < report.split.test).toBe(true);
  });

  test('keeps the best round when it is stopped early', async () => {
    const {
      judged: { model },
    } = await trainModel(plantTable(40, 120), OPTIONS, ({ round }) => round < 3);
    expect(model.heads.length).toBeGreaterThan(0);
  });

  const bad: [string, () => Table, Partial<TrainOptions>, string, RegExp][] = [
    [
      'no flight at all',
      () => plantTable(0, 0),
      {},
      'data-too-small',
      /no flight can be learned from/,
    ],
    ['one flight', () => plantTable(1, 1), {}, 'data-too-small', /1 flight is too few/],
    ['three days', () => plantTable(3, 200), {}, 'data-too-small', /3 days.*at least 4/],
    [
      'flights that are all on time',
      () => plantTable(20, 50, { delayMinutes: new Float32Array(1000) }),
      {},
      'data-unfit',
      /no flight of the train part/,
    ],
    [
      'delays that are not numbers',
      () => plantTable(20, 50, { delayMinutes: new Float32Array(1000).fill(Number.NaN) }),
      {},
      'data-unfit',
      /1000 flights have a delay that is not a number/,
    ],
  ];
  test.each(bad)('refuses %s, with a sentence', async (_, table, options, code, sentence) => {
    const error = await failure(table(), options);
    expect(error.code).toBe(code as AppError['code']);
    expect(error.message).toMatch(sentence);
  });

  test('refuses a column that gives the answer away', async () => {
    const table = plantTable(40, 120);
    const numbers = Float64Array.from(table.delayMinutes, (delay) => delay * 0.9 + 3);
    const leaky = {
      ...table,
      columns: { ...table.columns, distanceMiles: { kind: 'number', numbers } as const },
    };
    const error = await failure(leaky);
    expect(error.code).toBe('data-leak');
    expect(error.message).toMatch(/distanceMiles/);
  });

  test('takes a constant column and a category of 100,000 values as they come', async () => {
    const table = plantTable(40, 120);
    const codes = Int32Array.from({ length: table.nRows }, (_, row) => (row * 20_011) % 100_000);
    const values = Array.from(
      { length: 100_000 },
      (_, code) => `N${String(code).padStart(6, '0')}`,
    );
    const wide: Table = {
      ...table,
      columns: {
        ...table.columns,
        distanceMiles: { kind: 'number', numbers: new Float64Array(table.nRows).fill(100) },
        tailNumber: { kind: 'category', codes, values },
        destination: { kind: 'category', codes, values },
      },
    };
    const { report } = await trainModel(wide, { ...OPTIONS, quantiles: false });
    expect(report.test.auc).toBeGreaterThan(0.55);
  });
});
