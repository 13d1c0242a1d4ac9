/**
 * How times are written in the columns of a file, and the SQL that reads them.
 *
 * A format is `iso`, `epoch`, `epoch-ms`, `excel` (days since 1900 as spreadsheets count them), or the pattern of a date and of a time with a space between them; a pattern is
 * strptime's (`%d/%m/%Y`), `parts` for year, month and day in columns of their own, `hhmm` for 517 or 0517.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { AppError } from '../../core/errors.ts';
import { identifier, literal, readRows } from '../database.ts';
import { firstKnown, type Source } from '../reading/source.ts';

const DATES = [
  '%Y-%m-%d',
  '%d/%m/%Y',
  '%m/%d/%Y',
  '%d-%m-%Y',
  '%m-%d-%Y',
  '%d.%m.%Y',
  '%Y/%m/%d',
  '%Y%m%d',
  '%d-%b-%Y',
  '%d %b %Y',
  '%b %d %Y',
  '%d de %b de %Y',
  '%d. %b %Y',
  '%d/%m/%y',
  '%m/%d/%y',
] as const;

const TIMES = ['%H:%M', '%H:%M:%S', 'hhmm', '%I:%M %p', '%I:%M:%S %p', '%I:%M%p'] as const;

/** Columns that say a time together, as SQL texts. */
type TimeColumns = readonly string[];

/** A column as text: a moment whose time of day nobody wants is its date. */
export const textOf = (source: Source, column: string, isDateOnly = false): string => {
  const type = source.types[source.columns.indexOf(column)] ?? 'VARCHAR';
  const name = identifier(column);
  return isDateOnly && type.startsWith('TIMESTAMP') ? `${name}::DATE::VARCHAR` : `${name}::VARCHAR`;
};

const splitFormat = (format: string): readonly [date: string, time: string] => {
  const at = TIMES.find((time) => format.endsWith(` ${time}`));
  return at === undefined ? [format, ''] : [format.slice(0, -at.length - 1), at];
};

/** Minutes of a time of day, NULL where it is none. */
export const minutesSql = (column: string, format: string): string =>
  format === 'hhmm'
    ? `hhmm_minutes(${column})`
    : `(epoch(time_by('1970-01-01 ' || trim(${column}), ${literal(`%Y-%m-%d ${format}`)})) / 60)::INTEGER`;

/** SQL for the time that columns say in this format, NULL where they say none. */
export const timeSql = (columns: TimeColumns, format: string): string => {
  const [first = `''`, ...rest] = columns;
  if (columns.length === 1) {
    if (format === 'iso') return `clock_of(${first})`;
    if (format === 'epoch') return momentOf(`try_cast(${first} AS DOUBLE)`);
    if (format === 'epoch-ms') return momentOf(`try_cast(${first} AS DOUBLE) / 1000`);
    if (format === 'excel') return excelSql(first);
    return `time_by(${worded(first, format)}, ${literal(patternOf(format.replace('hhmm', '%H%M')))})`;
  }
  const [date, time] = splitFormat(format);
  const clock = minutesSql(columns.at(-1)!, time === '' ? 'hhmm' : time);
  return date === 'parts'
    ? `(day_of(${columns.slice(0, 3).join(', ')}) + to_minutes(${clock}))`
    : rest.length > 1
      ? `time_by(${worded(`concat_ws(' ', ${columns.join(', ')})`, format)}, ${literal(patternOf(format))})`
      : `(${date === 'excel' ? excelSql(first) : `time_by(${worded(first, date)}, ${literal(patternOf(date))})`} + to_minutes(${clock}))`;
};

/** Whether months are words, which may be those of other languages than English, short or written out. */
const hasWords = (format: string): boolean => /%[bB]/.test(format);

/** A text for a pattern. */
const worded = (text: string, format: string): string =>
  hasWords(format) ? `english_months(trim(${text}))` : `trim(${text})`;

/** A pattern for what `worded` makes of a text: words in it shortened as they are there. */
const patternOf = (format: string): string =>
  hasWords(format)
    ? format
        .replace(/%[bB]\.?/g, '%b')
        .replaceAll('%A', '%a')
        .replace(/(%.)|([a-z]+)/gi, (_, sign: string | undefined, word: string) =>
          sign === undefined ? word.toLowerCase().slice(0, 3) : sign,
        )
    : format;

/** Seconds of about the year 4000; times beyond are no times, and the database has none for them. */
const MOST_SECONDS = 64_000_000_000;

const momentOf = (seconds: string): string =>
  `CASE WHEN abs(${seconds}) < ${MOST_SECONDS} THEN make_timestamp((${seconds} * 1000000)::BIGINT) END`;

/** Days from the first of spreadsheets, which take 1900 for a leap year, to that of 1970. */
const EXCEL_DAYS = 25_569;

/** To the minute: its fraction of a day has no digits for more. */
const excelSql = (column: string): string =>
  momentOf(`round((try_cast(${column} AS DOUBLE) - ${EXCEL_DAYS}) * 1440) * 60`);

/** Formats that so many columns can have, the likelier first. */
const formatsOf = (nColumns: number): readonly string[] => {
  if (nColumns === 1)
    return [
      'iso',
      ...DATES.flatMap((date) => TIMES.map((time) => `${date} ${time}`)),
      'epoch',
      'epoch-ms',
      'excel',
    ];
  if (nColumns === 2) return DATES.flatMap((date) => TIMES.map((time) => `${date} ${time}`));
  return nColumns === 4 ? TIMES.map((time) => `parts ${time}`) : [];
};

const SAMPLE_ROWS = 2000;
const FITS = 0.9;

export interface FoundFormat {
  readonly format: string;
  /** Another format that reads the same values otherwise: the day or the month may come first. */
  readonly rival?: string;
}

/** Seconds since 1970 of times between 1987 and 2100; smaller numbers are no moments. */
const isMoment = (column: string, scale: number): string =>
  `try_cast(${column} AS DOUBLE) BETWEEN ${5.3e8 * scale} AND ${4.1e9 * scale}`;

const fitsSql = (columns: TimeColumns, format: string): string => {
  const sql = timeSql(columns, format);
  if (format === 'epoch') return `CASE WHEN ${isMoment(columns[0]!, 1)} THEN 1 END`;
  if (format === 'epoch-ms') return `CASE WHEN ${isMoment(columns[0]!, 1000)} THEN 1 END`;
  if (format === 'excel') return `CASE WHEN ${isSerial(columns[0]!)} THEN 1 END`;
  return sql;
};

/** Days of spreadsheets between 1987 and 2100 with a time of day; other numbers are no moments. */
const isSerial = (column: string): string =>
  `try_cast(${column} AS DOUBLE) BETWEEN 31778 AND 73051 AND try_cast(${column} AS DOUBLE) % 1 <> 0`;

/** The format that nearly all of the first values have, undefined where none has. */
export const detectFormat = async (
  connection: DuckDBConnection,
  source: Source,
  columns: TimeColumns,
): Promise<FoundFormat | undefined> =>
  detect(connection, source, columns, formatsOf(columns.length), (format) =>
    fitsSql(columns, format),
  );

/** The format of a date without a time, or of a time without a date. */
export const detectPart = async (
  connection: DuckDBConnection,
  source: Source,
  column: string,
  part: 'date' | 'time',
): Promise<FoundFormat | undefined> =>
  part === 'date'
    ? detect(connection, source, [column], DATES, (format) => timeSql([column], format))
    : detect(connection, source, [column], TIMES, (format) => minutesSql(column, format));

const detect = async (
  connection: DuckDBConnection,
  source: Source,
  columns: TimeColumns,
  all: readonly string[],
  sqlOf: (format: string) => string,
): Promise<FoundFormat | undefined> => {
  // Patterns of words are long to ask for, and most dates have none.
  const [seen] = await readRows(
    connection,
    `SELECT coalesce(bool_or(regexp_matches(concat_ws(' ', ${columns.join(', ')}), '\\pL{3}')), false) AS words FROM ${firstKnown(source, SAMPLE_ROWS)}`,
  );
  const formats = seen!['words'] === true ? all : all.filter((format) => !hasWords(format));
  if (formats.length === 0) return undefined;
  const counts = formats.map((format, i) => `count(${sqlOf(format)}) AS f${i}`);
  const isKnown = columns.map((column) => `nullif(trim(${column}), '') IS NOT NULL`).join(' AND ');
  // What many patterns ask for stands once: the database plans each mention anew.
  const words = columns.map((column) => `english_months(trim(${column}))`);
  const sql = words.reduce(
    (text, word, i) => text.replaceAll(word, `words${i}`),
    counts.join(', '),
  );
  const [row] = await readRows(
    connection,
    `SELECT count(*) FILTER (WHERE ${isKnown}) AS n, ${sql}
     FROM (SELECT *, ${words.map((word, i) => `${word} AS words${i}`).join(', ')} FROM ${firstKnown(source, SAMPLE_ROWS)})`,
  );
  const n = Number(row!['n']);
  const fitting = formats
    .map((format, i) => ({ format, nFit: Number(row![`f${i}`]) }))
    .filter(({ nFit }) => n > 0 && nFit >= FITS * n)
    .sort((a, b) => b.nFit - a.nFit);
  const best = fitting[0];
  if (!best) return undefined;
  const swapped = best.format.replace('%d', '%_').replace('%m', '%d').replace('%_', '%m');
  const rival = fitting.find(({ format, nFit }) => format === swapped && nFit === best.nFit);
  return rival && swapped !== best.format
    ? { format: best.format, rival: rival.format }
    : { format: best.format };
};

/** @throws AppError usage for what no format is */
export const checkFormat = (format: string): void => {
  const isKnown =
    ['iso', 'epoch', 'epoch-ms', 'excel', 'hhmm'].includes(format) ||
    format.startsWith('parts') ||
    format.startsWith('excel ') ||
    format.includes('%');
  if (!isKnown)
    throw new AppError(
      'usage',
      `${format} is not a time format; iso, epoch, epoch-ms, excel, hhmm or a pattern such as '%d/%m/%Y %H:%M' is expected`,
    );
};
