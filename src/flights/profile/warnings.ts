/**
 * What a reader of a profile must not overlook.
 */
import { MS_PER_DAY } from '../../core/calendar.ts';
import type { Group } from './groups.ts';
import type { Profile } from './profile-report.ts';

const NEARLY_EMPTY = 0.95;
const LONGEST_LIST = 6;

/** A sentence each, what spoils a model first. */
export const warningsOf = (profile: Omit<Profile, 'warnings'>): readonly string[] => [
  ...rejectWarnings(profile),
  ...duplicateWarnings(profile),
  ...gapWarnings(profile),
  ...levelWarnings(profile.byMonth),
  ...columnWarnings(profile),
  ...Object.entries(profile.remarks).map(([remark, n]) => `${whole(n)} flights: ${remark}`),
];

const whole = (n: number): string => n.toLocaleString('en');
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const rejectWarnings = ({ rows }: Omit<Profile, 'warnings'>): readonly string[] =>
  rows.rejected > rows.read / 2
    ? [`most rows are left out: ${whole(rows.rejected)} of ${whole(rows.read)}`]
    : [];

const duplicateWarnings = ({ duplicates, rows }: Omit<Profile, 'warnings'>): readonly string[] => {
  const about = duplicates.isExact ? '' : 'about ';
  return [
    ...duplicates.sameFiles.map(
      ([file, other]) => `${file} holds the same flights as ${other}: they are counted twice`,
    ),
    ...(duplicates.rows > 0
      ? [
          `${about}${whole(duplicates.rows)} flights (${percent(duplicates.rows / rows.used)}) appear more than once: same airline, number, route and time`,
        ]
      : []),
    ...(duplicates.codeShares > 0
      ? [
          `${about}${whole(duplicates.codeShares)} flights are code-shares: the same aircraft at the same time on the same route under another number`,
        ]
      : []),
  ];
};

/** Days without a flight between the first and the last. */
export const gapsOf = (
  byDay: readonly Group[],
): readonly { readonly after: string; readonly days: number }[] =>
  byDay.flatMap(({ name }, i) => {
    const next = byDay[i + 1];
    if (!next) return [];
    const days = Math.round((Date.parse(next.name) - Date.parse(name)) / MS_PER_DAY) - 1;
    return days > 0 ? [{ after: name, days }] : [];
  });

const gapWarnings = ({ byDay }: Omit<Profile, 'warnings'>): readonly string[] => {
  const gaps = gapsOf(byDay);
  if (gaps.length === 0) return [];
  const nDays = gaps.reduce((sum, { days }) => sum + days, 0);
  const longest = gaps.reduce((best, gap) => (gap.days > best.days ? gap : best));
  return [
    `${whole(nDays)} ${nDays === 1 ? 'day has' : 'days have'} no flight between the first and the last; the longest gap is ${whole(longest.days)} after ${longest.after}`,
  ];
};

/** A month whose share of late flights, or number of flights a day, is far from that of the month before. */
const levelWarnings = (byMonth: readonly Group[]): readonly string[] =>
  byMonth.flatMap((month, i) => {
    const before = byMonth[i - 1];
    if (!before || Math.min(month.flights, before.flights) < 100) return [];
    const warnings: string[] = [];
    const isApart =
      month.lateInterval[0] > before.lateInterval[1] ||
      month.lateInterval[1] < before.lateInterval[0];
    if (isApart && Math.abs(month.late - before.late) > 0.15)
      warnings.push(
        `the level changes in ${month.name}: ${percent(month.late)} late after ${percent(before.late)} in ${before.name}`,
      );
    // The first and the last month may be parts of one.
    if (i > 1 && i < byMonth.length - 1) {
      const ratio = month.flights / before.flights;
      if (ratio > 1.6 || ratio < 0.625)
        warnings.push(
          `the number of flights changes in ${month.name}: ${whole(month.flights)} after ${whole(before.flights)} in ${before.name}`,
        );
    }
    return warnings;
  });

const columnWarnings = ({ columns, unused }: Omit<Profile, 'warnings'>): readonly string[] => {
  const used = columns.filter(({ name }) => !unused.includes(name));
  const list = (what: string, names: readonly string[]): readonly string[] =>
    names.length === 0
      ? []
      : [
          `${what}: ${names.slice(0, LONGEST_LIST).join(', ')}${names.length > LONGEST_LIST ? ` and ${names.length - LONGEST_LIST} more` : ''}`,
        ];
  return [
    ...list(
      'always the same value',
      columns
        .filter(({ distinct, missing, rows }) => distinct === 1 && missing === 0 && rows > 1)
        .map(({ name }) => name),
    ),
    ...list(
      'empty or nearly so',
      columns.filter(({ missing, rows }) => missing > NEARLY_EMPTY * rows).map(({ name }) => name),
    ),
    ...list(
      'nearly as many different texts as rows, of which a model learns little',
      used
        .filter(
          ({ kind, distinct, rows, missing }) =>
            kind === 'text' && rows > 1000 && distinct > 0.5 * (rows - missing),
        )
        .map(({ name }) => name),
    ),
  ];
};
