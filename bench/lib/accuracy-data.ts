/**
 * The tables of the accuracy bench: columns of float32 for everybody, split into train, validation and test.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Specification } from './train-once.ts';
import { OUT, type Part, VEGA } from './train-data.ts';

export const PYTHON = new URL('../peers/.venv/bin/python', import.meta.url).pathname;
const DUBLIN = new URL('../../../shared/datasets/dublin-departures-2019-05.csv', import.meta.url)
  .pathname;

/** What is learned from what: the same for every library. */
export interface Task extends Omit<Specification, 'threads' | 'seed' | 'patience' | 'defaults'> {
  readonly name: string;
  readonly validation: Part;
  /** Columns whose rate is the climatology: airline (or origin) and minute of the day. */
  readonly climatology: readonly [of: number, minute: number];
}

type Row = readonly (string | number)[];
type PartName = 'train' | 'validation' | 'test';
type Budget = Pick<Task, 'features' | 'leaves' | 'learningRate' | 'trees' | 'climatology' | 'days'>;

const query = async (sql: string): Promise<Row[]> => {
  const connection = await (await DuckDBInstance.create()).connect();
  return (await connection.runAndReadAll(sql)).getRowsJS() as (string | number)[][];
};

/** Writes the rows as columns, the label last; a text column becomes codes in the order of its values. */
const writeTask = (
  name: string,
  budget: Budget,
  rows: readonly Row[],
  partOf: (row: Row, index: number) => PartName | null,
): Task => {
  mkdirSync(OUT, { recursive: true });
  const nColumns = rows[0]!.length;
  const categorical: number[] = [];
  const codes: Record<string, number> = {};
  const numbers = Array.from({ length: nColumns }, (_, c) => {
    if (typeof rows[0]![c] !== 'string') return (row: Row) => Number(row[c]);
    const values = [...new Set(rows.map((row) => String(row[c])))].sort();
    const of = new Map(values.map((value, code) => [value, code]));
    categorical.push(c);
    codes[c] = values.length;
    return (row: Row) => of.get(String(row[c]))!;
  });
  // The label is a number too, so it is not a category.
  if (categorical.includes(nColumns - 1)) throw new Error('the label must be a number');
  const places: Record<PartName, number[]> = { train: [], validation: [], test: [] };
  rows.forEach((row, i) => {
    const part = partOf(row, i);
    if (part) places[part].push(i);
  });
  const save = (part: PartName): Part => {
    const chosen = places[part];
    const data = new Float32Array(chosen.length * nColumns);
    chosen.forEach((i, at) => {
      for (let c = 0; c < nColumns; c++) data[c * chosen.length + at] = numbers[c]!(rows[i]!);
    });
    const file = `${OUT}accuracy-${name}-${part}.f32`;
    writeFileSync(file, new Uint8Array(data.buffer));
    return { file, rows: chosen.length };
  };
  return {
    name,
    ...budget,
    categorical,
    codes,
    train: save('train'),
    validation: save('validation'),
    test: save('test'),
  };
};

const NYC: Budget = {
  features: [
    'month',
    'day',
    'weekday',
    'departure',
    'arrival',
    'carrier',
    'origin',
    'dest',
    'distance',
  ],
  leaves: 31,
  learningRate: 0.1,
  trees: 300,
  climatology: [5, 3],
  days: { first: '2013-01-01', month: 0, day: 1 },
};

const nycRows = (): Promise<Row[]> =>
  query(`
    SELECT month, day, isodow(make_date(year, month, day)), (sched_dep_time // 100) * 60 + sched_dep_time % 100,
           (sched_arr_time // 100) * 60 + sched_arr_time % 100, carrier, origin, dest, distance, (arr_delay >= 15)::INTEGER
    FROM 'data/flights.parquet' WHERE arr_delay IS NOT NULL ORDER BY year, month, day`);

/** Stopped on one month, tested on those after it up to `last`. */
const nycTask = (rows: readonly Row[], name: string, stop: number, last: number): Task =>
  writeTask(name, NYC, rows, (row) => {
    const month = Number(row[0]);
    if (month > last) return null;
    return month < stop ? 'train' : month === stop ? 'validation' : 'test';
  });

export const nycTasks = async (): Promise<readonly Task[]> => [
  nycTask(await nycRows(), 'nyc', 10, 12),
];

/** One task for each of some months. */
export const rollingTasks = async (months: readonly number[]): Promise<readonly Task[]> => {
  const rows = await nycRows();
  return months.map((month) => nycTask(rows, `nyc-${month}`, month - 1, month));
};

/** @param nParts of which one part of the flights, drawn by chance, is taken */
export const vegaTasks = async (nParts = 5): Promise<readonly Task[]> => {
  if (!existsSync(VEGA)) return [];
  const rows = await query(`
    SELECT month(date), day(date), isodow(date), hour(date) * 60 + minute(date), origin, destination, distance, (delay >= 15)::INTEGER
    FROM '${VEGA}' WHERE hash(date, origin, destination) % ${nParts} = 0 AND date < '2001-07-01' ORDER BY date`);
  const budget: Budget = {
    features: ['month', 'dayOfMonth', 'weekday', 'minute', 'origin', 'destination', 'distance'],
    leaves: 63,
    learningRate: 0.1,
    trees: 300,
    climatology: [4, 3],
    days: { first: '2001-01-01', month: 0, day: 1 },
  };
  return [
    writeTask('vega', budget, rows, (_, i) =>
      i < 0.7 * rows.length ? 'train' : i < 0.8 * rows.length ? 'validation' : 'test',
    ),
  ];
};

const DUBLIN_BUDGET: Budget = {
  features: ['terminal', 'destination', 'airline', 'weekday', 'day', 'minute'],
  leaves: 8,
  learningRate: 0.05,
  trees: 200,
  climatology: [2, 5],
  days: undefined,
};

const dublinRows = (order: string): Promise<Row[]> =>
  query(`
    SELECT coalesce("Terminal", ''), "Destination", "Airline", isodow("Scheduled DateTime"), day("Scheduled DateTime"),
           hour("Scheduled DateTime") * 60 + minute("Scheduled DateTime"), ("Minute Delay" >= 20)::INTEGER
    FROM read_csv('${DUBLIN}') ${order}`);

/** numpy's permutation is not ours: the peer draws the split, so that it is the one that is published. */
const drawnSplit = (n: number, seed: number): { train: number[]; test: number[] } => {
  const code = `import numpy as np; from sklearn.model_selection import train_test_split as s; a, b = s(np.arange(${n}), test_size=.26, random_state=${seed}); print(*a); print(*b)`;
  const [train, test] = spawnSync(PYTHON, ['-c', code], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number));
  return { train: train!, test: test! };
};

/** Dublin at random: one task for each of five seeds. */
export const dublinTasks = async (): Promise<readonly Task[]> => {
  if (!existsSync(DUBLIN)) return [];
  const rows = await dublinRows('');
  return Array.from({ length: 5 }, (_, seed) => {
    const { train, test } = drawnSplit(rows.length, seed);
    // In the order of the draw, so that neighbours are strangers, as in Puntual's own split at random.
    const order = [...train, ...test];
    return writeTask(
      `dublin-${seed}`,
      DUBLIN_BUDGET,
      order.map((row) => rows[row]!),
      (_, i) =>
        i >= train.length ? 'test' : (order[i]! * 7 + seed) % 8 === 0 ? 'validation' : 'train',
    );
  });
};

export const dublinByTimeTasks = async (): Promise<readonly Task[]> => {
  if (!existsSync(DUBLIN)) return [];
  const rows = await dublinRows('ORDER BY "Scheduled DateTime"');
  const budget = { ...DUBLIN_BUDGET, days: { first: '2019-05-01', month: null, day: 4 } };
  return [
    writeTask('dublin-time', budget, rows, (_, i) =>
      i >= 0.74 * rows.length ? 'test' : i >= 0.64 * rows.length ? 'validation' : 'train',
    ),
  ];
};
