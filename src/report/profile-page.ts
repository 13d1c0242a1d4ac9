/**
 * The page of a profile: what flight files hold. Stands on `page`; takes the plain JSON of `puntual profile --json`.
 */
import { formatNumber, formatPercent } from './format.ts';
import { type Block, buildPage, type Cell, type Section } from './page.ts';

interface ProfileGroup {
  readonly name: string;
  readonly flights: number;
  readonly late: number;
  readonly meanDelayMinutes: number;
}

/** The shape of a profile, as `flights/profile` makes it. */
export interface ProfileReport {
  readonly files: readonly string[];
  readonly dialect: string;
  readonly target: 'arrival' | 'departure';
  readonly lateMinutes: number;
  readonly rows: { readonly read: number; readonly rejected: number; readonly used: number };
  readonly rejected: Readonly<Record<string, number>>;
  readonly columns: readonly {
    readonly name: string;
    readonly rows: number;
    readonly missing: number;
    readonly distinct: number;
    readonly kind: 'number' | 'text';
    readonly least: string | number | null;
    readonly most: string | number | null;
  }[];
  readonly days: { readonly first: string; readonly last: string; readonly withFlights: number };
  readonly delay: {
    readonly late: number;
    readonly meanMinutes: number;
    readonly quantiles: readonly { readonly level: number; readonly minutes: number }[];
    readonly histogram: readonly { readonly fromMinutes: number; readonly flights: number }[];
  };
  readonly byHour: readonly ProfileGroup[];
  readonly byWeekday: readonly ProfileGroup[];
  readonly byMonth: readonly ProfileGroup[];
  readonly byDay: readonly ProfileGroup[];
  readonly byAirline: readonly ProfileGroup[];
  readonly byOrigin: readonly ProfileGroup[];
  readonly byDestination: readonly ProfileGroup[];
  readonly byRoute: readonly ProfileGroup[];
  readonly lateByWeekdayAndHour: readonly (number | null)[];
}

/** One self-contained HTML page. */
export const buildProfilePage = (profile: ProfileReport): string =>
  buildPage({
    title: 'What the flight files hold',
    subtitle: `${profile.files.join(', ')} · dialect ${profile.dialect} · late = ${profile.target} at least ${profile.lateMinutes} min behind schedule`,
    lead: [verdictOf(profile), factsOf(profile)],
    sections: [
      delaySection(profile),
      timeSection(profile),
      whoSection(profile),
      rejectSection(profile),
      columnSection(profile),
    ],
  });

const verdictOf = ({ rows, delay, days }: ProfileReport): Block => ({
  kind: 'verdict',
  tone: rows.rejected > rows.read / 2 ? 'warning' : 'plain',
  text: `${formatNumber(rows.used)} of ${formatNumber(rows.read)} rows are flights that can be learned from (${formatPercent(rows.used / rows.read)}), ${days.first} to ${days.last}; ${formatPercent(delay.late)} of them were late.`,
});

const quantileOf = ({ delay }: ProfileReport, level: number): string =>
  `${formatNumber(delay.quantiles.find((quantile) => quantile.level === level)?.minutes ?? Number.NaN)} min`;

const factsOf = (profile: ProfileReport): Block => ({
  kind: 'facts',
  facts: [
    { label: 'Late', value: formatPercent(profile.delay.late) },
    { label: 'Mean delay', value: `${profile.delay.meanMinutes.toFixed(1)} min` },
    { label: 'Median delay', value: quantileOf(profile, 0.5) },
    { label: '90 % are below', value: quantileOf(profile, 0.9) },
    { label: '99 % are below', value: quantileOf(profile, 0.99) },
    { label: 'Days with flights', value: profile.days.withFlights },
    { label: 'Airlines', value: profile.byAirline.length },
    { label: 'Routes', value: profile.byRoute.length },
  ],
});

const delaySection = ({ delay, lateMinutes }: ProfileReport): Section => ({
  title: 'Delays',
  blocks: [
    {
      kind: 'chart',
      chart: {
        kind: 'line',
        title: 'Flights by delay (bins of ten minutes; the first and the last are open)',
        x: { label: 'minutes behind schedule, from' },
        y: { label: 'flights' },
        series: [
          {
            label: 'flights',
            style: 'bars',
            x: delay.histogram.map((bin) => bin.fromMinutes + 5),
            y: delay.histogram.map((bin) => bin.flights),
          },
        ],
        marks: [{ at: lateMinutes, label: 'late' }],
      },
    },
    {
      kind: 'table',
      caption: 'So many flights were at most so far behind schedule',
      header: ['share', 'minutes'],
      rows: delay.quantiles.map(({ level, minutes }) => [formatPercent(level, 0), minutes]),
    },
  ],
});

const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour));
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

const timeSection = (profile: ProfileReport): Section => ({
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

const whoSection = (profile: ProfileReport): Section => ({
  title: 'Who and where',
  blocks: [
    groupBars('Share late by airline, busiest first', 'airline', profile.byAirline, 30),
    groupTable('origin', profile.byOrigin.slice(0, 20)),
    groupTable('destination', profile.byDestination.slice(0, 20), profile.byDestination.length),
    groupTable('route', profile.byRoute.slice(0, 20), profile.byRoute.length),
  ].flat(),
});

const groupTable = (
  what: string,
  groups: readonly ProfileGroup[],
  nAll = groups.length,
): Block => ({
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
  groups: readonly ProfileGroup[],
  nAtMost: number,
): Block => ({
  kind: 'bars',
  caption,
  label,
  value: '% late',
  rows: groups.slice(0, nAtMost).map((group) => ({
    label: group.name,
    value: Number((100 * group.late).toFixed(1)),
    note: `${formatNumber(group.flights)} flights`,
  })),
});

const rejectSection = ({ rows, rejected }: ProfileReport): Section => ({
  title: 'Rows that are left out',
  blocks: [
    {
      kind: 'table',
      header: ['reason', 'rows', 'share'],
      rows: [
        ...Object.entries(rejected).map(([reason, n]): Cell[] => [
          reason,
          n,
          formatPercent(n / rows.read, 2),
        ]),
        ['all that are left out', rows.rejected, formatPercent(rows.rejected / rows.read, 2)],
      ],
    },
  ],
});

const columnSection = ({ columns }: ProfileReport): Section => ({
  title: 'Columns of the files',
  blocks: [
    {
      kind: 'table',
      header: ['column', 'missing', 'share', 'different values', 'least', 'most'],
      rows: columns.map((column): Cell[] => [
        column.name,
        column.missing,
        formatPercent(column.missing / column.rows, 2),
        column.distinct,
        valueText(column.least),
        valueText(column.most),
      ]),
    },
  ],
});

const valueText = (value: string | number | null): string | null =>
  value === null ? null : String(value).slice(0, 20);
