/**
 * What a run shows second by second: rate, response time, heat map, requests in flight, with every fault marked.
 */
import type { Chart, Series } from '../charts.ts';
import type { Block, Section } from '../page.ts';
import { heatChart } from './heat.ts';
import { faultMarks, latencyLimits } from './marks.ts';
import type { StressReport, StressStep, StressWindow } from './stress-report.ts';
import { thinWindows } from './windows.ts';

export const timelineSection = (run: StressReport): Section => ({
  title: 'Over time',
  blocks: timeCharts(run).map((chart): Block => ({ kind: 'chart', chart })),
});

const secondsOf = (windows: readonly StressWindow[]): number[] =>
  windows.map(({ second, seconds }) => second + seconds);

/** A window that lies for less than this within the measured time says nothing of a rate. */
const LEAST_SHARE_MEASURED = 0.5;

/** Share of a window that lies between the warm-up and the end of the plan; 1 for all but the outer ones. */
const shareMeasured = (
  { second, seconds }: StressWindow,
  { warmUpMs, durationMs }: StressStep,
): number => {
  const from = Math.max(second, warmUpMs / 1000);
  const to = Math.min(second + seconds, durationMs / 1000);
  return Math.max(0, to - from) / seconds;
};

const errorsOf = (window: StressWindow): number =>
  window.httpError + window.socketError + window.timeout + window.dropped;

export const timeCharts = (run: StressReport): Chart[] => {
  const windows = thinWindows(run.main.windows);
  const x = secondsOf(windows);
  const marks = faultMarks(run);
  const line = (
    label: string,
    style: Series['style'],
    read: (window: StressWindow) => number | null,
  ): Series => ({ label, style, x, y: windows.map((window) => read(window) ?? Number.NaN) });
  /** Per second of the measured time: a second that was cut short did not answer less. */
  const rate =
    (read: (window: StressWindow) => number) =>
    (window: StressWindow): number | null => {
      const share = shareMeasured(window, run.main);
      return share < LEAST_SHARE_MEASURED ? null : read(window) / share;
    };
  return [
    {
      kind: 'line',
      title: 'Answers per second',
      x: { label: 'seconds from the start' },
      y: { label: 'per second', fromZero: true },
      series: [
        line(
          'ok',
          'line',
          rate(({ ok }) => ok),
        ),
        line(
          'planned',
          'dashed',
          rate(({ planned }) => planned),
        ),
        line('failed', 'step', errorsOf),
      ],
      marks,
    },
    {
      kind: 'line',
      title: 'Response time, second by second',
      x: { label: 'seconds from the start' },
      y: { label: 'ms', scale: 'log' },
      series: [
        line('p50', 'line', ({ p50Ms }) => p50Ms),
        line('p99', 'line', ({ p99Ms }) => p99Ms),
        line('longest', 'points', ({ maxMs }) => maxMs),
      ],
      marks,
      limits: latencyLimits(run),
    },
    heatChart(run, windows),
    {
      kind: 'line',
      title: 'Requests in flight, waiting for a connection, and connections',
      x: { label: 'seconds from the start' },
      y: { label: 'count', scale: 'log' },
      series: [
        line('in flight', 'line', ({ inFlight }) => inFlight),
        line('waiting', 'step', ({ waiting }) => waiting),
        line('connections', 'dashed', ({ nOpen }) => nOpen),
      ],
      marks,
    },
  ];
};
