/** What `evaluate` and `train --if-better` say where two things are compared that are not alike. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeTime } from '../core/flight.ts';
import { readModel } from '../core/model-file.ts';
import { findModel } from '../core/model-store.ts';
import { buildRandom } from '../core/random.ts';
import { BUSY_TIMEOUT_MS, commandIn } from '../../test/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'puntual-evaluate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = commandIn(folder);

const HEADER = 'scheduledDeparture,airline,origin,destination,temperatureF,delayMinutes';

interface Days {
  readonly first: number;
  readonly n: number;
  readonly origin?: string;
}

/** Warm hours are late, and evenings a little. */
const linesOf = ({ first, n, origin = 'JFK' }: Days): string[] => {
  const random = buildRandom(first + 500);
  return Array.from({ length: n * 60 }, (_, i) => {
    const day = 18_000 + first + Math.floor(i / 60);
    const hour = 6 + (i % 15);
    const warm = Math.floor(100 * random());
    const isLate = random() < 0.02 * (hour - 6) + warm / 160;
    const airline = ['UA', 'B6', 'DL'][i % 3]!;
    return `${encodeTime(day * 1440 + hour * 60)},${airline},${origin},${['BOS', 'LAX'][i % 2]!},${warm},${isLate ? 40 : 2}`;
  });
};

const put = (name: string, lines: readonly string[], header = HEADER): string => {
  writeFileSync(join(folder, name), `${[header, ...lines].join('\n')}\n`);
  return name;
};

/** Without the temperature. */
const drop = (text: string): string => text.split(',').toSpliced(4, 1).join(',');

const train = (file: string, name: string, ...args: string[]) =>
  run('train', file, '--name', name, '--trees', '20', ...args);

beforeAll(() => {
  const known = linesOf({ first: 0, n: 48 });
  put('known.csv', known);
  put('known-dry.csv', known.map(drop), drop(HEADER));
  const later = linesOf({ first: 48, n: 14 });
  put('later.csv', later);
  put('later-dry.csv', later.map(drop), drop(HEADER));
  for (const [file, name] of [
    ['known.csv', 'warm'],
    ['known-dry.csv', 'dry'],
  ] as const)
    expect(train(file, name, '--publish').exitCode).toBe(0);
}, BUSY_TIMEOUT_MS);

test(
  'a model of the weather that is given none of it is marked in red, in text, JSON and on the page',
  () => {
    const sentence =
      'The model looks at temperatureF, which these flights do not have (--weather FILE gives the weather): it is measured without, which may be below its worth.';
    const { stdout } = run('evaluate', 'warm', 'later-dry.csv', '-o', 'dry.html');
    expect(stdout).toStartWith(`! ${sentence}\n`);
    expect(stdout).toContain('in none of these flights, treated as missing: temperatureF\n');
    // It is not among what has moved: it is not there.
    expect(stdout).not.toMatch(/^temperatureF/m);
    const page = readFileSync(join(folder, 'dry.html'), 'utf8');
    expect(page).toContain(sentence);
    expect(page).toContain('In none of these flights, treated as missing: temperature');
    expect(page).not.toContain('class="verdict good"');
    expect(JSON.parse(run('evaluate', 'warm', 'later.csv', '--json').stdout).warnings).toEqual([]);
  },
  BUSY_TIMEOUT_MS,
);

test(
  'a comparison of two models says in red which of them was measured without what it looks at, or by something else',
  () => {
    const { stdout } = run('evaluate', 'dry', 'later-dry.csv', '--against', 'warm');
    expect(stdout.split('\n')[0]).toMatch(/^! warm \S+ looks at temperatureF, which these flights/);
    const other = run(
      ...['evaluate', 'dry', 'later-dry.csv', '--against', 'warm'],
      ...['--late-minutes', '30'],
      ...['--map', MAP],
    ).stdout.split('\n');
    const words = other.filter((line) => line.startsWith('! ')).join('\n');
    for (const name of ['The model', String.raw`warm \S+`]) {
      expect(words).toMatch(
        new RegExp(`! ${name} was learned for the delay of the arrival; these files hold that of`),
      );
      expect(words).toMatch(
        new RegExp(
          `! ${name} answers how likely a delay of 15 min or more is; it is measured here by 30`,
        ),
      );
    }
  },
  BUSY_TIMEOUT_MS,
);

/** The same columns, said to be delays of departures. */
const MAP =
  'scheduledDeparture=scheduledDeparture,airline=airline,origin=origin,destination=destination,delayMinutes=delayMinutes,target=departure';

test(
  'flights before the first day that a model knows are no forecast, and said to be none',
  () => {
    put('earlier.csv', linesOf({ first: -14, n: 12 }));
    const { stdout } = run('evaluate', 'warm', 'earlier.csv');
    expect(stdout).toContain('days that it does not know, all of them in hindsight, the model ');
    expect(stdout).toStartWith(
      '! 720 of these 720 flights left before the first day that the model knows: it was learned from what came after them',
    );
  },
  BUSY_TIMEOUT_MS,
);

test(
  'days in a gap between those that a model knows are not called known, and figures on them hindsight: in text, JSON and on the page',
  () => {
    const days = '2019-04-14..2019-05-03, 2019-05-14..2019-06-10';
    put('gap.csv', [...linesOf({ first: 0, n: 20 }), ...linesOf({ first: 30, n: 28 })]);
    const trained = train('gap.csv', 'gap', '--publish').stdout;
    expect(trained).toContain(`trained again on all 2,880 flights (${days}) in`);
    expect(run('model', 'show', 'gap', '--models', 'models').stdout).toContain(
      `knows 2880 flights of the days ${days}\n`,
    );
    const { known } = readModel(findModel(join(folder, 'models'), 'gap')).model.provenance
      .trainedOn!;
    expect(known).toMatchObject({ days: '2019-04-14..2019-06-10', ranges: days.split(', ') });

    put('around.csv', linesOf({ first: 0, n: 70 }));
    const report = JSON.parse(
      run('evaluate', 'gap', 'around.csv', '--json', '-o', 'gap.html').stdout,
    );
    expect(report.rows).toEqual({ read: 4200, rejected: 2880, used: 1320 });
    expect(report.rejected).toEqual({ 'on days that the model knows': 2880 });
    expect(report.seen).toEqual({ days, rows: 2880, included: false });
    expect(report.hindsight).toEqual({
      rows: 600,
      byModel: [{ name: 'the model', before: 0, between: 600 }],
    });
    const warning =
      '600 of these 1,320 flights left on days between those that the model knows: it was learned from what came before and after them, so this is hindsight and no forecast.';
    expect(report.warnings).toEqual([warning]);
    expect(report.verdict).toStartWith(
      `On 1,320 flights of days that it does not know (2,880 on days that it knows, ${days}, were left out), 600 of them in hindsight, the model `,
    );
    const page = readFileSync(join(folder, 'gap.html'), 'utf8');
    for (const text of [warning, report.verdict, days.replaceAll('..', ' to ')])
      expect(page).toContain(text);
    expect(page).not.toContain('class="verdict good"');
    expect(run('evaluate', 'gap', 'around.csv').stdout).toStartWith(`! ${warning}\n`);

    const all = JSON.parse(
      run('evaluate', 'gap', 'around.csv', '--include-training', '--json').stdout,
    );
    expect(all.seen).toEqual({ days, rows: 2880, included: true });
    expect(all.hindsight.rows).toBe(600);
    expect(all.warnings).toHaveLength(2);
    // The other model knows the first 48 days, so the gap too.
    const both = JSON.parse(
      run('evaluate', 'gap', 'around.csv', '--against', 'warm', '--json').stdout,
    );
    expect(both.rows.used).toBe(720);
    expect(both.hindsight.rows).toBe(0);
    expect(both.seen.days).toBe(`${days} and 2019-04-14..2019-05-31`);
  },
  BUSY_TIMEOUT_MS,
);

test(
  'flights that stand in the files twice are counted in red',
  () => {
    const numbered = linesOf({ first: 50, n: 5 }).map((line, i) => `${line},${i}`);
    put('once.csv', numbered, `${HEADER},flightNumber`);
    put('copy.csv', numbered.slice(0, 60), `${HEADER},flightNumber`);
    expect(run('evaluate', 'warm', 'once.csv').stdout).not.toContain('! ');
    expect(run('evaluate', 'warm', 'once.csv', 'copy.csv').stdout).toStartWith(
      '! 60 of these 360 flights stand in the files again (same airline, number, airports and departure)',
    );
  },
  BUSY_TIMEOUT_MS,
);

test(
  'values that the model was not trained on are counted, and not called absent; few flights say nothing of drift',
  () => {
    put('elsewhere.csv', linesOf({ first: 50, n: 5, origin: 'SCL' }));
    const { stdout } = run('evaluate', 'warm', 'elsewhere.csv', '-o', 'elsewhere.html');
    expect(stdout).toContain('never seen in training, treated as missing: origin of 300 flights\n');
    expect(stdout).not.toContain('in none of these flights');
    expect(stdout).toMatch(/^origin +\d+\.\d+ {2}strong$/m);
    expect(readFileSync(join(folder, 'elsewhere.html'), 'utf8')).toContain(
      'Never seen in training, treated as missing: airport of departure of 300 flights.',
    );
    const few = linesOf({ first: 60, n: 3 }).slice(0, 150);
    put('few.csv', few);
    expect(run('evaluate', 'warm', 'few.csv').stdout).toContain(
      '150 flights are too few to say whether the inputs have moved; 200 are expected\n',
    );
    expect(run('evaluate', 'warm', 'later.csv').stdout).toContain(
      'no input has moved: every drift index (PSI) is below 0.1\n',
    );
  },
  BUSY_TIMEOUT_MS,
);

test(
  'what a stored model learned from and what it is measured on stand below the verdict, with rates; it knows how many were late',
  () => {
    const { provenance } = readModel(findModel(join(folder, 'models'), 'warm')).model;
    const nLate = linesOf({ first: 0, n: 48 }).filter((line) => line.endsWith(',40')).length;
    expect(provenance.trainedOn!.known).toMatchObject({ rows: 2880 });
    expect(provenance.trainedOn!.known!.baseRate).toBeCloseTo(nLate / 2880, 12);
    const report = JSON.parse(
      run('evaluate', 'warm', 'later.csv', '--json', '-o', 'later.html').stdout,
    );
    expect(report.learnedFrom).toEqual([
      { name: 'the model', days: '2019-04-14..2019-05-31', rows: 2880, baseRate: nLate / 2880 },
    ]);
    const page = readFileSync(join(folder, 'later.html'), 'utf8');
    const lead = page.slice(page.indexOf('class="verdict'), page.indexOf('class="facts"'));
    expect(lead).toContain(`${((100 * nLate) / 2880).toFixed(1)} %`);
    expect(lead).toContain('2019-06-01 to 2019-06-14');
    // How its days were split once says nothing of a model that was learned again from all of them.
    expect(lead).not.toContain('validation');
    expect(page).not.toContain('Split in time');
  },
  BUSY_TIMEOUT_MS,
);

test(
  'a split at random is said first, and its test flights are not called those of unknown days',
  () => {
    const { stdout } = train('known.csv', 'random', '--split', 'random', '--publish');
    expect(stdout).toStartWith('! split at random');
    expect(stdout).toMatch(
      /^On [\d,]+ flights drawn at random from the days that it learned from, the model/m,
    );
    const version = readFileSync(join(folder, 'models', 'random', 'current'), 'utf8').trim();
    const page = readFileSync(join(folder, 'models', 'random', version, 'report.html'), 'utf8');
    expect(page).not.toContain('class="verdict good"');
    expect(page).not.toContain('The model never sees a day');
  },
  BUSY_TIMEOUT_MS,
);

test(
  '--if-better refuses another question before it learns, and a current model that was not given what it looks at is not beaten',
  () => {
    const minutes = train('known.csv', 'warm', '--if-better', '--late-minutes', '30');
    expect(minutes.exitCode).toBe(2);
    expect(minutes.stderr).toContain('of 15 min or more is, the new one of 30 min or more');
    expect(minutes.stderr).not.toContain('training');
    const target = train('known.csv', 'warm', '--if-better', '--map', MAP);
    expect(target.exitCode).toBe(2);
    expect(target.stderr).toContain(
      'was learned for the delay of the arrival, the new one for that of the departure',
    );
    const before = readFileSync(join(folder, 'models', 'blind', 'current'), 'utf8');
    const unfair = train('known-dry.csv', 'blind', '--if-better');
    expect(unfair.exitCode).toBe(99);
    expect(unfair.stderr).toContain(
      'but the current model looks at temperatureF, which these flights do not have (--weather FILE gives the weather), so that this is no fair comparison',
    );
    expect(readFileSync(join(folder, 'models', 'blind', 'current'), 'utf8')).toBe(before);
  },
  BUSY_TIMEOUT_MS,
);

beforeAll(() => {
  // One that knows the days before the test only, and little of them.
  const args = ['--trees', '1', '--leaves', '2', '--no-refit', '--publish'];
  expect(train('known.csv', 'blind', ...args).exitCode).toBe(0);
  expect(existsSync(join(folder, 'models', 'blind', 'current'))).toBe(true);
}, BUSY_TIMEOUT_MS);

test(
  'a refusal names the columns that were not used, and what they may have been meant for',
  () => {
    const lines = linesOf({ first: 48, n: 4 });
    put('renamed.csv', lines, HEADER.replace('airline,origin,destination', 'carrier,from,to'));
    const words = 'not used: carrier, from, to; did you mean airline, origin, destination?';
    expect(run('evaluate', 'warm', 'renamed.csv').stderr).toContain(words);
    expect(run('predict', 'warm', 'renamed.csv', '-o', 'out.csv').stderr).toContain(words);
    const early = train('known.csv', 'x', '--test-from', '2019-04-15');
    expect(early.exitCode).toBe(2);
    expect(early.stderr).toContain(
      '1 day of flights before the test (from 2019-04-15 on) is too few',
    );
    put(
      'punctual.csv',
      lines.filter((line) => line.endsWith(',2')),
    );
    const none = run('evaluate', 'warm', 'punctual.csv');
    expect(none.exitCode).toBe(2);
    expect(none.stderr).toMatch(
      /none of the \d+ flights of punctual.csv is 15 minutes late or more/,
    );
  },
  BUSY_TIMEOUT_MS,
);
