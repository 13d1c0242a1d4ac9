/**
 * What files have to be like, as a line of conditions: `missing(tailNumber)<5%,rows>100000`.
 */
import { AppError } from '../../core/errors.ts';
import { gapsOf } from './warnings.ts';
import type { Profile } from './profile-report.ts';
import type { SourceColumn } from './columns.ts';

interface Expectation {
  readonly text: string;
  readonly holds: boolean;
  /** What was found, as it is compared. */
  readonly found: number;
}

type Measure = (profile: Profile, column: SourceColumn | undefined) => number;

/** Measures of a file; those of a column need its name. */
const MEASURES: Readonly<
  Record<string, { readonly ofColumn: boolean; readonly measure: Measure }>
> = {
  rows: { ofColumn: false, measure: ({ rows }) => rows.read },
  used: { ofColumn: false, measure: ({ rows }) => rows.used },
  rejected: { ofColumn: false, measure: ({ rows }) => rows.rejected / rows.read },
  late: { ofColumn: false, measure: ({ delay }) => delay.late },
  delay: { ofColumn: false, measure: ({ delay }) => delay.meanMinutes },
  days: { ofColumn: false, measure: ({ days }) => days.withFlights },
  gap: {
    ofColumn: false,
    measure: ({ byDay }) => gapsOf(byDay).reduce((most, { days }) => Math.max(most, days), 0),
  },
  duplicates: {
    ofColumn: false,
    measure: ({ duplicates, rows }) => duplicates.rows / rows.used,
  },
  warnings: { ofColumn: false, measure: ({ warnings }) => warnings.length },
  missing: { ofColumn: true, measure: (_, column) => column!.missing / column!.rows },
  distinct: { ofColumn: true, measure: (_, column) => column!.distinct },
  min: { ofColumn: true, measure: (_, column) => Number(column!.least ?? Number.NaN) },
  max: { ofColumn: true, measure: (_, column) => Number(column!.most ?? Number.NaN) },
};

const TERM = /^(\w+)\s*(?:\(([^)]*)\))?\s*(<=|>=|<|>|=)\s*(-?[\d.]+)\s*(%)?$/;

interface Term {
  readonly text: string;
  readonly column: string | undefined;
  readonly measure: Measure;
  readonly sign: string;
  readonly limit: number;
}

/** @throws AppError usage for what is no condition */
export const parseExpectations = (text: string): readonly Term[] =>
  text.split(/,(?![^(]*\))/).map((part) => {
    const match = TERM.exec(part.trim());
    const known = match && Object.hasOwn(MEASURES, match[1]!) ? MEASURES[match[1]!] : undefined;
    if (!match || !known || known.ofColumn !== (match[2] !== undefined))
      throw new AppError(
        'usage',
        `--expect: '${part.trim()}' is no condition; 'missing(tailNumber)<5%' or 'rows>100000' is expected (${Object.entries(
          MEASURES,
        )
          .map(([name, { ofColumn }]) => (ofColumn ? `${name}(COLUMN)` : name))
          .join(', ')}; <, <=, >, >=, =)`,
      );
    return {
      text: part.trim(),
      column: match[2]?.trim(),
      measure: known.measure,
      sign: match[3]!,
      limit: Number(match[4]) / (match[5] ? 100 : 1),
    };
  });

/** @throws AppError columns-unknown for a column that the files do not have */
export const checkExpectations = (
  terms: readonly Term[],
  profile: Profile,
): readonly Expectation[] =>
  terms.map(({ text, column: name, measure, sign, limit }) => {
    const column = profile.columns.find(
      (known) => known.name.toLowerCase() === name?.toLowerCase(),
    );
    if (name !== undefined && !column)
      throw new AppError(
        'columns-unknown',
        `--expect ${text}: there is no column ${name}; the files have ${profile.columns.map((known) => known.name).join(', ')}`,
      );
    const found = measure(profile, column);
    return { text, found, holds: compare(found, sign, limit) };
  });

const compare = (found: number, sign: string, limit: number): boolean => {
  switch (sign) {
    case '<':
      return found < limit;
    case '<=':
      return found <= limit;
    case '>':
      return found > limit;
    case '>=':
      return found >= limit;
    default:
      return found === limit;
  }
};
