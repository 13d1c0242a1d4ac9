/**
 * Question: what do reading, cleaning and profiling ten million flights cost, beside DuckDB's own reader and pandas?
 * Prints seconds and peak memory of whole processes, in turn. Runs: npx bun bench/ingest.ts
 * ROWS (10,000,000) and ROUNDS (3) may be set; ONLY=load,profile,memory chooses.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeBtsRows } from './lib/bts-rows.ts';
import { alternate, printFigures, printMachine } from './lib/measure.ts';

const nRows = Number(process.env['ROWS'] ?? 10_000_000);
const rounds = Number(process.env['ROUNDS'] ?? 3);
const only = (process.env['ONLY'] ?? 'load,profile,memory').split(',');

const ONCE = new URL('./lib/ingest-once.ts', import.meta.url).pathname;
const PYTHON = new URL('./peers/.venv/bin/python', import.meta.url).pathname;
const PANDAS = new URL('./peers/read_flights.py', import.meta.url).pathname;

const peaks = new Map<string, number>();

/** Runs a command that prints its seconds and megabytes. */
const secondsOf = (name: string, command: string, words: readonly string[]): number => {
  const { stdout, stderr } = spawnSync(command, words, { encoding: 'utf8' });
  if (!stdout.startsWith('{')) throw new Error(`${name}: ${stderr}`);
  const { seconds, peakMb } = JSON.parse(stdout) as { seconds: number; peakMb: number };
  peaks.set(name, Math.max(peaks.get(name) ?? 0, peakMb));
  return seconds;
};

const ours = (name: string, work: string, ...more: readonly string[]) => ({
  name,
  run: () => secondsOf(name, process.execPath, [ONCE, work, file, ...more]),
});

const folder = mkdtempSync(join(tmpdir(), 'puntual-ingest-'));
const file = join(folder, 'flights.csv');
try {
  await writeBtsRows(file, nRows);
  printMachine();
  console.log(`${nRows.toLocaleString('en')} rows, ${Math.round(statSync(file).size / 1e6)} MB`);
  if (only.includes('load')) {
    const duckdb = 'DuckDB: the same columns, typed, into a table';
    const pandas = 'pandas: the same columns, cleaned';
    const figures = await alternate(
      [
        ours('puntual: cleaned, typed arrays', 'load'),
        ours(duckdb, 'duckdb'),
        { name: pandas, run: () => secondsOf(pandas, PYTHON, [PANDAS, file]) },
      ],
      rounds,
      0,
    );
    printFigures(figures, 's', duckdb);
  }
  if (only.includes('profile'))
    printFigures(await alternate([ours('puntual: profile and page', 'profile')], rounds, 0), 's');
  if (only.includes('memory')) {
    // A quarter of the file: what holds for 1 GB of a file of 4 GB, in less time.
    const limitMb = Math.max(400, Math.round(statSync(file).size / 4e6));
    const name = `puntual: profile within ${limitMb} MB`;
    printFigures(await alternate([ours(name, 'profile', String(limitMb))], 1, 0), 's');
  }
  for (const [name, peakMb] of peaks) console.log(`${name}: at most ${Math.round(peakMb)} MB`);
} finally {
  rmSync(folder, { recursive: true });
}
