/**
 * Question: what do reading flights and scoring files cost, beside the database doing the same without us?
 * Prints seconds for 3,030,984 flights (the flights of data/ nine times), and memory. Runs: npx bun bench/flights.ts
 */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Input } from '../src/core/inputs.ts';
import { loadTable } from '../src/flights/cleaning/load.ts';
import { scanFiles } from '../src/flights/output/scan.ts';
import { scoreHere } from '../src/flights/output/scoring.ts';
import { alternate, printFigures, printMachine } from './lib/measure.ts';

const COPIES = 9;

const folder = mkdtempSync(join(tmpdir(), 'puntual-bench-'));
const from = join(folder, 'flights-*.parquet');

/** Seconds that a work takes. */
const secondsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
};

const runDuckDb = async (sql: string): Promise<void> => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(sql);
  connection.closeSync();
  instance.closeSync();
};

const INPUTS: readonly Input[] = [
  { name: 'airline', kind: 'category', required: true, description: '', values: ['B6', 'UA'] },
  { name: 'origin', kind: 'category', required: true, description: '', values: ['EWR', 'JFK'] },
  { name: 'scheduledDeparture', kind: 'time', required: true, description: '' },
  { name: 'distanceMiles', kind: 'number', required: false, description: '' },
];

/** Scores with next to no arithmetic: what is left is the way in and out. */
const scan = (target: string) =>
  scanFiles([from], join(folder, target), {
    inputs: INPUTS,
    outputs: [{ name: 'probability', kind: 'number' }],
    scoring: scoreHere(INPUTS.length, 1, (raw, nRows, out) => {
      for (let row = 0; row < nRows; row++) out[row] = (raw[row * 4 + 3]! % 100) / 100;
    }),
  });

try {
  const data = join(import.meta.dir, '..', 'data', 'flights.parquet');
  for (let i = 0; i < COPIES; i++) copyFileSync(data, join(folder, `flights-${i}.parquet`));
  printMachine();
  const reading = await alternate([
    { name: 'files to a table (load)', run: () => secondsOf(() => loadTable([from])) },
    {
      name: 'DuckDB: the same columns summed',
      run: () =>
        secondsOf(() =>
          runDuckDb(
            `SELECT sum(year + month + day + sched_dep_time + sched_arr_time + flight + distance + arr_delay + arr_time + dep_time),
                    max(carrier), max(tailnum), max(origin), max(dest) FROM '${from}'`,
          ),
        ),
    },
  ]);
  printFigures(reading, 's', 'DuckDB: the same columns summed');
  for (const [target, options] of [
    ['parquet', 'FORMAT parquet, COMPRESSION zstd'],
    ['csv', 'FORMAT csv, HEADER'],
  ] as const) {
    const peer = `DuckDB: copy to ${target}, no scores`;
    const scoring = await alternate([
      { name: `score to ${target} (scan)`, run: () => secondsOf(() => scan(`scored.${target}`)) },
      {
        name: peer,
        run: () =>
          secondsOf(() =>
            runDuckDb(`COPY (FROM '${from}') TO '${join(folder, `copy.${target}`)}' (${options})`),
          ),
      },
    ]);
    printFigures(scoring, 's', peer);
  }
  console.log(`peak memory ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`);
} finally {
  rmSync(folder, { recursive: true });
}
