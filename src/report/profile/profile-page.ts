/**
 * The page of a profile: what flight files hold, what to be warned of first.
 */
import type { Comparison } from '../../flights/profile/comparison.ts';
import type { Profile } from '../../flights/profile/profile-report.ts';
import { formatNumber, formatPercent } from '../format.ts';
import { type Block, buildPage, type Cell, type Section } from '../page.ts';
import { columnSection, sampleSection } from './columns.ts';
import { timeSection, whoSection } from './groups.ts';

/** One self-contained HTML page. */
export const buildProfilePage = (profile: Profile, comparison?: Comparison): string =>
  buildPage({
    title: 'What the flight files contain',
    subtitle: `${shortList(profile.files)} · dialect ${profile.dialect} · late = ${profile.target} at least ${profile.lateMinutes} min behind schedule`,
    lead: [verdictBlock(profile), warningBlock(profile), factsBlock(profile)].flat(),
    sections: [
      ...(comparison ? [comparisonSection(comparison)] : []),
      rejectSection(profile),
      delaySection(profile),
      timeSection(profile),
      whoSection(profile),
      columnSection(profile),
      sampleSection(profile),
    ],
  });

const MAX_FILES = 6;

const shortList = (files: readonly string[]): string =>
  files.length <= MAX_FILES
    ? files.join(', ')
    : `${files.slice(0, MAX_FILES).join(', ')} and ${files.length - MAX_FILES} more`;

const verdictBlock = ({ rows, delay, days }: Profile): Block => ({
  kind: 'verdict',
  tone: rows.rejected > rows.read / 2 ? 'warning' : 'plain',
  text: `${formatNumber(rows.used)} of ${formatNumber(rows.read)} rows are flights that can be learned from (${formatPercent(rows.used / rows.read)}), ${days.first} to ${days.last}; ${formatPercent(delay.late)} of them were late.`,
});

const warningBlock = ({ warnings, notes }: Profile): readonly Block[] => [
  ...(warnings.length > 0
    ? [
        {
          kind: 'list' as const,
          title: warnings.length === 1 ? 'One warning' : `${warnings.length} warnings`,
          tone: 'warning' as const,
          items: warnings,
        },
      ]
    : []),
  ...(notes.length > 0
    ? [
        {
          kind: 'list' as const,
          title: 'How the files were read',
          tone: 'plain' as const,
          items: notes,
        },
      ]
    : []),
];

const quantileOf = ({ delay }: Profile, level: number): string =>
  `${formatNumber(delay.quantiles.find((quantile) => quantile.level === level)?.minutes ?? Number.NaN)} min`;

const factsBlock = (profile: Profile): Block => ({
  kind: 'facts',
  facts: [
    { label: 'Late', value: formatPercent(profile.delay.late) },
    {
      label: 'Cancelled',
      value: formatPercent((profile.rejected['cancelled'] ?? 0) / profile.rows.read),
    },
    { label: 'Mean delay', value: `${profile.delay.meanMinutes.toFixed(1)} min` },
    { label: 'Median delay', value: quantileOf(profile, 0.5) },
    { label: '90 % are below', value: quantileOf(profile, 0.9) },
    { label: '99 % are below', value: quantileOf(profile, 0.99) },
    { label: 'Days with flights', value: profile.days.withFlights },
    { label: 'Airlines', value: profile.byAirline.length },
    { label: 'Routes', value: profile.byRoute.length },
  ],
});

const comparisonSection = ({ files, figures, changes }: Comparison): Section => {
  const shown = (value: number, unit: (typeof figures)[number]['unit']): string =>
    unit === 'share'
      ? formatPercent(value)
      : unit === 'minutes'
        ? `${value.toFixed(1)} min`
        : formatNumber(value);
  return {
    title: `Compared with ${shortList(files)}`,
    blocks: [
      {
        kind: 'table',
        isStacked: true,
        header: ['', 'before', 'now', 'change'],
        rows: figures.map(({ name, before, after, unit }): Cell[] => [
          name,
          shown(before, unit),
          shown(after, unit),
          unit === 'count'
            ? before === 0
              ? null
              : formatPercent(after / before - 1)
            : unit === 'share'
              ? `${(100 * (after - before)).toFixed(1)} points`
              : `${(after - before).toFixed(1)} min`,
        ]),
      },
      changes.length > 0
        ? { kind: 'list', title: 'What changed', tone: 'plain', items: changes }
        : { kind: 'text', text: 'Nothing else changed beyond chance.' },
    ],
  };
};

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
      kind: 'folded',
      title: 'Share of flights that were at most this far behind schedule',
      blocks: [
        {
          kind: 'table',
          header: ['share', 'minutes'],
          rows: delay.quantiles.map(({ level, minutes }) => [formatPercent(level, 0), minutes]),
        },
      ],
    },
  ],
});

const rejectSection = ({ rows, rejected, examples, unused, files }: Profile): Section => ({
  title: 'Rows that are left out',
  blocks: [
    {
      kind: 'table',
      isStacked: true,
      header: ['reason', 'rows', 'share', 'examples'],
      rows: [
        ...Object.entries(rejected).map(([reason, n]): Cell[] => [
          reason,
          n,
          formatPercent(n / rows.read, 2),
          (examples[reason] ?? [])
            .map(
              ({ file, line, row, value }) =>
                `${files.length > 1 ? `${file.split('/').at(-1)} ` : ''}${line !== undefined ? `line ${line}` : row !== undefined ? `row ${row}` : 'a line'}: ${value}`,
            )
            .join(' · '),
        ]),
        ['all that are left out', rows.rejected, formatPercent(rows.rejected / rows.read, 2), ''],
      ],
    },
    ...(unused.length > 0
      ? [{ kind: 'text' as const, text: `Columns that are not used: ${unused.join(', ')}.` }]
      : []),
  ],
});
