/** `evaluate` and `predict` of an imported model agree on which flights it can answer, and refuse the same files. */
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FOLDER = mkdtempSync(join(tmpdir(), 'puntual-agreement-'));
const FIXTURES = join(import.meta.dir, '../exchange/fixtures');
afterAll(() => rmSync(FOLDER, { recursive: true }));

const puntual = (...args: string[]) => {
  const run = Bun.spawnSync([process.execPath, join(import.meta.dir, 'main.ts'), ...args], {
    cwd: FOLDER,
  });
  return { code: run.exitCode, out: run.stdout.toString(), err: run.stderr.toString() };
};

const N_FLIGHTS = 40;

/** Flights, with cells of columns that a model may ask for. */
const write = (
  file: string,
  columns: Readonly<Record<string, (row: number) => string>>,
): string => {
  const lines = Array.from({ length: N_FLIGHTS }, (_, row) =>
    [
      'AA,JFK,LAX',
      `2019-04-${String(1 + (row % 28)).padStart(2, '0')}T0${row % 10}:30`,
      row % 3 === 0 ? '40' : '0',
      ...Object.values(columns).map((cell) => cell(row)),
    ].join(','),
  );
  const names = [
    'airline,origin,destination,scheduledDeparture,delayMinutes',
    ...Object.keys(columns),
  ];
  writeFileSync(join(FOLDER, file), `${names.join(',')}\n${lines.join('\n')}\n`);
  return file;
};

const importAs = (name: string, fixture: string, ...words: string[]): void => {
  const { code, err } = puntual(
    ...['model', 'import', join(FIXTURES, fixture), '--name', name, ...words],
  );
  expect({ code, err }).toEqual({ code: 0, err: '' });
};

const both = (model: string, file: string) => ({
  evaluated: puntual('evaluate', model, file, '--json'),
  predicted: puntual('predict', model, file, '-o', 'out.csv', '--json'),
});

describe('a file of flights', () => {
  importAs('line', 'logistic-protocol2.pkl', '--inputs', '["hourOfDay","km","noise"]');
  importAs('boosted', 'lightgbm.pkl', '--inputs', '["hourOfDay","km","noise"]');
  const hour = (row: number) => `${row % 24}`;

  test('with the inputs as columns of their own is measured and answered alike, row by row', () => {
    const file = write('whole.csv', {
      hourOfDay: hour,
      km: (row) => (row % 4 === 1 ? '' : `${row * 50}`),
      noise: () => '0.5',
    });
    const { evaluated, predicted } = both('line', file);
    expect(JSON.parse(predicted.out).rows).toEqual({ read: 40, scored: 30, unscored: 10 });
    expect(JSON.parse(predicted.out).unscored).toEqual({ 'no km': 10 });
    const report = JSON.parse(evaluated.out);
    expect(report.rows).toEqual({ read: 40, rejected: 10, used: 30 });
    expect(report.rejected).toEqual({ 'no km': 10 });
    // The ranking is that of the answers that predict wrote.
    const [header, ...lines] = readFileSync(join(FOLDER, 'out.csv'), 'utf8').trim().split('\n');
    const probabilityAt = header!.split(',').indexOf('probability');
    const scored = lines.flatMap((line) => {
      const cells = line.split(',');
      const p = cells[probabilityAt]!;
      return p === '' ? [] : [{ late: cells[4] === '40', p: Number(p) }];
    });
    expect(scored).toHaveLength(30);
    const pairs = scored
      .filter(({ late }) => late)
      .flatMap((a) => scored.filter(({ late }) => !late).map((b) => [a.p, b.p] as const));
    const won = pairs.reduce((sum, [a, b]) => sum + (a > b ? 1 : a === b ? 0.5 : 0), 0);
    expect(report.test.auc).toBeCloseTo(won / pairs.length, 2);
  }, 180_000);

  test.each([
    ['line', 'that has none of the inputs', {}, 'hourOfDay'],
    [
      'boosted',
      'that has none of the inputs, of which all are optional',
      {},
      'hourOfDay, km, noise',
    ],
    ['line', 'that lacks a required one', { hourOfDay: hour, noise: hour }, 'km'],
  ] as const)(
    'is refused by both for the model %s, naming them: one %s',
    (model, _, columns, named) => {
      const { evaluated, predicted } = both(model, write('few.csv', columns));
      for (const { code, out, err } of [evaluated, predicted]) {
        expect(err).toContain(named);
        expect({ code, out }).toEqual({ code: 2, out: '' });
      }
    },
    180_000,
  );

  test('that has some of the optional inputs is measured by both; nothing is said of a training', () => {
    const file = write('some.csv', { hourOfDay: hour });
    const { out } = puntual('evaluate', 'boosted', file);
    expect(out).toContain('treated as missing: km, noise');
    expect(out).toContain('does not say how its inputs were distributed in training');
    expect(out).not.toContain('no input is distributed otherwise');
    expect(puntual('predict', 'boosted', file, '-o', 'out.csv').out).toContain('40 of 40');
  }, 180_000);
});

test('flights are judged within --memory, an even share of them where they do not fit', () => {
  importAs('bounded', 'logistic-protocol2.pkl', '--inputs', '["hourOfDay","km","noise"]');
  const rows = Array.from(
    { length: 250_000 },
    (_, i) =>
      `A${i % 30},JF${i % 40},LA${i % 50},201${i % 4}-0${1 + (i % 9)}-0${1 + (i % 7)}T0${i % 10}:30,${i % 3 === 0 ? 40 : 0},${i % 24},${i % 2000},0.5`,
  );
  writeFileSync(
    join(FOLDER, 'many.csv'),
    `airline,origin,destination,scheduledDeparture,delayMinutes,hourOfDay,km,noise\n${rows.join('\n')}\n`,
  );
  const { code, out, err } = puntual(
    ...['evaluate', 'bounded', 'many.csv', '--memory', '400MB', '--json'],
  );
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const { rows: counted, rejected, peakMemoryMb } = JSON.parse(out);
  expect(peakMemoryMb).toBeLessThan(400 / 1.048576);
  expect(counted).toEqual({ read: 250_000, rejected: 187_500, used: 62_500 });
  expect(rejected).toEqual({
    'passed over to stay within the memory, one in 4 is kept': 187_500,
  });
}, 180_000);
