/**
 * Whether a model's probabilities come true, for its page: the reliability curve.
 */
import type { Chart } from '../charts.ts';
import { formatPercent } from '../format.ts';
import type { Section } from '../page.ts';
import type { TrainingReport } from './training-report.ts';

export const calibrationSection = ({ reliability }: TrainingReport): Section => {
  if (!reliability || reliability.length === 0) return { title: '', blocks: [] };
  const predicted = reliability.map((bin) => 100 * bin.predicted);
  const observed = reliability.map((bin) => 100 * bin.observed);
  const max = Math.max(...predicted, ...observed);
  const even = [0, ...predicted, max];
  const chart: Chart = {
    kind: 'line',
    title: 'Reliability: of flights that were given this probability, how many were late',
    x: { label: 'predicted probability, %' },
    y: { label: 'were late, %' },
    restAt: predicted.at(-1)!,
    series: [
      {
        label: 'were late, %',
        style: 'points',
        x: predicted,
        y: observed,
      },
      { label: 'as predicted, %', style: 'dashed', x: even, y: even, colour: 5 },
    ],
  };
  return {
    title: 'Can the probabilities be taken at their word?',
    blocks: [
      {
        kind: 'beside',
        blocks: [
          { kind: 'chart', chart },
          {
            kind: 'table',
            header: ['predicted', 'were late', 'flights'],
            rows: reliability.map((bin) => [
              formatPercent(bin.predicted),
              formatPercent(bin.observed),
              bin.rows,
            ]),
          },
        ],
      },
    ],
  };
};
