/**
 * What is different in some flight files from others: figures beside each other, and what changed beyond chance.
 */
import type { Group } from './groups.ts';
import type { Profile } from './profile-report.ts';

interface FigurePair {
  readonly name: string;
  readonly before: number;
  readonly after: number;
  readonly unit: 'count' | 'share' | 'minutes';
}

export interface Comparison {
  /** The files that these are compared with. */
  readonly files: readonly string[];
  readonly figures: readonly FigurePair[];
  /** A sentence each. */
  readonly changes: readonly string[];
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Groups named in sentences, at most. */
const MAX_NAMED = 8;
const MISSING_STEP = 0.02;
const LATE_STEP = 0.03;

export const compareProfiles = (before: Profile, after: Profile): Comparison => {
  const median = ({ delay }: Profile): number =>
    delay.quantiles.find(({ level }) => level === 0.5)?.minutes ?? Number.NaN;
  const cancelled = ({ rejected, rows }: Profile): number =>
    (rejected['cancelled'] ?? 0) / rows.read;
  return {
    files: before.files,
    figures: [
      { name: 'rows', before: before.rows.read, after: after.rows.read, unit: 'count' },
      { name: 'flights used', before: before.rows.used, after: after.rows.used, unit: 'count' },
      { name: 'late', before: before.delay.late, after: after.delay.late, unit: 'share' },
      { name: 'cancelled', before: cancelled(before), after: cancelled(after), unit: 'share' },
      {
        name: 'mean delay',
        before: before.delay.meanMinutes,
        after: after.delay.meanMinutes,
        unit: 'minutes',
      },
      { name: 'median delay', before: median(before), after: median(after), unit: 'minutes' },
      {
        name: 'days with flights',
        before: before.days.withFlights,
        after: after.days.withFlights,
        unit: 'count',
      },
    ],
    changes: [
      ...columnChanges(before, after),
      ...memberChanges('airlines', before.byAirline, after.byAirline),
      ...memberChanges('airports of departure', before.byOrigin, after.byOrigin),
      ...memberChanges('routes', before.byRoute, after.byRoute),
      ...lateChanges(before.byAirline, after.byAirline),
      ...lateChanges(before.byOrigin, after.byOrigin),
    ],
  };
};

const columnChanges = (before: Profile, after: Profile): readonly string[] => {
  const keyOf = (name: string): string => name.toLowerCase();
  const earlier = new Map(before.columns.map((column) => [keyOf(column.name), column]));
  const later = new Set(after.columns.map((column) => keyOf(column.name)));
  const gone = before.columns.filter(({ name }) => !later.has(keyOf(name)));
  const added = after.columns.filter(({ name }) => !earlier.has(keyOf(name)));
  return [
    ...(gone.length > 0 ? [`columns that are gone: ${named(gone)}`] : []),
    ...(added.length > 0 ? [`columns that are new: ${named(added)}`] : []),
    ...after.columns.flatMap((column) => {
      const other = earlier.get(keyOf(column.name));
      if (!other) return [];
      const [was, is] = [other.missing / other.rows, column.missing / column.rows];
      return [
        ...(Math.abs(is - was) > MISSING_STEP
          ? [`${column.name}: ${percent(is)} missing, ${percent(was)} before`]
          : []),
        ...(column.kind !== other.kind && column.distinct > 0 && other.distinct > 0
          ? [`${column.name}: a ${column.kind}, a ${other.kind} before`]
          : []),
      ];
    }),
  ];
};

const named = (groups: readonly { readonly name: string }[]): string =>
  `${groups
    .slice(0, MAX_NAMED)
    .map(({ name }) => name)
    .join(', ')}${groups.length > MAX_NAMED ? ` and ${groups.length - MAX_NAMED} more` : ''}`;

const memberChanges = (
  what: string,
  before: readonly Group[],
  after: readonly Group[],
): readonly string[] => {
  const earlier = new Set(before.map(({ name }) => name));
  const later = new Set(after.map(({ name }) => name));
  const gone = before.filter(({ name }) => !later.has(name));
  const added = after.filter(({ name }) => !earlier.has(name));
  return [
    ...(gone.length > 0 ? [`${what} that are gone: ${named(gone)}`] : []),
    ...(added.length > 0 ? [`${what} that are new: ${named(added)}`] : []),
  ];
};

/** Groups whose intervals lie apart, the busiest first. */
const lateChanges = (before: readonly Group[], after: readonly Group[]): readonly string[] => {
  const earlier = new Map(before.map((group) => [group.name, group]));
  return after
    .flatMap((group) => {
      const other = earlier.get(group.name);
      if (!other || Math.abs(group.late - other.late) < LATE_STEP) return [];
      const isApart =
        group.lateInterval[0] > other.lateInterval[1] ||
        group.lateInterval[1] < other.lateInterval[0];
      return isApart
        ? [`${group.name}: ${percent(group.late)} late, ${percent(other.late)} before`]
        : [];
    })
    .slice(0, MAX_NAMED);
};
