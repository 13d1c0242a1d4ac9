import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { encodeTime } from '../../core/flight.ts';
import { loadTable } from '../cleaning/load.ts';

const FIXTURES = join(import.meta.dir, '../fixtures');

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'puntual-arrow-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

test.each([
  'plain.arrow',
  'stream.arrows',
  'lz4.feather',
  'zstd.feather',
])('%s, written by pyarrow, gives the flights that were put in', async (name) => {
  const { nRows, columns, delayMinutes, source } = await loadTable([join(FIXTURES, name)]);
  expect(source).toMatchObject({
    dialect: 'puntual',
    nRowsRead: 300,
    rejected: { 'no delay': 30 },
  });
  expect(nRows).toBe(270);
  const { airline, scheduledDeparture, distanceMiles } = columns;
  if (airline?.kind !== 'category' || scheduledDeparture?.kind !== 'time') throw new Error('kinds');
  expect(airline.values).toEqual(['B6', 'UA']);
  expect([...airline.codes.subarray(0, 6)]).toEqual([1, 0, -1, 1, 0, -1]);
  expect(encodeTime(scheduledDeparture.minutes[3]!)).toBe('2013-07-05T18:51');
  expect(distanceMiles?.kind === 'number' && [...distanceMiles.numbers.subarray(0, 3)]).toEqual([
    Number.NaN,
    101.5,
    102.5,
  ]);
  expect([...delayMinutes.subarray(0, 10)]).toEqual([
    -20, -19, -18, -17, -16, -15, -14, -13, -12, -10,
  ]);
});

test('an Arrow file is known by its first bytes, whatever its name', async () => {
  const file = join(folder, 'flights.data');
  writeFileSync(file, readFileSync(join(FIXTURES, 'plain.arrow')));
  expect((await loadTable([file])).nRows).toBe(270);
});

test('an Arrow file that is cut off or overwritten is refused, or read; it breaks nothing else', async () => {
  const whole = readFileSync(join(FIXTURES, 'lz4.feather'));
  const file = join(folder, 'hurt.feather');
  const cuts = [8, 100, 1000, whole.length - 20, whole.length - 1].map((n) => whole.subarray(0, n));
  const hurt = Array.from({ length: 40 }, (_, i) => {
    const copy = Buffer.from(whole);
    copy.fill(0xa5 ^ i, 8 + i * 150, 8 + i * 150 + 3);
    return copy;
  });
  let nRefused = 0;
  for (const content of [...cuts, ...hurt]) {
    writeFileSync(file, content);
    try {
      await loadTable([file]);
    } catch (error) {
      expect(error).toBeInstanceOf(AppError);
      nRefused++;
    }
  }
  expect(nRefused).toBeGreaterThanOrEqual(cuts.length);
});
