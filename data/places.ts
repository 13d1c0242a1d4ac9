/**
 * Builds `airport-names.tsv` and `airport-places.tsv` (where they lie, and what clock they have) from the PyPI package
 * airportsdata: every airport that has an IATA code.
 * Run by hand (`npx bun data/places.ts`, needs pip and the network); nothing else needs it.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

const PACKAGE = 'airportsdata==20260905';

const run = (...command: string[]): void => {
  const { exitCode } = Bun.spawnSync(command, { stdout: 'inherit', stderr: 'inherit' });
  if (exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${exitCode}`);
};

const folder = mkdtempSync(join(tmpdir(), 'airportsdata-'));
try {
  run('pip', 'download', '--quiet', '--no-deps', '-d', folder, PACKAGE);
  const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
  run('python3', '-m', 'zipfile', '-e', join(folder, wheel!), folder);
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const write = (columns: string, name: string) =>
    connection.run(`
      COPY (SELECT ${columns}
            FROM read_csv('${join(folder, 'airportsdata/airports.csv')}', all_varchar = true)
            WHERE length(iata) = 3 ORDER BY iata)
      TO '${join(import.meta.dir, name)}' (FORMAT csv, DELIMITER '\t', HEADER, QUOTE '')`);
  await write('iata, icao, name, city, country', 'airport-names.tsv');
  await write(
    'iata, icao, round(lat::DOUBLE, 2) AS latitude, round(lon::DOUBLE, 2) AS longitude, tz AS zone',
    'airport-places.tsv',
  );
} finally {
  rmSync(folder, { recursive: true });
}
