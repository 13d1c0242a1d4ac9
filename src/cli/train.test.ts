import { afterAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { encodeTime } from '../core/flight.ts';
import { readModel } from '../core/model-file.ts';
import { findModel } from '../core/model-store.ts';
import { buildRandom } from '../core/random.ts';
import { compilePredictor } from '../predict/compile.ts';
import { buildReferencePredictor } from '../predict/reference.ts';

const folder = mkdtempSync(join(tmpdir(), 'puntual-train-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A machine may be busy. */
const TIMEOUT_MS = 240_000;

const MAIN = new URL('./main.ts', import.meta.url).pathname;

/** A departure board in the Dublin dialect: Ryanair and the evenings are late more often. */
const writeBoard = (file: string, nDays: number, firstDay: number): string => {
  const random = buildRandom(firstDay);
  const lines = [
    'Terminal,Destination,Airline,Flight No.,Scheduled DateTime,Month,Weekday,Minute Delay,Delay Type,Scheduled Date,ScheduledTime,Real Departure Time',
  ];
  for (let day = 0; day < nDays; day++) {
    for (let i = 0; i < 100; i++) {
      const hour = 6 + Math.floor(random() * 16);
      const airline = ['Aer Lingus', 'Ryanair', 'KLM'][Math.floor(random() * 3)]!;
      const city = ['Paris', 'Malaga', 'Leeds', 'Oslo'][Math.floor(random() * 4)]!;
      const chance = 0.1 + 0.02 * (hour - 6) + (airline === 'Ryanair' ? 0.25 : 0);
      const delay = random() < chance ? 20 + Math.floor(random() * 60) : Math.floor(random() * 10);
      const when = encodeTime(((18_000 + firstDay + day) * 24 + hour) * 60).replace('T', ' ');
      lines.push(
        `T1,${city},${airline},X${i},${when}:00,May,Monday,${delay},Short,01-05-2019,10:00,11:00`,
      );
    }
  }
  const path = join(folder, file);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
};

const run = (...args: string[]) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, MAIN, ...args], {
    cwd: folder,
  });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
};

/** A page with its apostrophes as they are read. */
const pageOf = (name: string): string =>
  readFileSync(join(folder, name), 'utf8').replaceAll('&#39;', "'");

/** Anything that may stand in an input: known and unseen codes, moments, absurd numbers, nothing. */
const anyValue = fc.oneof(
  fc.constant(Number.NaN),
  fc.integer({ min: -1, max: 12 }),
  fc.integer({ min: 18_000 * 1440, max: 18_040 * 1440 }),
  fc.double({ min: -1e9, max: 1e9, noNaN: true }),
);

test(
  'a training whose report cannot be written whole leaves nothing of its version, and none is current',
  () => {
    const file = writeBoard('disk.csv', 30, 0);
    const models = join(folder, 'disk');
    // A file may grow to so many blocks of 512 bytes: the model fits, its page does not.
    const { exitCode, stderr } = Bun.spawnSync(
      [
        ...['sh', '-c', 'ulimit -f 190; exec "$@"', 'sh', process.execPath, MAIN],
        ...['train', file, '--name', 'disk', '--models', models, '--publish', '--trees', '20'],
      ],
      { cwd: folder },
    );
    expect(stderr.toString()).toMatch(
      /disk\/disk\/\d{8}T\d{6}Z-[0-9a-f]{8}\/report\.html cannot be written/,
    );
    expect(exitCode).toBe(2);
    expect(readdirSync(join(models, 'disk'))).toEqual([]);
    expect(run('model', 'list', '--models', models).stdout).toContain('holds no model');
  },
  TIMEOUT_MS,
);

describe('puntual train and evaluate', () => {
  const board = writeBoard('board.csv', 30, 0);
  const later = writeBoard('later.csv', 5, 30);

  test(
    'leave a model that passes its self-test, a report as JSON and as a page',
    () => {
      const { exitCode, stdout } = run(
        'train',
        board,
        '--name',
        'dub',
        '--no-refit',
        '--late-minutes',
        '20',
        '--trees',
        '40',
        '--json',
      );
      expect(exitCode).toBe(0);
      const report = JSON.parse(stdout);
      expect(report.test.auc).toBeGreaterThan(0.6);
      expect(report).toMatchObject({
        rows: { read: 3000, rejected: 0, used: 3000 },
        split: {
          train: expect.any(String),
          validation: expect.any(String),
          calibration: expect.any(String),
          test: expect.any(String),
        },
        test: {
          auc: expect.any(Number),
          logLoss: expect.any(Number),
          brier: expect.any(Number),
          ece: expect.any(Number),
          baseRate: expect.any(Number),
          rows: expect.any(Number),
        },
        baselines: {
          climatology: { auc: expect.any(Number), logLoss: expect.any(Number) },
          logistic: { auc: expect.any(Number), logLoss: expect.any(Number) },
        },
        seconds: expect.any(Number),
        peakMemoryMb: expect.any(Number),
      });
      const path = join(folder, JSON.parse(stdout).model);
      for (const file of ['report.json', 'report.html', 'baselines.safetensors'])
        expect(existsSync(join(dirname(path), file))).toBe(true);
      expect(() => compilePredictor(readModel(path).model)).not.toThrow();
    },
    TIMEOUT_MS,
  );

  test(
    'leave answers that never cross, whatever is asked',
    () => {
      const { model } = readModel(findModel(join(folder, 'models'), 'dub'));
      expect(
        model.heads.map((head) => (head.kind === 'quantile' ? head.level : head.minutes)),
      ).toEqual([20, 30, 60, 0.5, 0.8, 0.9]);
      const nInputs = model.inputs.length;
      const anyFlight = fc.array(anyValue, { minLength: nInputs, maxLength: nInputs });
      const answers = new Float64Array(6);
      for (const predictor of [compilePredictor(model), buildReferencePredictor(model)]) {
        fc.assert(
          fc.property(anyFlight, (values) => {
            predictor.predictInto(Float64Array.from(values), 1, answers);
            const [least20, least30, least60, p50, p80, p90] = answers;
            expect(least20).toBeLessThanOrEqual(1);
            expect(least30).toBeLessThanOrEqual(least20!);
            expect(least60).toBeLessThanOrEqual(least30!);
            expect(least60).toBeGreaterThanOrEqual(0);
            expect(p80).toBeGreaterThanOrEqual(p50!);
            expect(p90).toBeGreaterThanOrEqual(p80!);
          }),
          { numRuns: 2000 },
        );
      }
    },
    TIMEOUT_MS,
  );

  test(
    'measure the model on later flights, beside its baselines, with drift',
    () => {
      const costs = ['--cost-miss', '4', '--cost-false-alarm', '1'];
      const { exitCode, stdout } = run(
        'evaluate',
        'dub',
        later,
        ...costs,
        '-o',
        'later.html',
        '--json',
      );
      expect(exitCode).toBe(0);
      const report = JSON.parse(stdout);
      expect(report.rows.used).toBe(500);
      expect(report.test.auc).toBeGreaterThan(0.6);
      expect(report.costThreshold).toBe(0.2);
      const covered = report.heads.flatMap(({ coverage }: { coverage?: { level: number } }) =>
        coverage ? [coverage] : [],
      );
      expect(covered.map(({ level }: { level: number }) => level)).toEqual([0.5, 0.8, 0.9]);
      for (const { level, value } of covered) expect(Math.abs(value - level)).toBeLessThan(0.25);
      expect(report.thresholds).toContainEqual(expect.objectContaining({ threshold: 0.2 }));
      expect(readFileSync(join(folder, 'later.html'), 'utf8')).toContain('suits the costs given');
      expect(Object.keys(report)).toEqual(
        expect.arrayContaining(['model', 'split', 'seconds', 'peakMemoryMb']),
      );
      expect(Object.keys(report.baselines)).toEqual(['climatology', 'logistic']);
      expect(report.drift.map((drift: { input: string }) => drift.input)).toContain('airline');
      expect(report.absent).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    'name the inputs that a file does not have at all',
    () => {
      const lines = readFileSync(later, 'utf8').trim().split('\n');
      const narrow = join(folder, 'narrow.csv');
      writeFileSync(narrow, `${lines.map((line) => line.replace(/^[^,]*,/, '')).join('\n')}\n`);
      const { stdout } = run('evaluate', 'dub', narrow);
      expect(stdout).toContain('in none of these flights, treated as missing: terminal\n');
    },
    TIMEOUT_MS,
  );

  test(
    'measure days that the model does not know only, and say how many were left out; others only when asked, in red',
    () => {
      const evaluate = (...args: string[]) => run('evaluate', 'dub', board, ...args);
      const { exitCode, stdout } = evaluate('--json');
      expect(exitCode).toBe(0);
      const report = JSON.parse(stdout);
      const days = '2019-04-14..2019-05-08';
      expect(report.seen).toEqual({ days, rows: 2500, included: false });
      expect(report.rows).toEqual({ read: 3000, rejected: 2500, used: 500 });
      expect(report.verdict).toContain(`2,500 on days that it knows, ${days}, were left out`);
      expect(report.warnings).toEqual([]);
      const all = evaluate('--include-training', '-o', 'all.html');
      const sentence =
        '2,500 of these 3,000 flights are on days that the model knows (2019-04-14..2019-05-08): every figure below flatters it.';
      expect(all.stdout.split('\n')[0]).toBe(`! ${sentence}`);
      expect(all.stdout).toEndWith('\nreport: all.html\n');
      expect(evaluate().stdout).not.toContain('report:');
      const page = pageOf('all.html');
      expect(page).toContain(`<p class="warning" role="alert">${sentence}</p>`);
      const verdict = all.stdout.split('\n').find((line) => line.startsWith('On 3,000 flights'))!;
      expect(page).toContain(verdict);
      expect(JSON.parse(evaluate('--include-training', '--json').stdout)).toMatchObject({
        warnings: [sentence],
        verdict,
        seen: { days, rows: 2500, included: true },
      });
    },
    TIMEOUT_MS,
  );

  test('refuse to measure on days that the model knows alone', () => {
    const known = writeBoard('known.csv', 20, 0);
    const { exitCode, stderr } = run('evaluate', 'dub', known);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('all 2,000 flights are on days that the model knows');
    expect(stderr).toContain('--include-training');
  });

  test(
    'compare two models on days that neither knows, in one sentence that is the same everywhere',
    () => {
      // It knows every day of the board; the first model all but the last five.
      const stump = ['--name', 'stump', '--late-minutes', '20', '--trees', '1', '--publish'];
      expect(run('train', board, ...stump).exitCode).toBe(0);
      const more = writeBoard('more.csv', 12, 35);
      const args = ['evaluate', 'dub', board, later, more, '--against', 'stump'];
      const text = run(...args, '-o', 'both.html').stdout;
      const report = JSON.parse(run(...args, '--json').stdout);
      expect(report.rows).toEqual({ read: 4700, rejected: 3000, used: 1700 });
      expect(report.rejected).toEqual({ 'on days that one of the two models knows': 3000 });
      const comparison = report.comparisons.at(-1);
      expect(comparison).toMatchObject({ flights: 1700, days: 17, standing: expect.any(String) });
      expect(comparison.against).toMatch(/^stump \S+$/);
      expect(report.against).toMatchObject({ name: comparison.against });
      expect(comparison.logLoss.value).toBeCloseTo(
        1 - report.test.logLoss / report.against.logLoss,
        12,
      );
      expect(comparison.auc.value).toBeCloseTo(report.test.auc - report.against.auc, 12);
      expect(report.verdict).toStartWith(
        'On 1,700 flights of days that neither model knows (3,000 on days that one of the two models knows, 2019-04-14..2019-05-08 and 2019-04-14..2019-05-13, were left out), ',
      );
      expect(report.verdict).toContain(comparison.against);
      expect(text).toContain(`\n${report.verdict}\n`);
      expect(text).toContain(`\n${comparison.against} `);
      expect(pageOf('both.html').includes(report.verdict)).toBe(true);
      const itself = JSON.parse(
        run('evaluate', 'dub', later, more, '--against', 'dub', '--json').stdout,
      );
      expect(itself.comparisons.at(-1)).toMatchObject({
        standing: 'undecided',
        logLoss: { value: 0, interval: { low: 0, high: 0 } },
      });
      const other = run('evaluate', 'dub', later, '--against', 'nobody');
      expect(other.exitCode).toBe(2);
    },
    TIMEOUT_MS,
  );

  test('say first that a model is measured by something else than it was learned for', () => {
    const arrivals = join(folder, 'arrivals.csv');
    const rows = Array.from({ length: 300 }, (_, i) => {
      const [day, late] = [1 + (i % 28), i % 3 === 0 ? 40 : 2];
      return `2020,2,${day},${700 + (i % 12) * 100},${800 + (i % 12) * 100},KLM,${i},JFK,LAX,2475,701,811,${late},x`;
    });
    writeFileSync(
      arrivals,
      `year,month,day,sched_dep_time,sched_arr_time,carrier,flight,origin,dest,distance,dep_time,arr_time,arr_delay,from\n${rows.join('\n')}\n`,
    );
    const { stdout } = run('evaluate', 'dub', arrivals, '--late-minutes', '15');
    const [target, minutes] = stdout.split('\n');
    expect(target).toContain(
      'learned for the delay of the departure; these files hold that of the arrival',
    );
    expect(minutes).toContain(
      'a delay of 20 min or more is; it is measured here by 15 min or more',
    );
    expect(stdout).toContain('not used: from; did you mean origin?');
  });
});

describe('a new model', () => {
  /** A board on which one city is late often, and another one instead from a day on. */
  const writeCities = (file: string, nDays: number, turnsAt: number): string => {
    const random = buildRandom(9);
    const lines = [
      'Terminal,Destination,Airline,Flight No.,Scheduled DateTime,Month,Weekday,Minute Delay,Delay Type,Scheduled Date,ScheduledTime,Real Departure Time',
    ];
    for (let day = 0; day < nDays; day++)
      for (let i = 0; i < 60; i++) {
        const city = ['Paris', 'Malaga', 'Leeds', 'Oslo'][i % 4]!;
        const isBad = city === (day < turnsAt ? 'Malaga' : 'Oslo');
        const delay = random() < (isBad ? 0.7 : 0.15) ? 20 + Math.floor(random() * 60) : 3;
        const when = encodeTime((18_000 + day) * 1440 + (8 + (i % 9)) * 60).replace('T', ' ');
        lines.push(
          `T1,${city},KLM,X${i},${when}:00,May,Monday,${delay},Short,01-05-2019,10:00,11:00`,
        );
      }
    const path = join(folder, file);
    writeFileSync(path, `${lines.join('\n')}\n`);
    return path;
  };
  const train = (file: string, name: string, ...args: string[]) =>
    run('train', file, '--name', name, '--trees', '30', ...args);
  const current = (name: string): string | null => {
    const path = join(folder, 'models', name, 'current');
    return existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
  };

  test(
    'that gains nothing on climatology is stored but not made current, unless that is asked for: exit code 99',
    () => {
      const turned = writeCities('turned.csv', 60, 50);
      const { exitCode, stdout, stderr } = train(turned, 'turned', '--json');
      expect(exitCode).toBe(99);
      const { publication, model, test: test_, baselines, verdict } = JSON.parse(stdout);
      expect(publication.isCurrent).toBe(false);
      const added = 100 * (test_.logLoss / baselines.climatology.logLoss - 1);
      expect(stderr).toContain(
        `not made current: on the test days its log loss is ${added.toFixed(1)} % above climatology's`,
      );
      expect(stderr.includes("climatology's, a difference within chance")).toBe(
        verdict.includes('difference from climatology (airline × hour) is within chance'),
      );
      expect(existsSync(join(folder, model))).toBe(true);
      expect(current('turned')).toBeNull();
      const published = train(turned, 'turned', '--publish');
      expect(published.exitCode).toBe(0);
      expect(current('turned')).not.toBeNull();
      expect(published.stdout).toContain(
        `\nreport: ${join('models', 'turned', current('turned')!, 'report.html')}\n`,
      );
    },
    TIMEOUT_MS,
  );

  test(
    'is made current with --if-better only where it gains on the current one, on days that neither knows',
    () => {
      const steady = writeCities('steady.csv', 72, 72);
      expect(train(steady, 'steady', '--if-better', '--trees', '1', '--leaves', '2').exitCode).toBe(
        0,
      );
      const first = current('steady');
      const better = train(steady, 'steady', '--if-better', '--json');
      expect(better.exitCode).toBe(0);
      const { publication } = JSON.parse(better.stdout);
      expect(publication.comparison.standing).toBe('better');
      expect(publication.comparison.logLoss.interval.low).toBeGreaterThan(0);
      expect(publication.comparison.against).toContain(first);
      const second = current('steady');
      expect(second).not.toBe(first);
      const same = train(steady, 'steady', '--if-better');
      expect(same.exitCode).toBe(99);
      expect(same.stderr).toMatch(
        /that neither knows its difference from \S.* is within chance: log loss \S+ %, 95 % interval \S+ to \S+ %;/,
      );
      expect(current('steady')).toBe(second);
      const early = writeCities('early.csv', 40, 40);
      const incomparable = [
        train(early, 'steady', '--if-better', '--trees', '1'),
        train(steady, 'steady', '--if-better', '--trees', '1', '--split', 'random'),
      ];
      for (const { exitCode, stderr } of incomparable) {
        expect(exitCode).toBe(99);
        expect(stderr).toContain(
          `no test day is new to both models and later than all that the current model ${second} knows`,
        );
      }
      expect(current('steady')).toBe(second);
      const both = train(steady, 'steady', '--if-better', '--publish');
      expect(both).toMatchObject({ exitCode: 2 });
    },
    TIMEOUT_MS,
  );

  test(
    'knows every day; its report is of the one before, which lies beside it and is what --no-refit stores',
    () => {
      const path = findModel(join(folder, 'models'), 'steady');
      const { provenance } = readModel(path).model;
      const { split, known } = provenance.trainedOn!;
      expect(known!.days.slice(-10)).toBe(split.test.slice(-10));
      const judged = readModel(join(dirname(path), 'judged', 'model.safetensors')).model;
      expect(judged.provenance.trainedOn!.known!.days.slice(-10)).toBe(
        split.calibration.slice(-10),
      );
      expect(judged.provenance.test).toEqual(provenance.test!);
      const steady = join(folder, 'steady.csv');
      const all = run('evaluate', 'steady', steady);
      expect(all.exitCode).toBe(2);
      expect(all.stderr).toContain(join('judged', 'model.safetensors'));
      const report = JSON.parse(
        run('evaluate', join(dirname(path), 'judged'), steady, '--json').stdout,
      );
      expect(report.test.logLoss).toBeCloseTo(provenance.test!.logLoss, 12);
      expect(report.test.auc).toBeCloseTo(provenance.test!.auc, 12);
      train(steady, 'plain', '--no-refit');
      const plain = readModel(findModel(join(folder, 'models'), 'plain')).model;
      expect(plain.heads).toEqual(judged.heads);
    },
    TIMEOUT_MS,
  );

  test(
    'is tested from the day that --test-from names',
    () => {
      const steady = join(folder, 'steady.csv');
      const { stdout } = train(steady, 'from', '--test-from', '2019-06-10', '--no-refit', '--json');
      const { split, rows, test: measured } = JSON.parse(stdout);
      expect(split.calibration.slice(-10)).toBe('2019-06-09');
      expect(split.test).toBe('2019-06-10..2019-06-24');
      expect(measured.rows).toBe(15 * 60);
      expect(rows.used).toBe(72 * 60);
      const late = train(steady, 'from', '--test-from', '2020-01-01');
      expect(late.exitCode).toBe(2);
      expect(late.stderr).toContain('no flight is on or after 2020-01-01');
    },
    TIMEOUT_MS,
  );
});
