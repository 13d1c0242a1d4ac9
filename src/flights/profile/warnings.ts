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
  ...levelWarnings(profile.byDay),
  ...columnWarnings(profile),
  ...Object.entries(profile.remarks).map(([remark, n]) => `${flightsText(n)}: ${remark}`),
];

const whole = (n: number): string => n.toLocaleString('en');
const flightsText = (n: number): string => `${whole(n)} ${n === 1 ? 'flight' : 'flights'}`;
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
          `${about}${flightsText(duplicates.rows)} (${percent(duplicates.rows / rows.used)}) ${duplicates.rows === 1 ? 'appears' : 'appear'} more than once: same airline, number, route and time`,
        ]
      : []),
    ...(duplicates.codeShares > 0
      ? [
          `${about}${flightsText(duplicates.codeShares)} ${duplicates.codeShares === 1 ? 'is a code-share' : 'are code-shares'}: the same aircraft at the same time on the same route under another number`,
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

/** Days before and after a change that are compared: whole weeks, so that weekdays weigh the same. */
const WINDOW_DAYS = 28;
const LEAST_DAYS = 14;
const LATE_STEP = 0.15;
const FLIGHTS_RATIO = 1.6;

/** What some days in a row hold. */
interface Stretch {
  readonly days: number;
  readonly flights: number;
  readonly late: number;
}

/** Days on which the share of late flights, or their number, changes for weeks; of a change its sharpest day. */
const levelWarnings = (byDay: readonly Group[]): readonly string[] => {
  if (byDay.length < 2 * LEAST_DAYS) return [];
  const first = Date.parse(byDay[0]!.name) / MS_PER_DAY;
  const nDays = Math.round(Date.parse(byDay.at(-1)!.name) / MS_PER_DAY - first) + 1;
  // Sums up to a day, so that any stretch is one difference.
  const flights = new Float64Array(nDays + 1);
  const late = new Float64Array(nDays + 1);
  for (const { name, flights: n, late: share } of byDay) {
    const day = Math.round(Date.parse(name) / MS_PER_DAY - first) + 1;
    flights[day] = n;
    late[day] = n * share;
  }
  for (let day = 1; day <= nDays; day++) {
    flights[day]! += flights[day - 1]!;
    late[day]! += late[day - 1]!;
  }
  const stretch = (from: number, to: number): Stretch => ({
    days: to - from,
    flights: flights[to]! - flights[from]!,
    late: late[to]! - late[from]!,
  });
  const at = (day: number): readonly [before: Stretch, after: Stretch] => [
    stretch(Math.max(0, day - WINDOW_DAYS), day),
    stretch(day, Math.min(nDays, day + WINDOW_DAYS)),
  ];
  const shareOf = ({ flights: n, late: l }: Stretch): number => l / Math.max(1, n);
  const perDay = ({ days, flights: n }: Stretch): number => n / days;
  const dateOf = (day: number): string =>
    new Date((first + day) * MS_PER_DAY).toISOString().slice(0, 10);
  const lateStep = (day: number): number => {
    const [before, after] = at(day);
    if (Math.min(before.flights, after.flights) < 100) return 0;
    return Math.abs(shareOf(after) - shareOf(before)) / LATE_STEP;
  };
  const flightsStep = (day: number): number => {
    const [before, after] = at(day);
    if (Math.min(before.flights, after.flights) < 100) return 0;
    return Math.abs(Math.log(perDay(after) / perDay(before))) / Math.log(FLIGHTS_RATIO);
  };
  return [
    ...sharpestOf(lateStep, nDays).map((day) => {
      const [before, after] = at(day);
      return `the level changes on ${dateOf(day)}: ${percent(shareOf(after))} late in the ${after.days} days from then on, ${percent(shareOf(before))} in the ${before.days} before`;
    }),
    ...sharpestOf(flightsStep, nDays).map((day) => {
      const [before, after] = at(day);
      return `the number of flights changes on ${dateOf(day)}: ${whole(Math.round(perDay(after)))} a day in the ${after.days} days from then on, ${whole(Math.round(perDay(before)))} in the ${before.days} before`;
    }),
  ];
};

const MAX_CHANGES = 6;

/** Days whose step is more than 1 and the largest for weeks around, the first ones. */
const sharpestOf = (stepOf: (day: number) => number, nDays: number): readonly number[] => {
  const steps = Array.from({ length: nDays + 1 }, (_, day) =>
    day < LEAST_DAYS || day > nDays - LEAST_DAYS ? 0 : stepOf(day),
  );
  return steps
    .flatMap((step, day) => {
      const around = steps.slice(Math.max(0, day - WINDOW_DAYS), day + WINDOW_DAYS + 1);
      return step > 1 && step === Math.max(...around) ? [day] : [];
    })
    .filter((day, i, days) => i === 0 || day - days[i - 1]! > WINDOW_DAYS)
    .slice(0, MAX_CHANGES);
};

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
