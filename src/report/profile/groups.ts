/**
 * Flights of a profile in groups: when they are late (hour, weekday, day), who is late, and where.
 */
import type { Group, Profile } from '../../flights/profile/profile.ts';
import { formatNumber, formatPercent } from '../format.ts';
import type { Block, Cell, Section } from '../page.ts';

const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour));
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

export const timeSection = (profile: Profile): Section => ({
  title: 'When',
  blocks: [
    {
      kind: 'chart',
      chart: {
        kind: 'line',
        title: 'Share late by hour of scheduled departure',
        x: { label: 'hour', range: [-0.5, 23.5] },
        y: { label: 'share late' },
        series: [
          {
            label: 'late',
            style: 'bars',
            x: profile.byHour.map((hour) => Number(hour.name)),
            y: profile.byHour.map((hour) => hour.late),
          },
        ],
        limits: [{ at: profile.delay.late, label: 'all flights' }],
      },
    },
    {
      kind: 'chart',
      chart: {
        kind: 'heat',
        title: 'Share late by weekday and hour',
        xLabel: 'hour of scheduled departure',
        yLabel: 'weekday',
        columns: HOURS,
        rows: WEEKDAYS,
        cells: profile.lateByWeekdayAndHour.map((share) =>
          share === null ? Number.NaN : 100 * share,
        ),
        unit: '% late',
      },
    },
    {
      kind: 'chart',
      chart: {
        kind: 'line',
        title: 'Share late by day',
        x: { label: 'day', scale: 'date' },
        y: { label: 'share late' },
        series: [
          {
            label: 'late',
            style: 'area',
            x: profile.byDay.map((day) => Date.parse(day.name) / 1000),
            y: profile.byDay.map((day) => day.late),
          },
        ],
      },
    },
    groupTable('month', profile.byMonth),
    groupTable('weekday', profile.byWeekday),
  ],
});

export const whoSection = (profile: Profile): Section => ({
  title: 'Who and where',
  blocks: [
    groupBars('Share late by airline, busiest first', 'airline', profile.byAirline, 30),
    groupTable('origin', profile.byOrigin.slice(0, 20)),
    groupTable('destination', profile.byDestination.slice(0, 20), profile.byDestination.length),
    groupTable('route', profile.byRoute.slice(0, 20), profile.byRoute.length),
  ].flat(),
});

const groupTable = (what: string, groups: readonly Group[], nAll = groups.length): Block => ({
  kind: 'table',
  ...(nAll > groups.length ? { caption: `The ${groups.length} busiest of ${nAll}` } : {}),
  header: [what, 'flights', 'late', 'mean delay, min'],
  rows: groups.map((group): Cell[] => [
    group.name,
    group.flights,
    formatPercent(group.late),
    group.meanDelayMinutes.toFixed(1),
  ]),
});

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
