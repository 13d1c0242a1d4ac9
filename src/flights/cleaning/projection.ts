/**
 * The SQL that turns a source into plain columns: no NULLs, so that their memory can be read as it lies.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { AppError, PROPOSAL } from '../../core/errors.ts';
import { FIELDS, type FieldName, fieldOf, type InputKind } from '../../core/flight.ts';
import { type Database, identifier, literal, openDatabase, readRows } from '../database.ts';
import { type Dialect, dialectOf, recogniseDialect, requireColumns } from '../dialects/dialect.ts';
import { checkDialect, type DialectColumn } from '../dialects/dialect-guard.ts';
import macros from '../dialects/macros.sql' with { type: 'text' };
import { dialectOfMapping } from '../mapping/mapping.ts';
import { isMapping, type Mapping, parseMapping, readDialectFile } from '../mapping/mapping-text.ts';
import { proposeMapping } from '../mapping/proposal.ts';
import { blameFile, knownValue, type Source } from '../reading/source.ts';
import type { ReadingOptions } from '../reading-options.ts';

/** How a missing time is written in a column of minutes. */
export const NO_MINUTES = -2_147_483_648;

/** Delays outside are taken for errors of the source: half a day early, a week late. */
const EARLIEST_MINUTES = -720;
const LATEST_MINUTES = 10_080;

/** A dialect as one source carries it: the fields that it can fill, and the names of its output. */
export interface Projection {
  readonly dialect: Dialect;
  readonly fields: readonly FieldName[];
  /** The dialect's SELECT over the source. */
  readonly select: string;
  /** SQL for what a row that cannot be used holds where the reason lies, '' for any other. */
  readonly detail: string;
  /** Whether the SELECT gives a `remark`. */
  readonly hasRemark: boolean;
  /** Fields that stand as the source has them: NULL, or a word for nothing, where nothing is known. */
  readonly asWritten: ReadonlySet<FieldName>;
  /** What was found out about the columns and not said by the user. */
  readonly notes: readonly string[];
  /** Columns of the source that the dialect does not read. */
  readonly unused: readonly string[];
}

/** A database with the macros that dialects use. */
export const openFlights = async (
  options: Pick<ReadingOptions, 'threads' | 'memoryMb'> = {},
): Promise<Database> => {
  const database = await openDatabase(options.threads, options.memoryMb);
  await database.connection.run(macros);
  return database;
};

/** How the user wants files to be read: what was written, understood. */
export interface Wanted {
  readonly dialect: Dialect | Mapping | undefined;
  readonly decimal: string | undefined;
  readonly encoding: string | undefined;
}

/** @throws AppError usage, file-missing */
export const wantedOf = ({ dialect, map, decimal, encoding }: ReadingOptions): Wanted => {
  if (map !== undefined && dialect !== undefined)
    throw new AppError('usage', '--map and --dialect each say how to read the columns; give one');
  if (decimal !== undefined && decimal !== '.' && decimal !== ',')
    throw new AppError('usage', `--decimal ${decimal}: a point or a comma is expected`);
  const wanted =
    map !== undefined
      ? parseMapping(map)
      : typeof dialect !== 'string'
        ? dialect
        : /\.(json|sql)$/i.test(dialect)
          ? readDialectFile(dialect)
          : dialectOf(dialect);
  const kept = wanted && isMapping(wanted) ? wanted : undefined;
  return {
    dialect: wanted,
    decimal: decimal ?? kept?.decimal,
    encoding: encoding ?? kept?.encoding,
  };
};

interface ProjectionOptions {
  readonly wanted: Wanted;
  /** Whether the delay is needed; without it the columns known only later are not even read. */
  readonly labelled: boolean;
  /** Whether the SELECT also hands on the source's own columns, as `own0`, `own1`, ... */
  readonly withOwn?: boolean;
  /** Whether names may stand as the source has them: whoever numbers them sees each only once. */
  readonly namesAsWritten?: boolean;
}

/**
 * Finds the dialect of a source and ties it to the source's columns.
 * @throws AppError columns-unknown, data-leak, usage
 */
export const project = async (
  connection: DuckDBConnection,
  source: Source,
  { wanted, labelled, withOwn = false, namesAsWritten = false }: ProjectionOptions,
): Promise<Projection> => {
  const { dialect, notes } = await dialectFor(connection, source, wanted, labelled);
  requireColumns(source.file, dialect, source.columns, labelled);
  const outputs = await checkDialect(connection, dialect);
  requireZones(source, dialect);
  const has = new Set(source.columns.map((column) => column.toLowerCase()));
  const absent = new Set<string>();
  const known = [...dialect.schedule, ...dialect.optional, ...dialect.outcome];
  const plain = plainUses(dialect, source);
  const inner = known.map((column) => {
    const isOutcome = dialect.outcome.includes(column);
    if (has.has(column.toLowerCase()) && (labelled || !isOutcome)) {
      const isPlain =
        wanted.decimal === undefined &&
        (plain.parsed.has(column) || (namesAsWritten && plain.names.has(column)));
      return isPlain
        ? identifier(column)
        : `${pointed(source, column, wanted.decimal)} AS ${identifier(column)}`;
    }
    absent.add(column.toLowerCase());
    return `NULL::VARCHAR AS ${identifier(column)}`;
  });
  const own = source.columns.map((column, i) => `${identifier(column)} AS own${i}`);
  const shown = shownColumns(outputs, source, labelled);
  const handed = [
    ...(withOwn ? own.map((_, i) => `own${i}`) : []),
    ...shown.all.map((_, i) => `shown${i}`),
  ];
  const columns = [
    ...inner,
    ...(withOwn ? own : []),
    ...shown.all.map((column, i) => `${identifier(column)} AS shown${i}`),
  ];
  const parsed = parsedOnce(dialect);
  const selectFrom = (table: string, more: readonly string[], also: readonly string[]): string =>
    parsed.select
      .replace(
        /\bFROM\s+source\b/i,
        () =>
          `FROM (SELECT *${parsed.columns} FROM (SELECT ${[...columns, ...more].join(', ')} FROM ${table})) AS source`,
      )
      .replace(/^\s*SELECT\b/i, () =>
        handed.length + also.length > 0 ? `SELECT ${[...handed, ...also].join(', ')},` : 'SELECT',
      );
  const fields = (Object.keys(FIELDS) as FieldName[]).filter(
    (field) => outputs.some(({ name }) => name === field) && !absent.has(field.toLowerCase()),
  );
  if (!fields.includes('scheduledDeparture')) {
    throw new AppError('usage', `dialect ${dialect.name}: it gives no scheduledDeparture`);
  }
  const names = new Set(known.map((column) => column.toLowerCase()));
  return {
    dialect,
    fields,
    unused: source.columns.filter((column) => !names.has(column.toLowerCase())),
    select: selectFrom(source.from, [], []),
    notes: [...notes, ...(await valueNotes(connection, source, { outputs, fields, selectFrom }))],
    detail: shown.detail,
    hasRemark: outputs.some(({ name }) => name === 'remark'),
    asWritten: new Set(
      namesAsWritten && wanted.decimal === undefined
        ? [...plain.names].flatMap(([column, field]) =>
            has.has(column.toLowerCase()) ? [field] : [],
          )
        : [],
    ),
  };
};

/** Macros that make of a word for nothing what they make of NULL. */
const READERS = 'hhmm_minutes|date_of|day_of|is_set';

interface PlainUses {
  /** Columns that are only read as a clock, a date, a mark or a number, which no word for nothing is. */
  readonly parsed: ReadonlySet<string>;
  /** Columns of text that are a name as they stand, and nothing else. */
  readonly names: ReadonlyMap<string, FieldName>;
}

/** Columns of which a dialect need not know whether they hold a word for nothing. */
const plainUses = ({ select, schedule, optional, outcome }: Dialect, source: Source): PlainUses => {
  const parsed = new Set<string>();
  const names = new Map<string, FieldName>();
  const sql = select.replace(/'[^']*'/g, "''");
  const count = (pattern: string): number => [...sql.matchAll(new RegExp(pattern, 'gi'))].length;
  for (const column of [...schedule, ...optional, ...outcome]) {
    if (!/^\w+$/.test(column)) continue;
    const nUses = count(`\\b${column}\\b`);
    const nRead = count(`\\b(?:${READERS})\\([^()]*\\b${column}\\b[^()]*\\)`);
    const field = new RegExp(`(?:SELECT|,)\\s*${column} AS (\\w+)\\s*(?:,|\\bFROM\\b)`, 'i').exec(
      sql,
    )?.[1];
    const kind = field === undefined ? undefined : fieldOf(field)?.kind;
    // The field may be called as the column is.
    const nGiven = kind === undefined ? 0 : field!.toLowerCase() === column.toLowerCase() ? 2 : 1;
    if (nUses === nRead || (kind === 'number' && nUses === nRead + nGiven)) parsed.add(column);
    const isText = source.texts.has(column.toLowerCase()) && !source.isPadded;
    if (kind === 'category' && nUses === nGiven && isText) names.set(column, field as FieldName);
  }
  return { parsed, names };
};

/** Macros that take a text apart; a dialect calls them for a field, and once more for why a row cannot be used. */
const PARSERS = /\b(?:hhmm_minutes|date_of|day_of|clock_of)\((\w+(?:, ?\w+)*)\)/g;

/** The SELECT of a dialect with what it parses twice as columns of `source`, and these columns. */
const parsedOnce = ({ select, schedule, optional, outcome }: Dialect) => {
  const known = new Set([...schedule, ...optional, ...outcome]);
  const calls = new Map<string, string>();
  const written = select.replace(PARSERS, (call: string, names: string) => {
    if (!names.split(/, ?/).every((name) => known.has(name))) return call;
    const column = calls.get(call) ?? `parsed${calls.size}`;
    calls.set(call, column);
    return column;
  });
  return {
    select: written,
    columns: [...calls].map(([call, column]) => `, ${call} AS ${column}`).join(''),
  };
};

/** The dialect that a source is read by. @throws AppError columns-unknown, which proposes a mapping, and data-unfit */
const dialectFor = async (
  connection: DuckDBConnection,
  source: Source,
  { dialect }: Wanted,
  labelled: boolean,
): Promise<{ readonly dialect: Dialect; readonly notes: readonly string[] }> => {
  if (dialect !== undefined)
    return isMapping(dialect)
      ? dialectOfMapping(connection, source, dialect, labelled)
      : { dialect, notes: [] };
  try {
    return { dialect: recogniseDialect(source.file, source.columns, labelled), notes: [] };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'columns-unknown') throw error;
    const proposal = await proposeMapping(connection, source);
    if (proposal.lacking.includes('scheduledDeparture'))
      throw new AppError(
        'columns-unknown',
        `${error.message}; no column of date and time was found either, so --map has to say it ('puntual columns' shows what the file holds)`,
        { cause: error },
      );
    if (labelled && proposal.lacking.length > 0)
      throw new AppError(
        'columns-unknown',
        `${error.message}; no column of a delay was found either, so --map has to say it ('puntual columns' shows what the file holds)`,
        { cause: error },
      );
    throw new AppError('columns-unknown', error.message, {
      cause: error,
      faults: [
        ...proposal.doubts.map((detail) => ({ pointer: '', detail })),
        { pointer: PROPOSAL, detail: proposal.map },
      ],
    });
  }
};

/**
 * A column with a point before its fraction and nothing between its thousands, where the user says which sign is which;
 * NULL where it holds a word for nothing.
 */
const pointed = (source: Source, column: string, decimal: string | undefined): string => {
  const known = knownValue(source, column);
  if (decimal === undefined || !source.texts.has(column.toLowerCase())) return known;
  return decimal === ','
    ? `CASE WHEN regexp_full_match(${known}, '[-+]?([0-9]{1,3}([.][0-9]{3})+|[0-9]+)(,[0-9]+)?|[-+]?,[0-9]+') THEN replace(replace(${known}, '.', ''), ',', '.') ELSE ${known} END`
    : `CASE WHEN regexp_full_match(${known}, '[-+]?[0-9]{1,3}(,[0-9]{3})+([.][0-9]+)?') THEN replace(${known}, ',', '') ELSE ${known} END`;
};

/** A moment whose zone nobody knows has no clock. @throws AppError data-unfit */
const requireZones = (source: Source, dialect: Dialect): void => {
  const column = [...dialect.schedule, ...dialect.optional].find((name) =>
    source.withoutZone.has(name.toLowerCase()),
  );
  if (column !== undefined)
    throw new AppError(
      'data-unfit',
      `${source.file}: ${column} holds moments with a time zone, and the file does not say of which place; write the local time of the airport, without a zone`,
    );
};

interface Read {
  readonly outputs: readonly DialectColumn[];
  readonly fields: readonly FieldName[];
  /** The dialect's SELECT over a table, with more columns of it and what is handed on of these. */
  readonly selectFrom: (table: string, more: readonly string[], also: readonly string[]) => string;
}

const SAMPLE_ROWS = 2000;

/** What the first rows show to be lost on the way, or read as it may not be meant: a sentence each. */
const valueNotes = async (
  connection: DuckDBConnection,
  source: Source,
  { outputs, fields, selectFrom }: Read,
): Promise<readonly string[]> => {
  const has = new Map(source.columns.map((column) => [column.toLowerCase(), column]));
  const checks = outputs.flatMap(({ name, from }) => {
    const kind = fields.some((field) => field === name) ? fieldOf(name)!.kind : undefined;
    const column = has.get((kind === 'number' ? from[0] : from.at(-1))?.toLowerCase() ?? '');
    if (column === undefined || !source.texts.has(column.toLowerCase())) return [];
    if (kind === 'number' && from.length === 1)
      return [
        {
          column,
          isFound: (own: string) => `${own} IS NOT NULL AND try_cast(${name} AS DOUBLE) IS NULL`,
          note: (n: number, value: string) =>
            `${column}: ${n} of the first ${SAMPLE_ROWS} values are no numbers (${value}) and count as missing${/\d,\d/.test(value) ? '; --decimal says what , and . mean' : ''}`,
        },
      ];
    return name === 'scheduledDeparture'
      ? [
          {
            column,
            isFound: (own: string) => `regexp_matches(trim(${own}), '\\d(Z|[+-]00:?00)$')`,
            note: (_: number, value: string) =>
              `${column} is UTC (${value}) and read as the clock of UTC shows it; the local clock of the airport is expected`,
          },
        ]
      : [];
  });
  if (checks.length === 0) return [];
  const more = checks.map(({ column }, i) => `${knownValue(source, column)} AS checked${i}`);
  const also = checks.map((_, i) => `checked${i}`);
  const counts = checks.map(
    ({ isFound }, i) =>
      `count(*) FILTER (${isFound(`checked${i}`)})::INTEGER AS n${i}, min(checked${i}) FILTER (${isFound(`checked${i}`)}) AS value${i}`,
  );
  const [row] = await blameFile(source.file, () =>
    readRows(
      connection,
      `SELECT ${counts.join(', ')} FROM (${selectFrom(`(FROM ${source.from} LIMIT ${SAMPLE_ROWS})`, more, also)})`,
    ),
  );
  return checks.flatMap(({ note }, i) =>
    Number(row![`n${i}`]) > 0
      ? [`${source.file}: ${note(Number(row![`n${i}`]), String(row![`value${i}`]))}`]
      : [],
  );
};

const MAX_SHOWN = 5;

/** The columns in which to look for why a row cannot be used, and the SQL that shows what they hold. */
const shownColumns = (outputs: readonly DialectColumn[], source: Source, labelled: boolean) => {
  const has = new Map(source.columns.map((column) => [column.toLowerCase(), column]));
  const of = (name: string): readonly string[] =>
    (outputs.find((output) => output.name === name)?.from ?? [])
      .flatMap((column) => has.get(column.toLowerCase()) ?? [])
      .slice(0, MAX_SHOWN);
  const parts = {
    departure: [...new Set([...of('scheduledDeparture'), ...of('unusable')])].slice(0, MAX_SHOWN),
    outcome: labelled ? of('unlabelled') : [],
    delay: labelled ? of('delayMinutes') : [],
  };
  const all = [...new Set([...parts.departure, ...parts.outcome, ...parts.delay])];
  const text = (columns: readonly string[]): string =>
    columns.length === 0
      ? `''`
      : `concat_ws(', ', ${columns.map((column) => `${literal(`${column} `)} || coalesce(nullif(shown${all.indexOf(column)}::VARCHAR, ''), '(nothing)')`).join(', ')})`;
  const detail = labelled
    ? `CASE WHEN reject = '' THEN '' WHEN unusable IS NOT NULL OR NOT coalesce(${IS_POSSIBLE_DAY}, false) THEN ${text(parts.departure)}
         WHEN unlabelled IS NOT NULL THEN ${text(parts.outcome)} ELSE ${text(parts.delay)} END`
    : `CASE WHEN reject = '' THEN '' ELSE ${text(parts.departure)} END`;
  return { all, detail };
};

/** A field as an SQL expression without NULL: text, double, or minutes since 1970 as int32. */
export const plainColumn = (field: FieldName): string =>
  `${plainOf(fieldOf(field)!.kind, field)} AS ${field}`;

/** An expression of SQL without NULL, by its kind; what cannot be read as that is missing. */
export const plainOf = (kind: InputKind, expression: string): string => {
  switch (kind) {
    case 'category':
      return `coalesce(${expression}::VARCHAR, '')`;
    case 'number':
      return `coalesce(try_cast(${expression} AS DOUBLE), 'nan')`;
    case 'time':
      return `coalesce(try_cast(date_diff('minute', TIMESTAMP '1970-01-01', try_cast(${expression} AS TIMESTAMP)) AS INTEGER), ${NO_MINUTES})`;
  }
};

/** A source's own column of an input's name, under `withOwn`; undefined where it has none. */
export const ownColumn = (source: Source, name: string): string | undefined => {
  const place = source.columns.findIndex((column) => column.toLowerCase() === name.toLowerCase());
  return place < 0 ? undefined : knownValue(source, name, `own${place}`);
};

/** Days outside are written where none is known, or wrong; `FIRST_DAY` <= day < `AFTER_LAST_DAY`. */
const FIRST_DAY = '1900-01-01';
const AFTER_LAST_DAY = '2100-01-01';

const IS_POSSIBLE_DAY = `scheduledDeparture >= TIMESTAMP '${FIRST_DAY}' AND scheduledDeparture < TIMESTAMP '${AFTER_LAST_DAY}'`;

/** SQL for why a row cannot be used, '' where it can; `delay` is its delay as a number, where delays are read. */
export const rejectOf = (labelled: boolean): string => {
  const departure = `CASE WHEN ${IS_POSSIBLE_DAY} THEN NULL
      WHEN scheduledDeparture IS NULL THEN 'no scheduled departure' ELSE 'impossible date' END`;
  return labelled
    ? `coalesce(unusable, ${departure}, unlabelled,
         CASE WHEN delay BETWEEN ${EARLIEST_MINUTES} AND ${LATEST_MINUTES} THEN NULL
              WHEN delayMinutes IS NULL THEN 'no delay' ELSE 'impossible delay' END, '')`
    : `coalesce(unusable, ${departure}, '')`;
};
