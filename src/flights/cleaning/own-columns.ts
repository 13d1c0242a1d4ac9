/**
 * Columns that are the user's own: no field of a flight, but known before it departs because the user says so.
 */
import { AppError } from '../../core/errors.ts';
import type { Input } from '../../core/inputs.ts';
import type { Column, Table } from '../../core/table.ts';
import type { FlightQuery } from './flight-query.ts';

/** A column by its name, and what it holds where the user says it. */
export interface OwnColumn {
  readonly name: string;
  readonly kind?: 'category' | 'number';
}

/** As texts: what they are is decided once all are read. */
export const asInputs = (columns: readonly OwnColumn[]): readonly Input[] =>
  columns.map(({ name }) => ({ name, kind: 'category', required: false, description: name }));

/** Names that files of flights give to what happened, whatever else is in them; without case, blanks and underlines. */
const LATER =
  /^(?:(?:dep|arr|departure|arrival)(?:del15|delay(?:minutes|new|groups?)?)|(?:dep|arr)time|delay(?:minutes)?|(?:actual|real)(?:dep|arr|departure|arrival|off|on|in|out|time|elapsed).*|taxi(?:in|out)|wheels(?:on|off)|airtime|elapsedtime|(?:airsystem|security|airline|lateaircraft|carrier|weather|nas)delay|cancell?(?:ed|ation|ationcode|ationreason)|diverted|div\d?(?:airport|reached|actual|arrdelay|distance|total|longest|wheels|tail).*|(?:firstdep|totaladdg|longestaddg)time)$/;
/** These are what happened where the file also has a schedule. */
const LATER_BESIDE_SCHEDULE = /^(?:departure|arrival)time$/;
const SCHEDULE = /^(?:sched|crs|plan)/;

const isLater = (name: string, columns: readonly string[]): boolean => {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const own = plain(name);
  return (
    LATER.test(own) ||
    (LATER_BESIDE_SCHEDULE.test(own) && columns.some((column) => SCHEDULE.test(plain(column))))
  );
};

const MAX_SHOWN = 30;

/**
 * Whether a source has the columns, and none of them is read anyway or known only after departure.
 * @throws AppError columns-unknown, usage, data-leak
 */
export const requireOwnColumns = (
  { source: { file, columns }, projection: { dialect, fields } }: FlightQuery,
  wanted: readonly OwnColumn[],
): void => {
  const isAmong = (names: readonly string[], name: string): boolean =>
    names.some((one) => one.toLowerCase() === name.toLowerCase());
  for (const { name } of wanted) {
    if (!isAmong(columns, name)) {
      const shown = columns.slice(0, MAX_SHOWN).join(', ');
      throw new AppError(
        'columns-unknown',
        `${file} has no column ${name}, which --columns names; its columns are ${shown}${columns.length > MAX_SHOWN ? ', ...' : ''}`,
      );
    }
    if (isAmong(dialect.outcome, name))
      throw new AppError(
        'data-leak',
        `--columns ${name}: the dialect ${dialect.name} knows it for a column that is filled only once the flight has departed; a model cannot learn from it`,
      );
    if (isAmong([...dialect.schedule, ...dialect.optional, ...fields], name))
      throw new AppError(
        'usage',
        `--columns ${name}: the dialect ${dialect.name} reads it anyway, as a field of the flight; leave it out`,
      );
    if (isLater(name, columns))
      throw new AppError(
        'data-leak',
        `--columns ${name}: a column of that name is filled only once the flight has departed; a model cannot learn from it. If yours is known before, give it another name`,
      );
  }
};

/** Texts such as `0012` are names, not numbers. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

/**
 * The table with its own columns as what they are: numbers where every value is one, else categories.
 * @throws AppError columns-unknown (all of it is missing), value-invalid (a number was said to be in it, and is not)
 */
export const withOwnColumns = (table: Table, wanted: readonly OwnColumn[]): Table => {
  if (wanted.length === 0) return table;
  const columns: Record<string, Column | undefined> = { ...table.columns };
  for (const { name, kind } of wanted) {
    const column = columns[name];
    if (column?.kind !== 'category')
      throw new AppError(
        'columns-unknown',
        `--columns ${name}: it is empty in every flight of ${table.source.files.join(', ')}`,
      );
    const strange = column.values.find((value) => !NUMBER.test(value));
    if (kind === 'number' && strange !== undefined)
      throw new AppError(
        'value-invalid',
        `--columns ${name}:number: it holds ${JSON.stringify(strange.slice(0, 40))}, which is not a number`,
      );
    if (kind === 'category' || strange !== undefined) continue;
    const numbers = column.values.map(Number);
    columns[name] = {
      kind: 'number',
      numbers: Float64Array.from(column.codes, (code) => numbers[code] ?? Number.NaN),
    };
  }
  return { ...table, columns };
};
