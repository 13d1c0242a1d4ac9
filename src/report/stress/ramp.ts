/**
 * What a growing number of open connections costs: throughput at full tilt, response time at a constant rate.
 */
import type { RunFile } from '../../stress/results/run-file.ts';
import type { Chart } from '../charts.ts';
import { formatMs, formatPercent } from '../format.ts';
import type { Block, Cell, Section } from '../page.ts';
import { latencyLimits } from './latency.ts';

export const rampSection = (run: RunFile): Section => ({
  title: 'Open connections',
  blocks: [
    ...rampCharts(run).map((chart): Block => ({ kind: 'chart', chart })),
    {
      kind: 'table',
      header: [
        'connections',
        'opened',
        'held p50',
        'held p99',
        'errors',
        'full tilt ok/s',
        'full tilt p99',
        'errors',
      ],
      rows: run.ramp!.steps.map((step): Cell[] => [
        step.planned,
        step.opened,
        formatMs(step.heldP50Ms),
        formatMs(step.heldP99Ms),
        formatPercent(step.heldErrorShare, 3),
        Math.round(step.fullPerSecond),
        formatMs(step.fullP99Ms),
        formatPercent(step.fullErrorShare, 3),
      ]),
    },
  ],
});

const rampCharts = (run: RunFile): Chart[] => {
  const steps = run.ramp?.steps ?? [];
  if (steps.length === 0) return [];
  const x = steps.map(({ opened }) => opened);
  const label = 'open connections';
  return [
    {
      kind: 'line',
      title: 'Capacity against open connections',
      x: { label, scale: 'log' },
      y: { label: 'ok per second at full tilt', fromZero: true },
      series: [
        {
          label: 'ok per second',
          style: 'line',
          x,
          y: steps.map(({ fullPerSecond }) => fullPerSecond),
        },
      ],
    },
    {
      kind: 'line',
      title: `Response time at ${run.ramp!.ratePerSecond.toLocaleString('en')} requests per second, against open connections`,
      x: { label, scale: 'log' },
      y: { label: 'ms', scale: 'log' },
      series: [
        {
          label: 'p50',
          style: 'line',
          x,
          y: steps.map(({ heldP50Ms }) => heldP50Ms ?? Number.NaN),
        },
        {
          label: 'p99',
          style: 'line',
          x,
          y: steps.map(({ heldP99Ms }) => heldP99Ms ?? Number.NaN),
        },
      ],
      limits: latencyLimits(run),
    },
  ];
};
