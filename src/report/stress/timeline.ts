/**
 * What a run shows second by second: rate, response time, heat map, requests in flight, with every fault marked.
 */
import { buildScale, decodeCounts, lowOf } from '../../core/latency.ts';
import type { Step } from '../../stress/analysis/step.ts';
import type { Window } from '../../stress/coordinator/window.ts';
import type { Recovery } from '../../stress/faults/recovery.ts';
import type { RunFile } from '../../stress/results/run-file.ts';
import type { Chart, HeatMap, Series } from '../charts.ts';
import type { Block, Section } from '../page.ts';
import { latencyLimits } from './latency.ts';

export const timelineSection = (run: RunFile): Section => ({
  title: 'Over time',
  blocks: timeCharts(run).map((chart): Block => ({ kind: 'chart', chart })),
});

/** What the charts read of a window. */
type DrawnWindow = Pick<
  Window,
  | 'second'
  | 'seconds'
  | 'planned'
  | 'sent'
  | 'ok'
  | 'httpError'
  | 'wrong'
  | 'socketError'
  | 'timeout'
  | 'unanswered'
  | 'dropped'
  | 'reasons'
  | 'p50Ms'
  | 'p99Ms'
  | 'maxMs'
  | 'heat'
  | 'nOpen'
  | 'inFlight'
  | 'waiting'
>;

const secondsOf = (windows: readonly DrawnWindow[]): number[] =>
  windows.map(({ second, seconds }) => second + seconds);

/** A window that lies for less than this within the measured time says nothing of a rate. */
const MIN_SHARE_MEASURED = 0.5;

/** Share of a window that lies between the warm-up and the end of the plan; 1 for all but the outer ones. */
const shareMeasured = (
  { second, seconds }: DrawnWindow,
  { warmUpMs, durationMs }: TimedRun['main'],
): number => {
  const from = Math.max(second, warmUpMs / 1000);
  const to = Math.min(second + seconds, durationMs / 1000);
  return Math.max(0, to - from) / seconds;
};

/** What the charts read of a run, which may be under way. */
export interface TimedRun extends Pick<RunFile, 'slo' | 'heatScale'> {
  readonly main: Pick<Step, 'windows' | 'durationMs' | 'warmUpMs' | 'stages'>;
  readonly faults?: readonly Pick<Recovery, 'atMs' | 'fault'>[];
}

export const timeCharts = (run: TimedRun): Chart[] => {
  const windows = thinWindows(run.main.windows);
  const x = secondsOf(windows);
  const marks = [...faultMarks(run), ...stageMarks(run)];
  const line = (
    label: string,
    style: Series['style'],
    read: (window: DrawnWindow) => number | null,
  ): Series => ({ label, style, x, y: windows.map((window) => read(window) ?? Number.NaN) });
  /** Per second of the measured time: a second that was cut short did not answer less. */
  const rate =
    (read: (window: DrawnWindow) => number) =>
    (window: DrawnWindow): number | null => {
      const share = shareMeasured(window, run.main);
      return share < MIN_SHARE_MEASURED ? null : read(window) / share;
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
        line(
          'sent',
          'line',
          rate(({ sent }) => sent),
        ),
        { ...line('failed', 'step', failuresOf), tone: 'bad' },
      ],
      marks,
    },
    ...errorCharts(windows, marks),
    {
      kind: 'line',
      title: 'Response time, second by second',
      x: { label: 'seconds from the start' },
      y: { label: 'ms', scale: 'log' },
      hasGaps: true,
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
      y: { label: 'count (zero at the floor)', scale: 'log', floor: LOG_FLOOR },
      series: [
        line('in flight', 'line', ({ inFlight }) => inFlight),
        line('waiting', 'step', ({ waiting }) => waiting),
        line('connections', 'dashed', ({ nOpen }) => nOpen),
      ],
      marks,
    },
  ];
};

/** Where zeros of a count stand on a log axis. */
const LOG_FLOOR = 0.1;
const MAX_REASONS = 5;

const failuresOf = (window: DrawnWindow): number =>
  window.httpError +
  window.wrong +
  window.socketError +
  window.timeout +
  window.unanswered +
  window.dropped;

/** Why requests failed, second by second; nothing where none did. */
const errorCharts = (
  windows: readonly DrawnWindow[],
  marks: readonly { readonly at: number; readonly label: string }[],
): Chart[] => {
  const totals = new Map<string, number>();
  for (const { reasons } of windows) {
    for (const [reason, count] of Object.entries(reasons)) {
      totals.set(reason, (totals.get(reason) ?? 0) + count);
    }
  }
  if (totals.size === 0) return [];
  const top = [...totals].sort(([, a], [, b]) => b - a).slice(0, MAX_REASONS);
  const x = secondsOf(windows);
  return [
    {
      kind: 'line',
      title: 'Failures by reason',
      x: { label: 'seconds from the start' },
      y: { label: 'per second', fromZero: true },
      series: top.map(([reason]) => ({
        label: reason,
        style: 'step',
        x,
        y: windows.map(({ reasons }) => reasons[reason] ?? 0),
      })),
      marks,
    },
  ];
};

/** Where stages of the load meet, and where the plan ends when answers were waited for after it. */
const stageMarks = ({ main }: TimedRun): { at: number; label: string }[] => {
  const endS = main.durationMs / 1000;
  const last = main.windows.at(-1);
  const isWaiting = last !== undefined && last.second + last.seconds > endS + 1;
  const starts = (main.stages ?? []).flatMap(({ name, startMs }) =>
    startMs > 0 ? [{ at: startMs / 1000, label: name }] : [],
  );
  return isWaiting ? [...starts, { at: endS, label: 'end of the plan' }] : starts;
};

/** The moments of the faults, as vertical lines. */
const faultMarks = (run: TimedRun): { at: number; label: string }[] =>
  (run.faults ?? []).map((fault) => ({ at: fault.atMs / 1000, label: fault.fault.split('@')[0]! }));

/** Counts of answers by second and response time: stalls and recoveries stand out as columns. */
const heatChart = (run: TimedRun, windows: readonly DrawnWindow[]): HeatMap => {
  const scale = buildScale(run.heatScale.bits, run.heatScale.maxBits);
  const columns = windows.map(({ second, seconds }) => String(second + seconds));
  const counts = windows.map(({ heat }) => decodeCounts(scale, heat));
  const used = Array.from({ length: scale.nBuckets }, (_, bucket) => bucket).filter((bucket) =>
    counts.some((column) => column[bucket]! > 0),
  );
  const low = Math.min(...used);
  const high = Math.max(...used);
  const buckets =
    used.length === 0 ? [] : Array.from({ length: high - low + 1 }, (_, i) => high - i);
  return {
    kind: 'heat',
    title: 'Heat map: answers by second and response time',
    xLabel: 'seconds from the start',
    yLabel: 'response time',
    columns,
    rows: buckets.map((bucket) => showUs(lowOf(scale, bucket))),
    cells: buckets.flatMap((bucket) => counts.map((column) => column[bucket]! || Number.NaN)),
    unit: 'answers',
    log: true,
  };
};

const showUs = (us: number): string =>
  us < 1000
    ? `${us} us`
    : us < 1_000_000
      ? `${(us / 1000).toFixed(us < 10_000 ? 1 : 0)} ms`
      : `${(us / 1e6).toFixed(1)} s`;

/** In time: a run of an hour must not make a page that no browser likes. */
const MAX_COLUMNS = 240;

const sumReasons = (group: readonly DrawnWindow[], seconds: number): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const { reasons } of group) {
    for (const [reason, count] of Object.entries(reasons)) {
      sums[reason] = (sums[reason] ?? 0) + count / seconds;
    }
  }
  return sums;
};

/** Neighbouring windows put together: counts are means per second, times are the worst of them. */
export const thinWindows = (windows: readonly DrawnWindow[]): DrawnWindow[] => {
  const size = Math.max(1, Math.ceil(windows.length / MAX_COLUMNS));
  return Array.from({ length: Math.ceil(windows.length / size) }, (_, i) => {
    const group = windows.slice(i * size, (i + 1) * size);
    const sum = (read: (window: DrawnWindow) => number): number =>
      group.reduce((total, window) => total + read(window), 0);
    const seconds = sum((window) => window.seconds);
    const mean = (read: (window: DrawnWindow) => number): number =>
      sum((window) => read(window) * window.seconds) / seconds;
    const worst = (read: (window: DrawnWindow) => number | null): number | null =>
      group.reduce<number | null>((max, window) => {
        const value = read(window);
        return value === null ? max : Math.max(max ?? 0, value);
      }, null);
    return {
      second: group[0]!.second,
      seconds,
      planned: sum(({ planned }) => planned) / seconds,
      sent: sum(({ sent }) => sent) / seconds,
      wrong: sum(({ wrong }) => wrong) / seconds,
      unanswered: sum(({ unanswered }) => unanswered) / seconds,
      reasons: sumReasons(group, seconds),
      ok: sum(({ ok }) => ok) / seconds,
      httpError: sum(({ httpError }) => httpError) / seconds,
      socketError: sum(({ socketError }) => socketError) / seconds,
      timeout: sum(({ timeout }) => timeout) / seconds,
      dropped: sum(({ dropped }) => dropped) / seconds,
      p50Ms: worst(({ p50Ms }) => p50Ms),
      p99Ms: worst(({ p99Ms }) => p99Ms),
      maxMs: worst(({ maxMs }) => maxMs),
      heat: group.flatMap(({ heat }) => [...heat]),
      nOpen: mean(({ nOpen }) => nOpen),
      inFlight: mean(({ inFlight }) => inFlight),
      waiting: mean(({ waiting }) => waiting),
    };
  });
};
