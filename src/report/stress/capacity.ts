/**
 * What a search has found: throughput and service time against requests in flight, the fitted law, every step.
 */
import type { RunFile } from '../../stress/results/run-file.ts';
import type { Chart } from '../charts.ts';
import { formatMs, formatNumber, formatPercent, formatPerSecond } from '../format.ts';
import type { Block, Cell, Section } from '../page.ts';
import { latencyLimits } from './latency.ts';

export const capacitySection = (run: RunFile): Section => {
  const { usl, knee, trials } = run.capacity!;
  return {
    title: 'Capacity',
    blocks: [
      ...capacityCharts(run).map((chart): Block => ({ kind: 'chart', chart })),
      ...(usl
        ? [
            {
              kind: 'text' as const,
              text: `Universal Scalability Law: ${usl.sentence}. One request alone: ${formatPerSecond(usl.gamma)}; contention ${formatNumber(usl.alpha)}, coherency ${formatNumber(usl.beta)}; R² ${formatNumber(usl.r2)}.`,
            },
          ]
        : []),
      ...(knee ? [{ kind: 'text' as const, text: `Knee: ${knee.sentence}.` }] : []),
      {
        kind: 'table',
        caption: 'Every step of the search',
        header: [
          'step',
          'planned/s',
          'ok/s',
          'p50',
          'p99',
          'errors',
          'in flight',
          'generator busy',
        ],
        rows: trials.map((trial): Cell[] => [
          trial.name,
          trial.ratePerSecond === null ? null : Math.round(trial.ratePerSecond),
          Math.round(trial.throughputPerSecond),
          formatMs(trial.p50Ms),
          formatMs(trial.p99Ms),
          formatPercent(trial.errorShare, 2),
          Math.round(trial.inFlight * 10) / 10,
          formatPercent(trial.busy, 0),
        ]),
      },
    ],
  };
};

/** Throughput and p99 against requests in flight, with the fitted law. */
const capacityCharts = (run: RunFile): Chart[] => {
  const points = run.capacity?.points ?? [];
  if (points.length === 0) return [];
  const x = points.map(({ load }) => load);
  const usl = run.capacity?.usl;
  const max = Math.max(...x);
  const fitted = Array.from({ length: 60 }, (_, i) => max ** (i / 59));
  const knee = run.capacity?.knee?.kneedle;
  return [
    {
      kind: 'line',
      title: 'Capacity: answers per second against requests in flight',
      x: { label: 'requests in flight (connections of a closed loop)', scale: 'log' },
      y: { label: 'ok per second', fromZero: true },
      series: [
        { label: 'measured', style: 'points', x, y: points.map(({ throughput }) => throughput) },
        ...(usl
          ? [
              {
                label: 'Universal Scalability Law',
                style: 'dashed' as const,
                x: fitted,
                y: fitted.map(
                  (n) => (usl.gamma * n) / (1 + usl.alpha * (n - 1) + usl.beta * n * (n - 1)),
                ),
              },
            ]
          : []),
      ],
      ...(knee == null ? {} : { marks: [{ at: points[knee]!.load, label: 'knee (Kneedle)' }] }),
    },
    {
      kind: 'line',
      title: 'What it costs: service time against requests in flight',
      x: { label: 'requests in flight (connections of a closed loop)', scale: 'log' },
      y: { label: 'ms', scale: 'log' },
      series: [
        { label: 'mean', style: 'line', x, y: points.map(({ meanMs }) => meanMs) },
        { label: 'p99', style: 'line', x, y: points.map(({ p99Ms }) => p99Ms) },
      ],
      limits: latencyLimits(run),
    },
  ];
};
