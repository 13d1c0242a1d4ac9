/** What `puntual train` says of flights that cannot be learned from, and of odd ones that can. */
import { afterAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFlights } from '../../test/flight-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'puntual-train-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A machine may be busy. */
const TIMEOUT_MS = 60_000;

const MAIN = new URL('./main.ts', import.meta.url).pathname;

const run = (...args: string[]) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, MAIN, ...args], {
    cwd: folder,
  });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
};

const writeEmpty = (path: string): string => {
  writeFileSync(path, '');
  return path;
};

describe('puntual train refuses, in one line and with exit code 2,', () => {
  const bad: [string, (file: string) => string, RegExp, ...string[]][] = [
    ['a file that is empty', (file) => writeEmpty(file), /is empty/],
    ['a file that holds a header only', (file) => writeFlights(file, 0, 0), /header but no rows/],
    ['one flight', (file) => writeFlights(file, 1, 1), /1 flight is too few.*at least 200/],
    ['a hundred flights', (file) => writeFlights(file, 1, 100), /100 flights are too few/],
    [
      'three days, which no split by days can part',
      (file) => writeFlights(file, 3, 500),
      /3 days; a split by whole days.*at least 4/,
    ],
    [
      'flights that are all on time',
      (file) => writeFlights(file, 30, 50, () => ({ delayMinutes: '0' })),
      /no flight of the train part.*both kinds are needed/,
    ],
    [
      'flights that are all late',
      (file) => writeFlights(file, 30, 50, () => ({ delayMinutes: '60' })),
      /every flight of the train part.*both kinds are needed/,
    ],
    [
      'rows of which none can be used',
      (file) => writeFlights(file, 30, 50, () => ({ scheduledDeparture: '2013-13-45T00:00' })),
      /none of the 1500 rows can be used: 1500 impossible time/,
    ],
    [
      'delays that are not numbers',
      (file) => writeFlights(file, 30, 50, () => ({ delayMinutes: 'NaN' })),
      /none of the 1500 rows can be used: 1500 no delay/,
    ],
    [
      'delays that are missing',
      (file) => writeFlights(file, 30, 50, () => ({ delayMinutes: '' })),
      /none of the 1500 rows can be used: 1500 no delay/,
    ],
    [
      'delays that are words',
      (file) => writeFlights(file, 30, 50, () => ({ delayMinutes: 'late' })),
      /none of the 1500 rows can be used: 1500 impossible delay/,
    ],
    [
      'a rolling origin over a single month',
      (file) => writeFlights(file, 30, 50),
      /no month can be judged.*at least 90 days.*30 days/,
      '--rolling',
    ],
    [
      'a name that is no file name, before it learns',
      (file) => writeFlights(file, 1, 1),
      /a\/b cannot name a model/,
      ...['--name', 'a/b'],
    ],
    [
      'one cost without the other',
      (file) => writeFlights(file, 1, 1),
      /--cost-miss and --cost-false-alarm must be given together/,
      ...['--cost-miss', '5'],
    ],
  ];
  test.each(bad)(
    '%s',
    (name, write, sentence, ...flags) => {
      const file = write(join(folder, `${name.replaceAll(/\W+/g, '-')}.csv`));
      const { exitCode, stdout, stderr } = run('train', file, '--name', 'bad', ...flags);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).toMatch(sentence);
      expect(existsSync(join(folder, 'models', 'bad'))).toBe(false);
    },
    TIMEOUT_MS,
  );
});

describe('puntual train learns nothing', () => {
  const places: [string, () => string, RegExp][] = [
    [
      'where the folder of models is a file',
      () => writeEmpty(join(folder, 'no-folder')),
      /no-folder\/there cannot be written: .*no-folder is no folder/,
    ],
    [
      'where the folder of models lies below a file',
      () => join(writeEmpty(join(folder, 'still-none')), 'models'),
      /still-none is no folder/,
    ],
  ];
  test.each(places)(
    '%s',
    (_, place, sentence) => {
      const file = writeFlights(join(folder, 'good.csv'), 60, 60);
      const { exitCode, stderr } = run('train', file, '--name', 'there', '--models', place());
      expect(exitCode).toBe(2);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).toMatch(sentence);
      expect(stderr).not.toMatch(/training/);
    },
    TIMEOUT_MS,
  );
});

describe('puntual train takes as they come', () => {
  const odd: [string, (file: string) => string, { used: number; rejected: number }][] = [
    [
      'columns that never change',
      (file) =>
        writeFlights(file, 30, 50, () => ({
          airline: 'AA',
          destination: 'LAX',
          distanceMiles: '500',
        })),
      { used: 1500, rejected: 0 },
    ],
    [
      'a category of 100,000 values',
      (file) => writeFlights(file, 50, 2000, (row) => ({ destination: `D${row}` })),
      { used: 100_000, rejected: 0 },
    ],
    [
      'some flights without a delay, which it leaves out',
      (file) =>
        writeFlights(file, 30, 60, (row) =>
          row % 3 === 0 ? { delayMinutes: ['NaN', ''][row % 2]! } : {},
        ),
      { used: 1200, rejected: 600 },
    ],
  ];
  test.each(odd)(
    '%s',
    (name, write, rows) => {
      const file = write(join(folder, `${name.replaceAll(/\W+/g, '-')}.csv`));
      // Delays made at random: whether the model beats climatology is luck, and not asked here.
      const words = ['train', file, '--trees', '20', '--publish', '--json'];
      const { exitCode, stdout, stderr } = run(...words);
      expect({ exitCode, stderr: stderr.replaceAll(/^training .*\n/gm, '') }).toEqual({
        exitCode: 0,
        stderr: '',
      });
      const report = JSON.parse(stdout);
      expect(report.rows).toMatchObject(rows);
      expect(report.test.logLoss).toBeLessThan(report.baselines.climatology.logLoss + 0.01);
    },
    TIMEOUT_MS,
  );
});
