/** Predictions written by `predict`, held against what happened by `evaluate --predictions --outcomes`. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeTime } from '../core/flight.ts';
import { buildRandom } from '../core/random.ts';
import { BUSY_TIMEOUT_MS, commandIn } from '../../test/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'puntual-predictions-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = commandIn(folder);

const HEADER = 'scheduledDeparture,airline,flightNumber,origin,destination,delayMinutes';

/** Each line a flight of its own; the evenings are late. */
const flightsOf = (firstDay: number, nDays: number): string[] => {
  const random = buildRandom(firstDay);
  return Array.from({ length: nDays * 60 }, (_, i) => {
    const day = 18_000 + firstDay + Math.floor(i / 60);
    const hour = 6 + (i % 15);
    const delay = random() < 0.05 + 0.04 * (hour - 6) ? 15 + Math.floor(90 * random()) : -3;
    const airline = ['UA', 'B6', 'DL'][i % 3]!;
    return `${encodeTime(day * 1440 + hour * 60)},${airline},${i % 60},JFK,${['BOS', 'LAX'][i % 2]!},${delay}`;
  });
};

const put = (name: string, lines: readonly string[], header = HEADER): string => {
  writeFileSync(join(folder, name), `${[header, ...lines].join('\n')}\n`);
  return name;
};

const AFTER = flightsOf(40, 20);

beforeAll(() => {
  put('before.csv', flightsOf(0, 40));
  put('after.csv', AFTER);
  const schedule = AFTER.map((line) => line.slice(0, line.lastIndexOf(',')));
  put('plan.csv', schedule, HEADER.slice(0, HEADER.lastIndexOf(',')));
  const args = ['--name', 'm', '--trees', '20', '--publish'];
  expect(run('train', 'before.csv', ...args).exitCode).toBe(0);
  expect(run('predict', 'm', 'plan.csv', '-o', 'plan.parquet').exitCode).toBe(0);
  expect(run('predict', 'm', 'plan.csv', '-o', 'plan-answers.csv').exitCode).toBe(0);
}, BUSY_TIMEOUT_MS);

const evaluate = (predictions: string, outcomes: string, ...args: string[]) => {
  const flags = ['--predictions', predictions, '--outcomes', outcomes];
  return run('evaluate', ...args, ...flags);
};

test(
  'answers of a file score as the model itself does on the same flights, whatever their order',
  () => {
    put('shuffled.csv', [...AFTER].reverse());
    const own = JSON.parse(run('evaluate', 'm', 'after.csv', '--json').stdout);
    const report = JSON.parse(
      evaluate('plan.parquet', 'shuffled.csv', '--json', '-o', 'page.html').stdout,
    );
    expect(report.rows).toEqual({ read: 1200, rejected: 0, used: 1200 });
    expect(report.joinedBy).toEqual([
      'airline',
      'flightNumber',
      'origin',
      'destination',
      'scheduledDeparture',
    ]);
    for (const figure of ['logLoss', 'brier', 'auc', 'baseRate'])
      expect(report.test[figure]).toBeCloseTo(own.test[figure], 5);
    expect(report.comparisons[0]).toMatchObject({
      against: 'constant',
      days: 20,
      logLoss: { interval: { low: expect.any(Number), high: expect.any(Number) } },
    });
    const page = readFileSync(join(folder, 'page.html'), 'utf8').replaceAll('&#39;', "'");
    expect(page.includes(report.verdict)).toBe(true);
    expect(report.verdict).toStartWith(
      'On 1,200 flights that were predicted and have an outcome, the forecast',
    );
  },
  BUSY_TIMEOUT_MS,
);

test(
  'the share of flights that each quantile covers is counted from the file',
  () => {
    const { heads } = JSON.parse(evaluate('plan-answers.csv', 'after.csv', '--json').stdout);
    const lines = readFileSync(join(folder, 'plan-answers.csv'), 'utf8').trim().split('\n');
    const place = lines[0]!.split(',').indexOf('minutesP80');
    const nCovered = AFTER.filter(
      (line, i) => Number(line.split(',').at(-1)) <= Number(lines[i + 1]!.split(',')[place]),
    ).length;
    const p80 = heads.find(
      ({ coverage }: { coverage?: { level: number } }) => coverage?.level === 0.8,
    );
    expect(p80.coverage.value).toBeCloseTo(nCovered / AFTER.length, 12);
    expect(p80.coverage.interval.low).toBeLessThan(p80.coverage.value);
    expect(heads.map(({ name }: { name: string }) => name)).toEqual([
      'at least 30 min (log loss)',
      'at least 60 min (log loss)',
      'P50 of minutes (pinball loss)',
      'P80 of minutes (pinball loss)',
      'P90 of minutes (pinball loss)',
    ]);
  },
  BUSY_TIMEOUT_MS,
);

test(
  'what has no flight of its own, or more than one, is counted and not guessed',
  () => {
    const [first, second, third, ...rest] = AFTER;
    // The first is lost, the second flew twice, and one flight was never predicted.
    put('odd.csv', [second!, second!, third!, ...rest, flightsOf(70, 1)[0]!]);
    const { stdout } = evaluate('plan.parquet', 'odd.csv', '--json');
    const report = JSON.parse(stdout);
    expect(first).toBeDefined();
    expect(report.rows).toEqual({ read: 1200, rejected: 2, used: 1198 });
    expect(report.rejected).toEqual({
      'no outcome: the flight is not in the outcomes, or was cancelled or diverted': 1,
      'more than one flight of that name in the outcomes': 1,
    });
    // The second was predicted, though nobody can say which of the two it is.
    expect(report.notPredicted).toBe(1);
    expect(report.warnings).toEqual([]);
    put('half.csv', AFTER.slice(600));
    const half = evaluate('plan.parquet', 'half.csv').stdout;
    expect(half).toStartWith('! Only 600 of 1,200 predictions have their flight in the outcomes');
  },
  BUSY_TIMEOUT_MS,
);

test(
  'a model that is named says which days it knew: their predictions are left out, and in red when asked for',
  () => {
    run('predict', 'm', 'before.csv', '-o', 'memory.parquet');
    const refused = evaluate('memory.parquet', 'before.csv', 'm');
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain(
      'all 2,400 predictions of memory.parquet are on days that the model knows',
    );
    expect(refused.stderr).not.toContain('has its flight');
    const all = evaluate('memory.parquet', 'before.csv', 'm', '--include-training');
    expect(all.exitCode).toBe(0);
    expect(all.stdout).toStartWith(
      '! 2,400 of these 2,400 flights are on days that the model knows',
    );
    expect(all.stdout).toContain('have an outcome (2,400 on days that the model knows), ');
    // What is left out because its day is known was predicted all the same.
    put('both.csv', [...flightsOf(0, 40), ...AFTER]);
    run('predict', 'm', 'both.csv', '-o', 'both-answers.csv');
    const some = evaluate('both-answers.csv', 'both.csv', 'm');
    expect(some.stdout).toContain('  2,400 left out: on days that the model knows');
    expect(some.stdout).not.toContain('were not predicted');
  },
  BUSY_TIMEOUT_MS,
);

test(
  'files that do not belong together are refused with what was compared',
  () => {
    put('other.csv', flightsOf(90, 5));
    const none = evaluate('plan.parquet', 'other.csv');
    expect(none.exitCode).toBe(2);
    expect(none.stderr).toContain('no prediction of plan.parquet has its flight in other.csv');
    expect(none.stderr).toContain('the first prediction is UA 0 JFK BOS 2019-05-24T06:00');
    const plain = evaluate('after.csv', 'after.csv');
    expect(plain.exitCode).toBe(2);
    expect(plain.stderr).toContain('after.csv has no column probability');
    expect(run('evaluate', '--predictions', 'plan.parquet').stderr).toContain(
      'must be given together',
    );
    expect(run('evaluate', 'm').stderr).toContain('files of flights are expected after the model');
    expect(run('evaluate')).toMatchObject({ exitCode: 2 });
  },
  BUSY_TIMEOUT_MS,
);

test(
  'predictions of a gap between the days that the model knows are counted as hindsight, not as known',
  () => {
    put('halves.csv', [...flightsOf(0, 20), ...flightsOf(50, 20)]);
    expect(
      run('train', 'halves.csv', '--name', 'halves', '--trees', '5', '--publish'),
    ).toMatchObject({ exitCode: 0 });
    const report = JSON.parse(evaluate('plan.parquet', 'after.csv', 'halves', '--json').stdout);
    expect(report.seen).toEqual({
      days: '2019-04-14..2019-05-03, 2019-06-03..2019-06-22',
      rows: 600,
      included: false,
    });
    expect(report.rows.used).toBe(600);
    expect(report.hindsight).toEqual({
      rows: 600,
      byModel: [{ name: 'the model', before: 0, between: 600 }],
    });
    expect(report.verdict).toStartWith(
      'On 600 flights that were predicted and have an outcome (600 on days that the model knows were left out), all of them in hindsight, the forecast',
    );
    expect(report.warnings[0]).toStartWith('600 of these 600 flights left on days between those');
  },
  BUSY_TIMEOUT_MS,
);
