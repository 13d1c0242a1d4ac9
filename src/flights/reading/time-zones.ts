/**
 * Columns of moments as the clock of their zone shows them: 10:40 UTC in a column of New York is 05:40 there.
 * The zone is what the file says; a Parquet file says it in the schemas that Arrow and pandas leave in it.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { tableFromIPC, Type } from '@uwdata/flechette';
import { identifier, literal, readRows } from '../database.ts';

interface Columns {
  readonly names: readonly string[];
  readonly types: readonly string[];
  /** Zones by column; `metadata` where the Parquet file at `path` is asked; none for text. */
  readonly zones: ReadonlyMap<string, string> | 'metadata' | undefined;
  readonly path: string | undefined;
}

interface LocalClocks {
  /** SQL for the columns that are turned, by name. */
  readonly expressions: ReadonlyMap<string, string>;
  /** Names, lower case, of those that cannot be. */
  readonly withoutZone: ReadonlySet<string>;
  readonly notes: readonly string[];
}

const MOMENT = 'TIMESTAMP WITH TIME ZONE';

export const localClocks = async (
  connection: DuckDBConnection,
  { names, types, zones, path }: Columns,
): Promise<LocalClocks> => {
  const moments = names.filter((_, i) => types[i] === MOMENT);
  const expressions = new Map<string, string>();
  const withoutZone = new Set<string>();
  const notes: string[] = [];
  if (moments.length > 0) {
    const known =
      zones === 'metadata' ? await zonesOfParquet(connection, path!) : (zones ?? new Map());
    for (const name of moments) {
      const zone = known.get(name);
      const clock = zone === undefined ? undefined : clockOf(identifier(name), zone);
      if (clock === undefined) withoutZone.add(name.toLowerCase());
      else {
        expressions.set(name, clock);
        notes.push(`${name} is read as the clock of ${zone} shows it`);
      }
    }
  }
  return { expressions, withoutZone, notes };
};

/** SQL for the local clock of a moment, undefined for what is no zone. */
const clockOf = (moment: string, zone: string): string | undefined => {
  const offset = /^([+-])(\d{2}):?(\d{2})$/.exec(zone);
  if (offset) {
    const minutes = (Number(offset[2]) * 60 + Number(offset[3])) * (offset[1] === '-' ? -1 : 1);
    return `(timezone('UTC', ${moment}) + to_minutes(${minutes}))`;
  }
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
  } catch {
    return undefined;
  }
  return `timezone(${literal(zone)}, ${moment})`;
};

const zonesOfParquet = async (
  connection: DuckDBConnection,
  path: string,
): Promise<ReadonlyMap<string, string>> => {
  const rows = await readRows(
    connection,
    `SELECT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata(${literal(path)}) WHERE decode(key) IN ('pandas', 'ARROW:schema')`,
  );
  const zones = new Map<string, string>();
  for (const { key, value } of rows) {
    const found = key === 'pandas' ? zonesOfPandas(String(value)) : zonesOfArrow(String(value));
    for (const [name, zone] of found) zones.set(name, zone);
  }
  return zones;
};

const zonesOfPandas = (text: string): readonly [string, string][] => {
  try {
    const { columns = [] } = JSON.parse(text) as {
      columns?: { name?: string; metadata?: { timezone?: string } | null }[];
    };
    return columns.flatMap(({ name, metadata }) =>
      name && metadata?.timezone ? [[name, metadata.timezone]] : [],
    );
  } catch {
    return [];
  }
};

/** The schema is a stream of Arrow without its batches. */
const zonesOfArrow = (base64: string): readonly [string, string][] => {
  try {
    const { schema } = tableFromIPC(Buffer.from(base64, 'base64'));
    return schema.fields.flatMap(({ name, type }) =>
      type.typeId === Type.Timestamp && type.timezone ? [[name, type.timezone]] : [],
    );
  } catch {
    return [];
  }
};
