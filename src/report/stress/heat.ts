/**
 * The heat map of a stress report.
 */
import { buildScale, decodeCounts, lowOf } from '../../core/latency.ts';
import type { HeatMap } from '../charts.ts';
import type { StressReport, StressWindow } from './stress-report.ts';

/** Counts of answers by second and response time: stalls and recoveries stand out as columns. */
export const heatChart = (run: StressReport, windows: readonly StressWindow[]): HeatMap => {
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
