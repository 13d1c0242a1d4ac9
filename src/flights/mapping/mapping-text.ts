/**
 * A mapping as a user writes it: after `--map`, or in a file of his own.
 *
 *   scheduledDeparture=date+sched_dep@%d/%m/%Y hhmm,delayMinutes=late@s,airline=carrier,distanceMiles=dist@km
 *
 * `+` joins a date and a time in columns of their own, `ACTUAL-PLANNED` is the delay between two times, `@` says the
 * format or the unit; names and formats with a comma, `+`, `-` or `@` in them stand in double quotes.
 */
import { basename } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { jsonFault } from '../../core/json-fault.ts';
import { readNamedFile } from '../../core/files/named-file.ts';
import { FIELDS } from '../../core/flight.ts';
import { type Dialect, parseDialect } from '../dialects/dialect.ts';
import { closestName } from './names.ts';

export interface MappingEntry {
  readonly field: string;
  /** Columns as they were written, with `+`, `-` and quotes. */
  readonly columns: string;
  readonly format?: string;
}

export interface Mapping {
  readonly name: string;
  readonly entries: readonly MappingEntry[];
  readonly target?: 'arrival' | 'departure';
  readonly decimal?: string;
  readonly encoding?: string;
}

/** What can be mapped besides the fields of a flight. */
const OUTCOMES = ['delayMinutes', 'cancelled'] as const;

/** @throws AppError usage */
export const parseMapping = (text: string): Mapping => {
  const entries: MappingEntry[] = [];
  let target: Mapping['target'];
  for (const part of splitOutside(text, ',')) {
    const at = part.indexOf('=');
    const [field, value] = [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    if (at < 0 || value === '')
      throw new AppError('usage', `--map: '${part}' is not FIELD=COLUMN, such as airline=carrier`);
    if (field === 'target') target = targetOf(value);
    else entries.push(entryOf(field, value));
  }
  return { name: 'map', entries, ...(target ? { target } : {}) };
};

const entryOf = (field: string, value: string): MappingEntry => {
  if (!Object.hasOwn(FIELDS, field) && !OUTCOMES.some((outcome) => outcome === field)) {
    const close = closestName(field, [...Object.keys(FIELDS), ...OUTCOMES]);
    throw new AppError(
      'usage',
      `--map: there is no field ${field}${close ? `; did you mean ${close}?` : ''}; fields are ${[...OUTCOMES, ...Object.keys(FIELDS)].join(', ')}`,
    );
  }
  const parts = splitOutside(value, '@');
  if (parts.length > 2)
    throw new AppError('usage', `--map: '${value}' has more than one @; quote the column's name`);
  return {
    field,
    columns: parts[0]!.trim(),
    ...(parts[1] === undefined ? {} : { format: unquoted(parts[1]) }),
  };
};

const targetOf = (text: string): 'arrival' | 'departure' => {
  if (text === 'arrival' || text === 'departure') return text;
  throw new AppError('usage', `target=${text}: arrival or departure is expected`);
};

/** Parts of a text between separators that are not in double quotes. */
export const splitOutside = (text: string, separator: string): readonly string[] =>
  (text.match(new RegExp(`(?:"[^"]*"|[^"${separator}])+`, 'g')) ?? []).map((part) => part.trim());

export const unquoted = (text: string): string => text.trim().replace(/^"(.*)"$/s, '$1');

/** A dialect that a user keeps in a file: a mapping as JSON, or a SELECT as SQL. @throws AppError */
export const readDialectFile = (file: string): Mapping | Dialect => {
  const text = readNamedFile(file, `--dialect ${file}`).toString('utf8');
  const name = basename(file).replace(/\.\w+$/, '');
  if (/\.sql$/i.test(file)) return parseDialect(name, text);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new AppError('usage', `${file} is not JSON: ${jsonFault(error)}`, {
      cause: error,
    });
  }
  const { map, target, decimal, encoding, ...others } = json as Record<string, unknown>;
  if (typeof map !== 'object' || map === null)
    throw new AppError('usage', `${file}: a key "map" with FIELD: "COLUMN@FORMAT" is expected`);
  const unknown = Object.keys(others).filter((key) => !['name', 'about'].includes(key));
  if (unknown.length > 0)
    throw new AppError(
      'usage',
      `${file}: there is no key ${unknown[0]}; map, target, decimal, encoding, name and about are known`,
    );
  return {
    name: typeof others['name'] === 'string' ? others['name'] : name,
    entries: Object.entries(map).map(([field, value]) => entryOf(field, String(value))),
    ...(target === undefined ? {} : { target: targetOf(String(target)) }),
    ...(decimal === undefined ? {} : { decimal: String(decimal) }),
    ...(encoding === undefined ? {} : { encoding: String(encoding) }),
  };
};

export const isMapping = (dialect: Mapping | Dialect): dialect is Mapping => 'entries' in dialect;
