/**
 * How slow the answers of a run were: the latency spectrum, the percentiles that it has samples for, the limits set.
 */

import { buildScale, decodeCounts, highOf, totalOf } from '../../core/latency.ts';
import type { Quantiles } from '../../stress/analysis/summary.ts';
import type { RunFile } from '../../stress/results/run-file.ts';
import type { LineChart, Series } from '../charts.ts';
import { formatMs } from '../format.ts';
import type { Cell, Section } from '../page.ts';

export const latencySection = (run: RunFile): Section => {
  const { summary } = run.main;
  return {
    title: 'Latency',
    blocks: [
      { kind: 'chart', chart: spectrumChart(run) },
      {
        kind: 'table',
        header: ['', 'p50', 'p90', 'p99', 'p99.9', 'longest', 'count'],
        rows: [
          quantileCells('response time', summary.responseTime),
          quantileCells('service time', summary.serviceTime),
          quantileCells('lag', summary.lag),
          quantileCells('time of failures', summary.errorTime),
          quantileCells('time to connect', summary.connectTime),
        ].filter((row) => row[6] !== 0),
      },
      {
        kind: 'text',
        text: 'Where response time lies above service time, requests waited before they could be sent: users would have waited as well. A percentile is shown when at least ten samples lie above it.',
      },
    ],
  };
};

const POINTS_PER_DECADE = 24;

/** Latency against rarity: x is N where one request in N is slower. */
const spectrumChart = (run: RunFile): LineChart => {
  const scale = buildScale(run.scale.bits, run.scale.maxBits);
  const curve = (label: string, sparse: readonly number[], style: Series['style']): Series => {
    const counts = decodeCounts(scale, sparse);
    const total = totalOf(counts);
    const x: number[] = [];
    const y: number[] = [];
    let bucket = -1;
    let seen = 0;
    for (let step = 0; 10 ** (step / POINTS_PER_DECADE) <= total; step++) {
      const rarity = 10 ** (step / POINTS_PER_DECADE);
      const rank = Math.max(1, Math.ceil((1 - 1 / rarity) * total));
      while (seen < rank && bucket < counts.length - 1) seen += counts[++bucket]!;
      x.push(rarity);
      y.push(Math.max(1, highOf(scale, Math.max(0, bucket))) / 1000);
    }
    return { label, style, x, y };
  };
  return {
    kind: 'line',
    title: 'Latency spectrum: how slow is one request in N?',
    x: { label: 'one request in N is slower than this', scale: 'log' },
    y: { label: 'ms', scale: 'log' },
    series: [
      curve('response time', run.main.histograms.response, 'line'),
      curve('service time', run.main.histograms.service, 'dashed'),
    ],
    limits: latencyLimits(run),
  };
};

const MIN_SAMPLES_ABOVE = 10;

const quantileCells = (name: string, quantiles: Quantiles): Cell[] => {
  const at = (value: number | null, p: number): string =>
    quantiles.count * (1 - p) >= MIN_SAMPLES_ABOVE - 1e-6 ? formatMs(value) : 'too few';
  return [
    name,
    formatMs(quantiles.p50Ms),
    at(quantiles.p90Ms, 0.9),
    at(quantiles.p99Ms, 0.99),
    at(quantiles.p999Ms, 0.999),
    formatMs(quantiles.maxMs),
    quantiles.count,
  ];
};

const UNIT_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

/** The thresholds of a run that limit a response time, as lines across a chart of milliseconds. */
export const latencyLimits = (run: Pick<RunFile, 'slo'>): { at: number; label: string }[] =>
  run.slo.flatMap((text) => {
    const match = /^(?:p[\d.]+|max)<=?([\d.]+)(us|ms|s)$/.exec(text.replaceAll(' ', ''));
    return match ? [{ at: Number(match[1]) * UNIT_MS[match[2]!]!, label: text }] : [];
  });
