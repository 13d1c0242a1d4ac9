/**
 * A dialect: one SQL file that maps the columns of a source to a flight; found by the columns it needs.
 */
import { AppError } from '../../core/errors.ts';
import anacVra from './anac-vra.sql' with { type: 'text' };
import anacVra12 from './anac-vra-12.sql' with { type: 'text' };
import btsMarketing from './bts-marketing.sql' with { type: 'text' };
import bts from './bts.sql' with { type: 'text' };
import dataexpo from './dataexpo.sql' with { type: 'text' };
import dublin from './dublin.sql' with { type: 'text' };
import eurocontrol from './eurocontrol.sql' with { type: 'text' };
import flightdata from './flightdata.sql' with { type: 'text' };
import flights3m from './flights-3m.sql' with { type: 'text' };
import kaggle2015 from './kaggle-2015.sql' with { type: 'text' };
import nycflights13 from './nycflights13.sql' with { type: 'text' };
import puntual from './puntual.sql' with { type: 'text' };
import sample2019 from './sample-2019-2023.sql' with { type: 'text' };
import scl from './scl.sql' with { type: 'text' };
import transtatsParts from './transtats-parts.sql' with { type: 'text' };
import transtats from './transtats.sql' with { type: 'text' };

export interface Dialect {
  readonly name: string;
  readonly about: string;
  /** What the delay measures. */
  readonly target: 'arrival' | 'departure';
  /** Columns that are known before departure and must be there. */
  readonly schedule: readonly string[];
  /** Columns that are known before departure and may be there. */
  readonly optional: readonly string[];
  /** Columns that are known only afterwards; they may make the delay and nothing else. */
  readonly outcome: readonly string[];
  /** How the time of departure is written, for whoever wrote it otherwise. */
  readonly expects?: string;
  /** One SELECT from `source`. */
  readonly select: string;
}

/** @throws AppError usage when the head of the file does not say what a dialect must say */
export const parseDialect = (name: string, text: string): Dialect => {
  const head = new Map<string, string>();
  for (const [, key, value] of text.matchAll(/^--\s*(\w+):\s*(.*)$/gm)) head.set(key!, value!);
  const columns = (key: string): readonly string[] =>
    (head.get(key) ?? '')
      .split(',')
      .map((column) => column.trim())
      .filter((column) => column !== '');
  const target = head.get('target');
  if (target !== 'arrival' && target !== 'departure') {
    throw new AppError(
      'usage',
      `dialect ${name}: a line '-- target: arrival' or '-- target: departure' is expected`,
    );
  }
  if (columns('schedule').length === 0) {
    throw new AppError('usage', `dialect ${name}: a line '-- schedule: COLUMN, ...' is expected`);
  }
  return {
    name,
    about: head.get('about') ?? '',
    target,
    schedule: columns('schedule'),
    optional: columns('optional'),
    outcome: columns('outcome'),
    ...(head.has('expects') ? { expects: head.get('expects')! } : {}),
    select: text
      .replace(/^--.*$/gm, '')
      .trim()
      .replace(/;$/, ''),
  };
};

/** The dialects that come with the tool, by name. */
const DIALECTS: readonly Dialect[] = Object.entries({
  'anac-vra': anacVra,
  'anac-vra-12': anacVra12,
  bts,
  'bts-marketing': btsMarketing,
  dataexpo,
  dublin,
  eurocontrol,
  flightdata,
  'flights-3m': flights3m,
  'kaggle-2015': kaggle2015,
  nycflights13,
  puntual,
  'sample-2019-2023': sample2019,
  scl,
  transtats,
  'transtats-parts': transtatsParts,
}).map(([name, text]) => parseDialect(name, text));

/** The dialect of that name. @throws AppError usage */
export const dialectOf = (name: string): Dialect => {
  const dialect = DIALECTS.find((known) => known.name === name);
  if (dialect) return dialect;
  const names = DIALECTS.map((known) => known.name).join(', ');
  throw new AppError('usage', `there is no dialect ${name}; known are ${names}`);
};

/** Columns that a dialect must find: those of the schedule and, to learn, those of the outcome. */
const neededBy = (dialect: Dialect, labelled: boolean): readonly string[] =>
  labelled ? [...dialect.schedule, ...dialect.outcome] : dialect.schedule;

const missingOf = (dialect: Dialect, has: ReadonlySet<string>, labelled: boolean) =>
  neededBy(dialect, labelled).filter((column) => !has.has(column.toLowerCase()));

/** The dialect that finds all it needs among these columns, the delay too where there is one; undefined where none does. */
export const fittingDialect = (columns: readonly string[]): Dialect | undefined =>
  bestOf(columns, true) ?? bestOf(columns, false);

/** Of the dialects that find what they need, the one that needs the most. */
const bestOf = (columns: readonly string[], labelled: boolean): Dialect | undefined => {
  const has = new Set(columns.map((column) => column.toLowerCase()));
  const nNeeded = (dialect: Dialect): number => neededBy(dialect, labelled).length;
  return DIALECTS.filter((dialect) => missingOf(dialect, has, labelled).length === 0).reduce<
    Dialect | undefined
  >((best, dialect) => (best && nNeeded(best) >= nNeeded(dialect) ? best : dialect), undefined);
};

/**
 * The dialect that these columns fit: of several, the one that needs the most of them.
 * @param labelled whether the delay is needed too
 * @throws AppError columns-unknown naming the nearest dialect and what it misses
 */
export const recogniseDialect = (
  file: string,
  columns: readonly string[],
  labelled: boolean,
): Dialect => {
  const has = new Set(columns.map((column) => column.toLowerCase()));
  const fitting = bestOf(columns, labelled);
  if (fitting) return fitting;
  refuseAggregates(file, has);
  refuseNoTable(file, columns);
  const share = (dialect: Dialect): number =>
    missingOf(dialect, has, labelled).length / neededBy(dialect, labelled).length;
  const nearest = DIALECTS.reduce((best, dialect) =>
    share(dialect) < share(best) ? dialect : best,
  );
  const names = DIALECTS.map((dialect) => dialect.name).join(', ');
  throw new AppError(
    'columns-unknown',
    share(nearest) === 1
      ? `${file}: its columns (${listed(columns)}) fit none of the known dialects: ${names}`
      : `${file}: its columns fit none of the known dialects (${names}); nearest is ${nearest.name}, which misses ${listed(missingOf(nearest, has, labelled))}`,
  );
};

/** Sets that are known and cannot be learned from: columns that give them away, and why. */
const HOPELESS: readonly (readonly [columns: readonly string[], why: string])[] = [
  [
    ['reporting_airport', 'number_flights_matched'],
    'each row sums up the flights of a route and a month (UK CAA punctuality)',
  ],
  [
    ['arr_flights', 'arr_del15', 'carrier_ct'],
    'each row sums up the flights of an airline, an airport and a month (BTS delay causes)',
  ],
  [
    ['airportfrom', 'airportto', 'dayofweek', 'time', 'length', 'delay'],
    'no row says on which date its flight departed, nor by how many minutes it was late (OpenML airlines)',
  ],
];

/** @throws AppError data-unfit where the first line is no header, or is not parted as a CSV is */
export const refuseNoTable = (file: string, columns: readonly string[]): void => {
  const [only = ''] = columns;
  if (columns.length === 1 && / {2,}\S/.test(only.trim()))
    throw new AppError(
      'data-unfit',
      `${file} is of fixed width: its columns are parted by blanks (${listed(columns)}); save it as CSV, with a sign such as , or ; between the columns`,
    );
  if (columns.length === 1 && /\w[\s~^:]+\w/.test(only))
    throw new AppError(
      'data-unfit',
      `${file} is read as a single column (${listed(columns)}): its lines are parted by none of , ; tab | ~ and ^; save it as CSV`,
    );
  const isValue = (name: string): boolean =>
    /^[-+]?\d+([.,]\d+)?$|^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}/.test(name);
  if (columns.length > 1 && columns.filter(isValue).length >= columns.length / 2)
    throw new AppError(
      'data-unfit',
      `${file} begins with values (${listed(columns)}), not with the names of its columns; put a header line above them`,
    );
};

const refuseAggregates = (file: string, has: ReadonlySet<string>): void => {
  const found = HOPELESS.find(([columns]) => columns.every((column) => has.has(column)));
  if (found)
    throw new AppError(
      'data-unfit',
      `${file} cannot be learned from: ${found[1]}; a row for each flight, with its date and delay, is expected`,
    );
};

/** @throws AppError columns-unknown when a dialect that the user named misses columns */
export const requireColumns = (
  file: string,
  dialect: Dialect,
  columns: readonly string[],
  labelled: boolean,
): void => {
  const has = new Set(columns.map((column) => column.toLowerCase()));
  const missing = missingOf(dialect, has, labelled);
  if (missing.length > 0) {
    throw new AppError(
      'columns-unknown',
      `${file}: the dialect ${dialect.name} misses ${listed(missing)}`,
    );
  }
};

const LISTED_AT_MOST = 12;

/** Names for a sentence, without what would garble a terminal. */
const listed = (names: readonly string[]): string => {
  const shown = names
    .slice(0, LISTED_AT_MOST)
    .map((name) => name.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '?').slice(0, 40));
  const nMore = names.length - shown.length;
  return nMore > 0 ? `${shown.join(', ')} and ${nMore} more` : shown.join(', ');
};
