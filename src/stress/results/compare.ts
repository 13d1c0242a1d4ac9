/**
 * Two runs side by side, and whether the new one is worse beyond noise: thresholds of change from the runs' own scatter.
 */
import { AppError } from '../../core/errors.ts';
import type { RunFile, RunHead } from './run-file.ts';

export interface Change {
  readonly metric: string;
  readonly before: number;
  readonly after: number;
  /** Change for the worse, as a share; negative is better. */
  readonly worse: number;
  /** What the scatter of both runs explains, as a share. */
  readonly noise: number;
  readonly regressed: boolean;
}

export interface ComparisonReport {
  readonly changes: readonly Change[];
  readonly regressed: boolean;
  readonly sentence: string;
}

/** Never less than this is called a regression, however quiet the runs. */
const MIN_NOISE = 0.05;
const MIN_NOISE_TAIL = 0.25;
const Z = 2.6;

/** What of two runs is compared. */
interface Measure {
  readonly metric: string;
  readonly read: (run: RunFile) => number | null;
  readonly perWindow: (run: RunFile) => readonly number[];
  readonly higherIsBetter: boolean;
  readonly minNoise: number;
  /** Whether one bad second can move it. */
  readonly isTail?: boolean;
}

/** Connections that a planned rate takes by itself follow the time of an answer: so much may they differ. */
const CONNECTIONS_APART = 1.5;

/** What of two runs must be the same, so that a difference between their figures is one of the service. */
const COMPARED: readonly {
  readonly what: string;
  readonly read: (run: RunHead) => string;
}[] = [
  { what: 'target', read: ({ url }) => url },
  { what: 'mode', read: ({ mode }) => mode },
  // However long it lasts.
  { what: 'load', read: ({ load }) => load.replace(/, (?:for|until) [\d.,]+ (?:s|requests)/, '') },
  { what: 'requests', read: ({ payload }) => payload },
];

/** @throws AppError usage when the runs are not of the same kind */
export const checkComparable = (before: RunHead, after: RunHead): void => {
  const [was, is] = [before.connections.planned, after.connections.planned];
  const differing =
    COMPARED.find(({ read }) => read(before) !== read(after)) ??
    (Math.max(was, is) > CONNECTIONS_APART * Math.min(was, is)
      ? { what: 'connections', read: ({ connections }: RunHead) => String(connections.planned) }
      : undefined);
  if (differing === undefined) return;
  const { what, read } = differing;
  throw new AppError(
    'usage',
    `--compare: the ${what} of the two runs differ ('${read(before)}' and '${read(after)}'), so their figures say nothing of each other; --anyway compares them all the same.`,
  );
};

export const compareRuns = (before: RunFile, after: RunFile): ComparisonReport => {
  const changes: Change[] = [];
  const add = ({ metric, read, perWindow, higherIsBetter, minNoise, isTail }: Measure): void => {
    const [was, is] = [read(before), read(after)];
    if (was === null || is === null || was <= 0) return;
    const noise = Math.max(
      minNoise,
      Z * Math.hypot(standardError(perWindow(before)), standardError(perWindow(after))),
    );
    const worseBy = (a: number, b: number): number => (higherIsBetter ? 1 - b / a : b / a - 1);
    const [typicallyWas, typicallyIs] = [medianOf(perWindow(before)), medianOf(perWindow(after))];
    // One bad second moves a p99 of few seconds: what is worse must be worse in the middle one as well.
    const worse =
      typicallyWas > 0 && isTail
        ? Math.min(worseBy(was, is), worseBy(typicallyWas, typicallyIs))
        : worseBy(was, is);
    changes.push({ metric, before: was, after: is, worse, noise, regressed: worse > noise });
  };
  const whole = (run: RunFile) => run.main.windows.slice(1, -1);
  if (before.model === 'closed' || before.mode === 'find-max') {
    add({
      metric: 'throughput per second',
      read: ({ main }) => main.summary.throughputPerSecond,
      perWindow: (run) => whole(run).map(({ ok, seconds }) => ok / seconds),
      higherIsBetter: true,
      minNoise: MIN_NOISE,
    });
  }
  if (before.findMax && after.findMax) {
    add({
      metric: 'sustained per second',
      read: (run) => run.findMax?.sustainedPerSecond ?? null,
      perWindow: () => [],
      higherIsBetter: true,
      minNoise: MIN_NOISE,
    });
  }
  add({
    metric: 'service time p50',
    read: ({ main }) => main.summary.serviceTime.p50Ms,
    perWindow: (run) => whole(run).flatMap(({ serviceP50Ms }) => serviceP50Ms ?? []),
    higherIsBetter: false,
    minNoise: MIN_NOISE * 1.6,
  });
  add({
    metric: 'response time p99',
    read: ({ main }) => main.summary.responseTime.p99Ms,
    perWindow: (run) => whole(run).flatMap(({ p99Ms }) => p99Ms ?? []),
    higherIsBetter: false,
    minNoise: MIN_NOISE_TAIL,
    isTail: true,
  });
  const errors = {
    metric: 'errors',
    before: before.main.summary.errorShare,
    after: after.main.summary.errorShare,
    worse: after.main.summary.errorShare - before.main.summary.errorShare,
    noise: 0.001,
  };
  changes.push({ ...errors, regressed: errors.worse > errors.noise });
  const regressed = changes.filter((change) => change.regressed);
  return {
    changes,
    regressed: regressed.length > 0,
    sentence:
      regressed.length === 0
        ? 'no regression beyond noise'
        : `regressed beyond noise: ${regressed.map(({ metric, worse }) => `${metric} is ${(worse * 100).toFixed(metric === 'errors' ? 2 : 0)} ${metric === 'errors' ? 'points' : '%'} worse`).join(', ')}`,
  };
};

/** 0 when there are none. */
const medianOf = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

/**
 * Standard error of the mean as a share of it, by means of thirds of the series: seconds beside each other are alike,
 * so they are not counted as independent.
 */
const standardError = (values: readonly number[]): number => {
  const size = Math.floor(values.length / 4);
  if (size < 1) return 0;
  const means = Array.from(
    { length: 4 },
    (_, i) => values.slice(i * size, (i + 1) * size).reduce((sum, value) => sum + value, 0) / size,
  );
  const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
  if (mean === 0) return 0;
  const variance = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (means.length - 1);
  return Math.sqrt(variance / means.length) / mean;
};
