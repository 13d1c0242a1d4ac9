/**
 * Columns of a profile: what each holds, and the first rows as they stand.
 */
import type { SourceColumn } from '../../flights/profile/columns.ts';
import type { Profile } from '../../flights/profile/profile-report.ts';
import { formatPercent } from '../format.ts';
import type { Cell, Section } from '../page.ts';

const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** Ten bins as a line of bars, the highest full. */
const sparkOf = (histogram: readonly number[]): string => {
  const most = Math.max(...histogram, 1);
  return histogram
    .map((n) => (n === 0 ? '·' : BARS[Math.min(7, Math.floor((8 * n) / most))]!))
    .join('');
};

/** As files write it: 2013 is a year, and 2359 a time of day. */
const plainNumber = (value: number): string => String(Number(value.toPrecision(12)));

const short = (value: string | number | null, length = 20): string | null =>
  value === null
    ? null
    : typeof value === 'number'
      ? plainNumber(value)
      : value.length > length
        ? `${value.slice(0, length - 1)}…`
        : value;

const topOf = ({ top, rows }: SourceColumn): string =>
  top
    .slice(0, 3)
    .map(({ value, rows: n }) => `${short(value, 16)} ${formatPercent(n / rows)}`)
    .join(', ');

export const columnSection = ({ columns, unused }: Profile): Section => ({
  title: 'Columns of the files',
  blocks: [
    {
      kind: 'table',
      isStacked: true,
      caption:
        'Quantiles at 5, 50 and 95 %; bars show ten bins of equal width from the smallest to the largest number',
      header: [
        'column',
        'type',
        'missing',
        'different',
        'smallest',
        'quantiles',
        'largest',
        'distribution',
        'most frequent',
      ],
      rows: columns.map((column): Cell[] => [
        unused.includes(column.name) ? `${column.name} (not used)` : column.name,
        column.kind,
        formatPercent(column.missing / column.rows, 2),
        column.distinct,
        short(column.least),
        column.quantiles.length > 0
          ? [0, 2, 4].map((place) => plainNumber(column.quantiles[place]!)).join(' · ')
          : null,
        short(column.most),
        column.histogram.length > 0 && column.distinct > 1 ? sparkOf(column.histogram) : null,
        column.top.length > 0 ? topOf(column) : null,
      ]),
    },
  ],
});

/** The first rows, each column a line: wide files stay readable. */
export const sampleSection = ({ columns, samples }: Profile): Section => ({
  title: 'The first rows',
  blocks: [
    {
      kind: 'folded',
      title: samples.length === 1 ? 'One row' : `${samples.length} rows`,
      blocks: [
        {
          kind: 'table',
          isStacked: true,
          header: ['column', ...samples.map((_, row) => `row ${row + 1}`)],
          rows: columns.map(({ name }): Cell[] => [
            name,
            ...samples.map((sample) => short(sample[name] || null, 28)),
          ]),
        },
      ],
    },
  ],
});
