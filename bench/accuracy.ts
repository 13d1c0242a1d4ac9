/**
 * Is Puntual's learner as accurate as its peers? Same columns, same split, same budget, same run.
 * Three sets: nycflights13 by time, vega flights-3m by time, Dublin departures at random (five seeds) and by time.
 * Peers stop on the validation part, as Puntual does; nobody sees the test part.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { loadTable } from '../src/flights/load.ts';
import { joinWeather, loadWeather } from '../src/flights/weather.ts';
import { DEFAULT_OPTIONS } from '../src/train/settings.ts';
import { trainModel } from '../src/train/training.ts';
import { printMachine } from './measure.ts';
import { OUT, type Part, VEGA } from './train-data.ts';

interface Set {
  readonly name: string;
  readonly features: readonly string[];
  readonly categorical: readonly number[];
  readonly codes: Readonly<Record<string, number>>;
  readonly train: Part;
  readonly validation: Part;
  readonly test: Part;
  readonly leaves: number;
  readonly learningRate: number;
  readonly trees: number;
  readonly settings: Readonly<Record<string, number>>;
}

interface Answer {
  readonly library: string;
  readonly version?: string;
  readonly seconds: number;
  readonly trees: number;
  readonly auc: number;
  readonly logLoss: number;
}

const PYTHON = new URL('./peers/.venv/bin/python', import.meta.url).pathname;
const GBM = new URL('./peers/gbm.py', import.meta.url).pathname;
const ONCE = new URL('./train-once.ts', import.meta.url).pathname;
const PEERS = ['lightgbm', 'xgboost', 'catboost', 'sklearn'] as const;

const query = async (sql: string): Promise<(string | number)[][]> => {
  const connection = await (await DuckDBInstance.create()).connect();
  return (await connection.runAndReadAll(sql)).getRowsJS() as (string | number)[][];
};

/** Columns as float32 files; a text column becomes codes in the order of its values. */
const write = async (
  name: string,
  sql: string,
  parts: (
    row: readonly (string | number)[],
    index: number,
    n: number,
  ) => 'train' | 'validation' | 'test' | null,
): Promise<Pick<Set, 'categorical' | 'codes' | 'train' | 'validation' | 'test'>> => {
  mkdirSync(OUT, { recursive: true });
  const rows = await query(sql);
  const nColumns = rows[0]!.length;
  const categorical: number[] = [];
  const codes: Record<string, number> = {};
  const numbers = Array.from({ length: nColumns }, (_, c) => {
    if (typeof rows[0]![c] !== 'string')
      return (row: readonly (string | number)[]) => Number(row[c]);
    const values = [...new Set(rows.map((row) => String(row[c])))].sort();
    const of = new Map(values.map((value, code) => [value, code]));
    categorical.push(c);
    codes[c] = values.length;
    return (row: readonly (string | number)[]) => of.get(String(row[c]))!;
  });
  // The label is a number too, so it is not a category.
  const label = nColumns - 1;
  if (categorical.includes(label)) throw new Error('the label must be a number');
  const of = { train: [] as number[], validation: [] as number[], test: [] as number[] };
  rows.forEach((row, i) => {
    const part = parts(row, i, rows.length);
    if (part) of[part].push(i);
  });
  const save = (part: keyof typeof of): Part => {
    const chosen = of[part];
    const data = new Float32Array(chosen.length * nColumns);
    chosen.forEach((i, at) => {
      for (let c = 0; c < nColumns; c++) data[c * chosen.length + at] = numbers[c]!(rows[i]!);
    });
    const file = `${OUT}${name}-${part}.f32`;
    writeFileSync(file, new Uint8Array(data.buffer));
    return { file, rows: chosen.length };
  };
  return {
    categorical,
    codes,
    train: save('train'),
    validation: save('validation'),
    test: save('test'),
  };
};

const ask = (set: Set, library: string, seed: number): Answer => {
  const spec = JSON.stringify({ ...set, library, threads: 2, seed, patience: 20 });
  const { stdout, stderr } =
    library === 'puntual'
      ? spawnSync(process.execPath, [ONCE, spec], { encoding: 'utf8' })
      : spawnSync(PYTHON, [GBM, spec], { encoding: 'utf8' });
  try {
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as Answer;
  } catch {
    throw new Error(`${library} on ${set.name}: ${stderr.slice(-800)}`);
  }
};

const compare = (sets: readonly Set[], title: string): void => {
  console.log(`\n### ${title}\n`);
  console.log('| | AUC | log loss | trees | seconds |');
  console.log('|---|---:|---:|---:|---:|');
  for (const library of ['puntual', ...PEERS]) {
    const answers = sets.map((set, seed) => ask(set, library, seed));
    const mean = (of: (answer: Answer) => number): number =>
      answers.reduce((sum, answer) => sum + of(answer), 0) / answers.length;
    console.log(
      `| ${library} ${answers[0]!.version ?? ''} | ${mean((a) => a.auc).toFixed(4)} | ${mean((a) => a.logLoss).toFixed(4)} | ${mean((a) => a.trees).toFixed(0)} | ${mean((a) => a.seconds).toFixed(1)} |`,
    );
  }
};

/** Puntual's own defaults for many rows and few; the peers have theirs. */
const LARGE = {
  l2: 20,
  minRowsPerLeaf: 100,
  categorySmooth: 50,
  categoryL2: 30,
  minRowsPerCategory: 200,
};

const NYC = `
  SELECT month, day, isodow(make_date(year, month, day)), (sched_dep_time // 100) * 60 + sched_dep_time % 100,
         (sched_arr_time // 100) * 60 + sched_arr_time % 100, carrier, origin, dest, distance, (arr_delay >= 15)::INTEGER
  FROM 'data/flights.parquet' WHERE arr_delay IS NOT NULL ORDER BY year, month, day`;

const nyc = async (): Promise<void> => {
  const features = [
    'month',
    'day',
    'weekday',
    'departure',
    'arrival',
    'carrier',
    'origin',
    'dest',
    'distance',
  ];
  const files = await write('accuracy-nyc', NYC, monthSplit(0));
  const set = {
    name: 'nyc',
    features,
    leaves: 31,
    learningRate: 0.1,
    trees: 300,
    settings: LARGE,
    ...files,
  };
  compare(
    [set],
    'nycflights13, raw columns: learned from January to September, stopped on October, tested on November and December',
  );
};

const monthSplit = (column: number) => (row: readonly (string | number)[]) =>
  Number(row[column]) <= 9 ? 'train' : Number(row[column]) === 10 ? 'validation' : 'test';

const vega = async (): Promise<void> => {
  if (!existsSync(VEGA)) {
    console.log(`\n${VEGA} is not there: 'npm pack vega-datasets' holds it; left out`);
    return;
  }
  const features = [
    'month',
    'dayOfMonth',
    'weekday',
    'minute',
    'origin',
    'destination',
    'distance',
  ];
  const sql = `
    SELECT month(date), day(date), isodow(date), hour(date) * 60 + minute(date), origin, destination, distance, (delay >= 15)::INTEGER
    FROM '${VEGA}' WHERE hash(date, origin, destination) % 5 = 0 AND date < '2001-07-01' ORDER BY date`;
  const files = await write('accuracy-vega', sql, (_, i, n) =>
    i < 0.7 * n ? 'train' : i < 0.8 * n ? 'validation' : 'test',
  );
  const set = {
    name: 'vega',
    features,
    leaves: 63,
    learningRate: 0.1,
    trees: 300,
    settings: LARGE,
    ...files,
  };
  compare(
    [set],
    'vega flights-3m, every fifth flight: first 70 % of the time, next 10 % to stop on, last 20 % to test',
  );
};

const DUBLIN = new URL('../../shared/datasets/dublin-departures-2019-05.csv', import.meta.url)
  .pathname;

/** numpy's permutation is not ours: the peer draws the split, so that it is the one that is published. */
const permutation = (n: number, seed: number): number[] => {
  const code = `import numpy as np; from sklearn.model_selection import train_test_split as s; a, b = s(np.arange(${n}), test_size=.26, random_state=${seed}); print(*b)`;
  return spawnSync(PYTHON, ['-c', code], { encoding: 'utf8' }).stdout.trim().split(' ').map(Number);
};

const dublin = async (): Promise<void> => {
  if (!existsSync(DUBLIN)) {
    console.log('\n../shared/datasets/dublin-departures-2019-05.csv is not there; left out');
    return;
  }
  const features = ['terminal', 'destination', 'airline', 'weekday', 'day', 'minute'];
  const sql = (order: string): string => `
    SELECT coalesce("Terminal", ''), "Destination", "Airline", isodow("Scheduled DateTime"), day("Scheduled DateTime"),
           hour("Scheduled DateTime") * 60 + minute("Scheduled DateTime"), ("Minute Delay" >= 20)::INTEGER
    FROM read_csv('${DUBLIN}') ${order}`;
  const common = { features, leaves: 8, learningRate: 0.05, trees: 200, settings: SMALL };
  const sets: Set[] = [];
  for (let seed = 0; seed < 5; seed++) {
    const test = new globalThis.Set(permutation(4849, seed));
    const files = await write(`accuracy-dublin-${seed}`, sql(''), (_, i) =>
      test.has(i) ? 'test' : (i * 7 + seed) % 8 === 0 ? 'validation' : 'train',
    );
    sets.push({ name: `dublin ${seed}`, ...common, ...files });
  }
  compare(sets, 'Dublin, late >= 20 min, random split (26 %), mean of seeds 0 to 4');
  const byTime = await write(
    'accuracy-dublin-time',
    sql('ORDER BY "Scheduled DateTime"'),
    (_, i, n) => (i >= 0.74 * n ? 'test' : i >= 0.64 * n ? 'validation' : 'train'),
  );
  compare([{ name: 'dublin by time', ...common, ...byTime }], 'Dublin by time, last 26 %');
};

const SMALL = {
  l2: 5,
  minRowsPerLeaf: 15,
  categorySmooth: 10,
  categoryL2: 5,
  minRowsPerCategory: 15,
  featureShare: 0.7,
  rowShare: 0.8,
};

const own = async (): Promise<void> => {
  console.log(
    '\n### nycflights13, Puntual as it comes: learned to August, stopped on September, calibrated on October\n',
  );
  console.log('| | AUC | log loss | Brier | ECE | log loss skill | Brier skill |');
  console.log('|---|---:|---:|---:|---:|---:|---:|');
  const table = await loadTable(['data/flights.parquet']);
  const observed = joinWeather(table, await loadWeather('data/weather.parquet'), 3);
  for (const [name, flights] of [
    ['schedule, own features', table],
    ['with weather 3 h before departure', observed],
  ] as const) {
    const { test, skill } = (await trainModel(flights, { ...DEFAULT_OPTIONS, quantiles: false }))
      .report;
    console.log(
      `| ${name} | ${test.auc.toFixed(4)} | ${test.logLoss.toFixed(4)} | ${test.brier.toFixed(4)} | ${test.ece.toFixed(4)} | ${(100 * skill.logLoss).toFixed(1)} % | ${(100 * skill.brier).toFixed(1)} % |`,
    );
  }
};

const PARTS = { nyc, own, vega, dublin } as const;

printMachine();
const wanted = process.argv.slice(2);
for (const [name, run] of Object.entries(PARTS))
  if (wanted.length === 0 || wanted.includes(name)) await run();
