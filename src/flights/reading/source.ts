/**
 * A source: a file as SQL reads it, with its columns known.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { AppError } from '../../core/errors.ts';
import { identifier, literal, readRows } from '../database.ts';
import type { Compression } from './compression.ts';
import { type Format, partitionsOf } from './files.ts';
import { localClocks } from './time-zones.ts';

export interface Source {
  /** As the user knows it; a file in an archive is `flights.zip: january.csv`. */
  readonly file: string;
  readonly format: Format;
  /** A table expression for a FROM clause. */
  readonly from: string;
  readonly columns: readonly string[];
  /** SQL types of the columns. */
  readonly types: readonly string[];
  /** Names of the columns that hold text, lower case: there a missing value may be written as a word. */
  readonly texts: ReadonlySet<string>;
  /** Names of the columns that are parts of others: `flight.carrier` of a nested record `flight`. */
  readonly parts: ReadonlySet<string>;
  /** Names, lower case, of the columns that hold moments of a zone that the file does not name. */
  readonly withoutZone: ReadonlySet<string>;
  /** What was done to read the file, and what in it was passed over: a sentence each. */
  readonly notes: readonly string[];
  /** Whether values stand between blanks, as people write lists. */
  readonly isPadded?: boolean;
  /** About how many rows a text has, by its size and its first lines. */
  readonly aboutRows?: number;
  /** Where the lines of a CSV are, for whoever looks for one of them. */
  readonly lines?: TextLines;
}

export interface TextLines {
  readonly path: string;
  readonly compression: Compression;
  /** Up to and with the header. */
  readonly nHeaderLines: number;
}

interface Described {
  readonly file: string;
  readonly format: Format;
  readonly from: string;
  readonly notes: readonly string[];
  readonly lines?: TextLines;
  readonly isPadded?: boolean;
  /** Zones of columns by name; `metadata` where the file itself is asked. */
  readonly zones?: ReadonlyMap<string, string> | 'metadata';
  readonly path?: string;
}

/** Asks the database for the columns, adds those that the path names, turns moments of a zone into its clock. */
export const describe = async (
  connection: DuckDBConnection,
  { file, format, from, notes, lines, isPadded, zones, path }: Described,
): Promise<Source> => {
  const own = await blameFile(file, () => readRows(connection, `DESCRIBE SELECT * FROM ${from}`));
  const names = own.map((row) => String(row['column_name']));
  const types = own.map((row) => String(row['column_type']));
  const clocks = await localClocks(connection, { names, types, zones, path });
  const has = new Set(names.map((name) => name.toLowerCase()));
  const partitions = partitionsOf(file).filter(([name]) => !has.has(name.toLowerCase()));
  const parts = names
    .flatMap((name, i) => partsOf(identifier(name), name, types[i]!))
    .filter(({ name }) => !has.has(name.toLowerCase()));
  const isChanged = clocks.expressions.size > 0 || partitions.length > 0 || parts.length > 0;
  const selected = [
    ...names.map((name) => {
      const clock = clocks.expressions.get(name);
      return clock === undefined ? identifier(name) : `${clock} AS ${identifier(name)}`;
    }),
    ...partitions.map(([name, value]) => `${literal(value)} AS ${identifier(name)}`),
    ...parts.map(({ name, sql }) => `${sql} AS ${identifier(name)}`),
  ];
  const columns = [...names, ...partitions.map(([name]) => name), ...parts.map(({ name }) => name)];
  const allTypes = [
    ...types.map((type, i) => (clocks.expressions.has(names[i]!) ? 'TIMESTAMP' : type)),
    ...partitions.map(() => 'VARCHAR'),
    ...parts.map(({ type }) => type),
  ];
  return {
    file,
    format,
    from: isChanged ? `(SELECT ${selected.join(', ')} FROM ${from})` : from,
    columns,
    types: allTypes,
    texts: new Set(
      columns.filter((_, i) => allTypes[i] === 'VARCHAR').map((name) => name.toLowerCase()),
    ),
    parts: new Set(parts.map(({ name }) => name)),
    withoutZone: clocks.withoutZone,
    notes: [...notes, ...clocks.notes.map((note) => `${file}: ${note}`)],
    ...(lines ? { lines } : {}),
    ...(isPadded ? { isPadded } : {}),
  };
};

/** Words that sources write where they know nothing. */
export const NULL_WORDS = [
  '',
  'NA',
  'N/A',
  '#N/A',
  'NULL',
  'null',
  'None',
  'NaN',
  'nan',
  'NaT',
  '<NA>',
  '\\N',
  '-',
  '?',
  '.',
] as const;

export const NULL_LIST = `[${NULL_WORDS.map(literal).join(', ')}]`;

/**
 * A column of a source (or what stands for it), NULL where it holds a word for nothing.
 * Without the blanks around it where the source has such. Not `NOT IN`: the database makes a hash join of a long list, which loses the order of the rows.
 */
export const knownValue = (
  source: Source,
  column: string,
  expression = identifier(column),
): string => {
  if (!source.texts.has(column.toLowerCase())) return expression;
  const value = source.isPadded ? `trim(${expression})` : expression;
  const words = NULL_WORDS.map((word) => `WHEN ${literal(word)} THEN NULL`);
  // One after the other: of an OR the database sorts the rows that remain.
  const wordless = [
    `strlen(${value}) > ${LONGEST_WORD}`,
    ...WORDLESS.map(([from, to]) => `${value} >= '${from}' AND ${value} < '${to}'`),
  ].map((is) => `WHEN ${is} THEN ${value}`);
  return `CASE ${wordless.join(' ')} ELSE CASE ${value} ${words.join(' ')} ELSE ${value} END END`;
};

/** No word begins with a digit, nor with a capital but N: most values need not be compared with all words. */
const WORDLESS = [
  ['0', '<'],
  ['A', 'N'],
  ['O', '['],
] as const;

const LONGEST_WORD = Math.max(...NULL_WORDS.map((word) => word.length));

interface RecordPart {
  readonly name: string;
  readonly sql: string;
  readonly type: string;
}

/** The fields of a nested record, and of those in it, as columns with their path for a name. */
const partsOf = (sql: string, path: string, type: string): readonly RecordPart[] =>
  fieldsOf(type).flatMap(({ name, type: own }) => {
    const part = { name: `${path}.${name}`, sql: `${sql}.${identifier(name)}`, type: own };
    const inner = partsOf(part.sql, part.name, own);
    return inner.length > 0 ? inner : [part];
  });

/** The fields of `STRUCT(a INTEGER, b STRUCT(...))`, none of any other type. */
const fieldsOf = (type: string): readonly { readonly name: string; readonly type: string }[] => {
  const inner = /^STRUCT\((.*)\)$/s.exec(type)?.[1];
  if (inner === undefined) return [];
  const fields: string[] = [];
  let depth = 0;
  let isQuoted = false;
  let start = 0;
  for (let i = 0; i < inner.length; i++) {
    const sign = inner[i]!;
    if (sign === '"') isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (sign === '(') depth++;
    else if (sign === ')') depth--;
    else if (sign === ',' && depth === 0) {
      fields.push(inner.slice(start, i));
      start = i + 1;
    }
  }
  fields.push(inner.slice(start));
  return fields.flatMap((field) => {
    const match = /^\s*(?:"((?:[^"]|"")*)"|(\S+))\s+(.*)$/s.exec(field);
    return match ? [{ name: (match[1] ?? match[2]!).replaceAll('""', '"'), type: match[3]! }] : [];
  });
};

/** The first rows of a source with what is known of them. */
export const firstKnown = (source: Source, nRows: number): string =>
  `(SELECT ${source.columns.map((column) => `${knownValue(source, column)} AS ${identifier(column)}`).join(', ')} FROM (FROM ${source.from} LIMIT ${nRows}))`;

/** A path as SQL, for a function that would take `*` for a pattern. */
export const pathLiteral = (path: string): string => literal(path.replace(/[*?[\]]/g, '[$&]'));

const BROKEN =
  /^(IO|Invalid Input|Invalid|Conversion|Serialization|Out of Range|Not implemented) Error: /;

/** Runs what reads a file. @throws AppError file-broken where the file is to blame, in one line */
export const blameFile = async <T>(file: string, read: () => Promise<T>): Promise<T> => {
  try {
    return await read();
  } catch (error) {
    const message = (error as Error).message ?? '';
    if (error instanceof AppError || !BROKEN.test(message)) throw error;
    const line = message
      .replace(BROKEN, '')
      .split('\n')[0]!
      .replace(/\/proc\/self\/fd\/\d+/g, 'it')
      .trim();
    throw new AppError('file-broken', `${file} is damaged or not what its name says: ${line}`, {
      cause: error,
    });
  }
};
