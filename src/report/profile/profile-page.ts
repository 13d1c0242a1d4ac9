/**
 * The page of a profile: what flight files hold.
 */
import type { Profile } from '../../flights/profile/profile.ts';
import { formatNumber, formatPercent } from '../format.ts';
import { type Block, buildPage, type Cell, type Section } from '../page.ts';
import { timeSection, whoSection } from './groups.ts';

/** One self-contained HTML page. */
export const buildProfilePage = (profile: Profile): string =>
  buildPage({
    title: 'What the flight files hold',
    subtitle: `${profile.files.join(', ')} · dialect ${profile.dialect} · late = ${profile.target} at least ${profile.lateMinutes} min behind schedule`,
    lead: [verdictBlock(profile), factsBlock(profile)],
    sections: [
      delaySection(profile),
      timeSection(profile),
      whoSection(profile),
      rejectSection(profile),
      columnSection(profile),
    ],
  });

const verdictBlock = ({ rows, delay, days }: Profile): Block => ({
  kind: 'verdict',
  tone: rows.rejected > rows.read / 2 ? 'warning' : 'plain',
  text: `${formatNumber(rows.used)} of ${formatNumber(rows.read)} rows are flights that can be learned from (${formatPercent(rows.used / rows.read)}), ${days.first} to ${days.last}; ${formatPercent(delay.late)} of them were late.`,
});

const quantileOf = ({ delay }: Profile, level: number): string =>
  `${formatNumber(delay.quantiles.find((quantile) => quantile.level === level)?.minutes ?? Number.NaN)} min`;

const factsBlock = (profile: Profile): Block => ({
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

const delaySection = ({ delay, lateMinutes }: Profile): Section => ({
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

const rejectSection = ({ rows, rejected }: Profile): Section => ({
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

const columnSection = ({ columns }: Profile): Section => ({
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
