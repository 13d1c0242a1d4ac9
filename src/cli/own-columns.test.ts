/** `train --columns`: the user's own columns, in the model and in all that asks it. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeTime } from '../core/flight.ts';
import { readModel } from '../core/model-file.ts';
import { findModel } from '../core/model-store.ts';
import { buildRandom } from '../core/random.ts';
import { BUSY_TIMEOUT_MS, commandIn } from '../../test/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'puntual-columns-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = commandIn(folder);

/** Nothing but the load and the gate says which flights are late. */
const write = (name: string, firstDay: number, nDays: number): void => {
  const random = buildRandom(firstDay + 1);
  const lines = Array.from({ length: nDays * 80 }, (_, i) => {
    const day = 18_000 + firstDay + Math.floor(i / 80);
    const load = Math.floor(100 * random());
    const gate = ['A1', 'B2', '007'][Math.floor(3 * random())]!;
    const isLate = random() < load / 200 + (gate === 'B2' ? 0.3 : 0);
    const when = encodeTime(day * 1440 + (6 + (i % 16)) * 60);
    const knownLater = isLate ? 90 : 3;
    return `${when},UA,JFK,BOS,${load},${gate},${knownLater},,${isLate ? 30 : 0}`;
  });
  const header =
    'scheduledDeparture,airline,origin,destination,load,Gate,pushback,nothing,delayMinutes';
  writeFileSync(join(folder, name), `${[header, ...lines].join('\n')}\n`);
};

const train = (...args: string[]) =>
  run('train', 'known.csv', '--trees', '20', '--publish', '--no-refit', ...args);

beforeAll(() => {
  write('known.csv', 0, 40);
  write('later.csv', 40, 10);
  expect(train('--name', 'with', '--columns', 'load,Gate').exitCode).toBe(0);
}, BUSY_TIMEOUT_MS);

test('numbers are numbers, everything else is a category, and both are inputs of the model', () => {
  const { model } = readModel(findModel(join(folder, 'models'), 'with'));
  const inputs = Object.fromEntries(model.inputs.map((input) => [input.name, input]));
  expect(inputs['load']).toMatchObject({ kind: 'number', required: false });
  expect(inputs['Gate']).toMatchObject({ kind: 'category', values: ['007', 'A1', 'B2'] });
  expect(model.shares.map(({ input }) => input)).toEqual(expect.arrayContaining(['load', 'Gate']));
});

test(
  'evaluate and predict read them by name, and the forecast rests on them',
  () => {
    const report = JSON.parse(run('evaluate', 'with', 'later.csv', '--json').stdout);
    expect(report.test.auc).toBeGreaterThan(0.62);
    expect(report.absent).toEqual([]);
    expect(
      report.importance.slice(0, 2).map(({ feature }: { feature: string }) => feature),
    ).toEqual(expect.arrayContaining(['load', 'Gate']));
    expect(report.unusedColumns).toEqual(['pushback', 'nothing']);
    run('predict', 'with', 'later.csv', '-o', 'out.ndjson');
    const rows = readFileSync(join(folder, 'out.ndjson'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const meanOf = (isIn: (row: { load: number; Gate: string }) => boolean): number => {
      const chances = rows.filter(isIn).map(({ probability }) => probability);
      return chances.reduce((sum, p) => sum + p, 0) / chances.length;
    };
    expect(meanOf(({ load }) => load > 80)).toBeGreaterThan(meanOf(({ load }) => load < 20) + 0.15);
    expect(meanOf(({ Gate }) => Gate === 'B2')).toBeGreaterThan(
      meanOf(({ Gate }) => Gate !== 'B2') + 0.1,
    );
  },
  BUSY_TIMEOUT_MS,
);

test(
  'a kind that is said is taken',
  () => {
    expect(train('--name', 'coded', '--columns', 'load:category', '--trees', '2').exitCode).toBe(0);
    const { model } = readModel(findModel(join(folder, 'models'), 'coded'));
    expect(model.inputs.find(({ name }) => name === 'load')).toMatchObject({ kind: 'category' });
    const wrong = train('--columns', 'Gate:number');
    expect(wrong.exitCode).toBe(2);
    expect(wrong.stderr).toContain('it holds "007", which is not a number');
  },
  BUSY_TIMEOUT_MS,
);

test.each([
  ['seats', 'known.csv has no column seats, which --columns names; its columns are scheduledDep'],
  ['pushback', 'pushback (from pushback) alone tells late flights from those on time'],
  ['delayMinutes', 'filled only once the flight has departed'],
  ['origin', 'reads it anyway'],
  ['nothing', 'it is empty in every flight'],
  ['load,Load', 'It names load twice'],
])(
  '--columns %s is refused in one sentence',
  (columns, words) => {
    const { exitCode, stderr } = train('--columns', columns);
    expect(stderr).toContain(words);
    expect(exitCode).toBe(2);
  },
  BUSY_TIMEOUT_MS,
);
