/**
 * What the columns of a CSV are: a type that every one of its values has, found on a sample and proved on the whole file.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { identifier, readRows } from '../database.ts';
import { blameFile, knownValue, type Source } from '../reading/source.ts';

/**
 * SQL types by the place of the column, VARCHAR where the values have no other in common.
 * A number that would not be written as it stands (`0012`) is text.
 * @cost one look at the whole file, on all cores
 */
export const provenTypes = async (
  connection: DuckDBConnection,
  source: Source,
): Promise<readonly string[]> => {
  if (source.format !== 'csv') return source.columns.map(() => 'VARCHAR');
  const sampled = await blameFile(source.file, () =>
    readRows(
      connection,
      `SELECT ${source.columns.map((column, i) => `${CANDIDATES.map((type) => `count(${fits(column, type)}) AS ${type}${i}`).join(', ')}, count(${knownValue(source, column)}) AS n${i}`).join(', ')} FROM (FROM ${source.from} LIMIT ${SAMPLE_ROWS})`,
    ),
  );
  const likely = source.columns.map(
    (_, i) =>
      CANDIDATES.find((type) => sampled[0]![`${type}${i}`] === sampled[0]![`n${i}`]) ?? 'VARCHAR',
  );
  const [row] = await blameFile(source.file, () =>
    readRows(
      connection,
      `SELECT ${source.columns.map((column, i) => `count(${fits(column, likely[i]!)}) AS t${i}, count(${knownValue(source, column)}) AS n${i}`).join(', ')} FROM ${source.from}`,
    ),
  );
  return likely.map((type, i) => (row![`t${i}`] === row![`n${i}`] ? type : 'VARCHAR'));
};

const SAMPLE_ROWS = 20_000;

const CANDIDATES = ['BIGINT', 'DOUBLE', 'BOOLEAN', 'TIMESTAMP', 'VARCHAR'] as const;

/** The value where it has the type, else NULL. */
const fits = (column: string, type: string): string => {
  const name = identifier(column);
  switch (type) {
    case 'BIGINT':
      return `CASE WHEN ${name} = try_cast(${name} AS BIGINT)::VARCHAR THEN 1 END`;
    case 'DOUBLE':
      return `CASE WHEN NOT regexp_matches(${name}, '^[+]|^-?0\\d') THEN try_cast(${name} AS DOUBLE) END`;
    case 'BOOLEAN':
      return `CASE WHEN lower(${name}) IN ('true', 'false') THEN 1 END`;
    default:
      return `try_cast(${name} AS ${type})`;
  }
};
