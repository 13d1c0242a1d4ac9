/**
 * The charts of a stress report, from the plain figures of a run: spectrum, time lines, heat map, capacity, ramp.
 * Stands beside `stress-page`, which puts them in order.
 */
import { buildScale, decodeCounts, highOf, lowOf, totalOf } from '../core/latency.ts';
import type { Chart, HeatMap, LineChart, Series } from './charts.ts';
import type { StressReport, StressStep, StressWindow } from './stress-report.ts';

const POINTS_PER_DECADE = 24;

/** Latency against rarity: x is N where one request in N is slower. */
export const spectrumChart = (run: StressReport): LineChart => {
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

const UNIT_MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000 };

const latencyLimits = (run: StressReport): { at: number; label: string }[] =>
  run.slo.flatMap((text) => {
    const match = /^(?:p[\d.]+|max)<=?([\d.]+)(us|ms|s)$/.exec(text.replaceAll(' ', ''));
    return match ? [{ at: Number(match[1]) * UNIT_MS[match[2]!]!, label: text }] : [];
  });

const faultMarks = (run: StressReport): { at: number; label: string }[] =>
  (run.faults ?? []).map((fault) => ({ at: fault.atMs / 1000, label: fault.fault.split('@')[0]! }));

/** Most columns in time: a run of an hour must not make a page that no browser likes. */
const MOST_COLUMNS = 240;

/** Neighbouring windows put together: counts are means per second, times are the worst of them. */
export const thinWindows = (windows: readonly StressWindow[]): StressWindow[] => {
  const size = Math.max(1, Math.ceil(windows.length / MOST_COLUMNS));
  return Array.from({ length: Math.ceil(windows.length / size) }, (_, i) => {
    const group = windows.slice(i * size, (i + 1) * size);
    const sum = (read: (window: StressWindow) => number): number =>
      group.reduce((total, window) => total + read(window), 0);
    const seconds = sum((window) => window.seconds);
    const mean = (read: (window: StressWindow) => number): number =>
      sum((window) => read(window) * window.seconds) / seconds;
    const worst = (read: (window: StressWindow) => number | null): number | null =>
      group.reduce<number | null>((most, window) => {
        const value = read(window);
        return value === null ? most : Math.max(most ?? 0, value);
      }, null);
    return {
      second: group[0]!.second,
      seconds,
      planned: sum(({ planned }) => planned) / seconds,
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

/** What a run shows second by second. */
export const timeCharts = (run: StressReport): Chart[] => {
  const windows = thinWindows(run.main.windows);
  const x = secondsOf(windows);
  const marks = faultMarks(run);
  const line = (label: string, y: readonly (number | null)[], style: Series['style']): Series => ({
    label,
    style,
    x,
    y: y.map((value) => value ?? Number.NaN),
  });
  /** Per second of the measured time: a second that was cut short did not answer less. */
  const rate = (read: (window: StressWindow) => number): (number | null)[] =>
    windows.map((window) => {
      const share = shareMeasured(window, run.main);
      return share < LEAST_SHARE_MEASURED ? null : read(window) / share;
    });
  return [
    {
      kind: 'line',
      title: 'Answers per second',
      x: { label: 'seconds from the start' },
      y: { label: 'per second', fromZero: true },
      series: [
        line(
          'ok',
          rate(({ ok }) => ok),
          'line',
        ),
        line(
          'planned',
          rate(({ planned }) => planned),
          'dashed',
        ),
        line('failed', windows.map(errorsOf), 'step'),
      ],
      marks,
    },
    {
      kind: 'line',
      title: 'Response time, second by second',
      x: { label: 'seconds from the start' },
      y: { label: 'ms', scale: 'log' },
      series: [
        line(
          'p50',
          windows.map(({ p50Ms }) => p50Ms),
          'line',
        ),
        line(
          'p99',
          windows.map(({ p99Ms }) => p99Ms),
          'line',
        ),
        line(
          'longest',
          windows.map(({ maxMs }) => maxMs),
          'points',
        ),
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
        line(
          'in flight',
          windows.map(({ inFlight }) => inFlight),
          'line',
        ),
        line(
          'waiting',
          windows.map(({ waiting }) => waiting),
          'step',
        ),
        line(
          'connections',
          windows.map(({ nOpen }) => nOpen),
          'dashed',
        ),
      ],
      marks,
    },
  ];
};

/** Counts of answers by second and response time: stalls and recoveries stand out as columns. */
const heatChart = (run: StressReport, windows: readonly StressWindow[]): HeatMap => {
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

/** Throughput and p99 against requests in flight, with the fitted law. */
export const capacityCharts = (run: StressReport): Chart[] => {
  const points = run.capacity?.points ?? [];
  if (points.length === 0) return [];
  const x = points.map(({ load }) => load);
  const usl = run.capacity?.usl;
  const most = Math.max(...x);
  const fitted = Array.from({ length: 60 }, (_, i) => most ** (i / 59));
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

export const rampCharts = (run: StressReport): Chart[] => {
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
