/**
 * Flights of a profile in groups: when they are late or cancelled (hour, weekday, day), who is, and where.
 */
import type { Group } from '../../flights/profile/groups.ts';
import type { Profile } from '../../flights/profile/profile-report.ts';
import { formatNumber, formatPercent } from '../format.ts';
import type { Block, Cell, Section } from '../page.ts';

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const DAYS = Array.from({ length: 31 }, (_, day) => String(day + 1));

/** The hours from the first with flights to the last. */
const hoursOf = ({ byHour }: Profile): readonly number[] => {
  const hours = byHour.filter(({ flights }) => flights > 0).map(({ name }) => Number(name));
  const first = Math.min(...hours);
  return Array.from({ length: Math.max(0, Math.max(...hours) - first + 1) }, (_, i) => first + i);
};

export const timeSection = (profile: Profile): Section => timesOver(profile, hoursOf(profile));

const timesOver = (profile: Profile, hours: readonly number[]): Section => ({
  title: 'When',
  blocks: [
    {
      kind: 'chart',
      chart: {
        kind: 'line',
        title: 'Late by hour of scheduled departure, %',
        x: { label: 'hour', range: [(hours[0] ?? 0) - 0.5, (hours.at(-1) ?? 23) + 0.5] },
        y: { label: '% late' },
        series: [
          {
            label: '% late',
            style: 'bars',
            x: profile.byHour.map((hour) => Number(hour.name)),
            y: profile.byHour.map((hour) => 100 * hour.late),
          },
        ],
        limits: [{ at: 100 * profile.delay.late, label: 'all flights' }],
      },
    },
    {
      kind: 'chart',
      chart: {
        kind: 'heat',
        title: 'Late by weekday and hour, %',
        xLabel: 'hour of scheduled departure',
        yLabel: 'weekday',
        columns: hours.map(String),
        rows: WEEKDAYS,
        cells: WEEKDAYS.flatMap((_, day) =>
          hours.map((hour) => {
            const share = profile.lateByWeekdayAndHour[24 * day + hour] ?? null;
            return share === null ? Number.NaN : 100 * share;
          }),
        ),
        unit: '% late',
      },
    },
    calendarBlock(profile.byDay),
    {
      kind: 'columns',
      blocks: [
        groupTable('month', profile.byMonth.slice(-MAX_MONTHS), profile.byMonth.length),
        groupTable('weekday', profile.byWeekday),
        groupTable('hour', profile.byHour),
      ].filter((block) => block !== undefined),
    },
  ],
});

const MAX_MONTHS = 48;

/** Each month a line, each day a cell: gaps and bad days are seen at once. */
const calendarBlock = (byDay: readonly Group[]): Block => {
  const months = [...new Set(byDay.map(({ name }) => name.slice(0, 7)))].slice(-MAX_MONTHS);
  const places = new Map(months.map((month, row) => [month, row]));
  const cells = new Array<number>(months.length * 31).fill(Number.NaN);
  for (const { name, late } of byDay) {
    const row = places.get(name.slice(0, 7));
    if (row !== undefined) cells[row * 31 + Number(name.slice(8)) - 1] = 100 * late;
  }
  return {
    kind: 'chart',
    chart: {
      kind: 'heat',
      title: 'Late by day, %; an empty cell is a day without flights',
      xLabel: 'day of the month',
      yLabel: 'month',
      columns: DAYS,
      rows: months,
      cells,
      unit: '% late',
    },
  };
};

const MAX_ROWS = 20;

export const whoSection = (profile: Profile): Section => ({
  title: 'Who and where',
  blocks: [
    groupBars('Late by airline, %, busiest first', 'airline', profile.byAirline, 30),
    {
      kind: 'columns',
      blocks: [
        groupTable('airline', profile.byAirline.slice(0, MAX_ROWS), profile.byAirline.length),
        groupTable('origin', profile.byOrigin.slice(0, MAX_ROWS), profile.byOrigin.length),
        groupTable(
          'destination',
          profile.byDestination.slice(0, MAX_ROWS),
          profile.byDestination.length,
        ),
        groupTable('route', profile.byRoute.slice(0, MAX_ROWS), profile.byRoute.length),
      ].filter((block) => block !== undefined),
    },
  ],
});

/** Fewer flights than this say little: their share comes with where it lies with 95 % confidence. */
const FEW = 1000;

const lateText = ({ flights, late, lateInterval: [low, high] }: Group): string =>
  flights >= FEW
    ? formatPercent(late)
    : `${formatPercent(late)} (${(100 * low).toFixed(0)}–${(100 * high).toFixed(0)})`;

/** Undefined where there are no groups. */
const groupTable = (
  what: string,
  groups: readonly Group[],
  nAll = groups.length,
): Block | undefined =>
  groups.length === 0
    ? undefined
    : {
        kind: 'folded',
        title:
          nAll > groups.length
            ? `By ${what}: ${groups.length} of ${nAll}`
            : `By ${what}${groups.some(({ flights }) => flights < FEW) ? '; few flights: with 95 % interval' : ''}`,
        blocks: [
          {
            kind: 'table',
            isStacked: true,
            header: [what, 'flights', 'late', 'mean delay', 'cancelled'],
            rows: groups.map((group): Cell[] => [
              group.name,
              group.flights,
              lateText(group),
              `${group.meanDelayMinutes.toFixed(1)} min`,
              formatPercent(group.cancelled),
            ]),
          },
        ],
      };

const groupBars = (
  caption: string,
  label: string,
  groups: readonly Group[],
  limit: number,
): Block => ({
  kind: 'bars',
  caption,
  label,
  value: '% late',
  rows: groups.slice(0, limit).map((group) => ({
    label: group.name,
    value: Number((100 * group.late).toFixed(1)),
    note: `${formatNumber(group.flights)} flights`,
  })),
});
