/**
 * The reading side of the shared counters: sums over all workers, those that are gone included.
 */
import { mergeInto } from '../../core/latency.ts';
import { METHODS, ROUTES } from '../labels.ts';
import { OVERFLOW_KEY, splitKey } from './counters.ts';
import { type Exemplar, readExemplars } from './exemplars.ts';
import {
  COUNTER_CELLS,
  OVERFLOW_SERIES,
  SERIES_CELLS,
  SERIES_LIMIT,
  viewCounters,
} from './shared-counters.ts';

/** `cells` is sum, counts per bound, count above. */
export interface RequestSeries {
  /** Undefined for the series of those that had no place left. */
  readonly request:
    | { readonly route: string; readonly method: string; readonly status: number }
    | undefined;
  readonly cells: Float64Array;
}

/** The sections that are only sums. */
const SUMS = [
  'shed',
  'systemFailures',
  'droppedLines',
  'outcomes',
  'canaries',
  'models',
  'inference',
  'shadow',
  'shadowSkips',
  'shadowInference',
] as const;

export interface Totals extends Readonly<Record<(typeof SUMS)[number], Float64Array>> {
  readonly series: ReadonlyMap<number, RequestSeries>;
  /** Of workers that live, the newest last. */
  readonly exemplars: readonly Exemplar[];
}

/** Sums the counters of workers; what only grew in each of them only grows in the sum. */
export const sumCounters = (workers: Iterable<Float64Array>): Totals => {
  const empty = viewCounters(new Float64Array(COUNTER_CELLS));
  const series = new Map<number, RequestSeries>();
  const exemplars: Exemplar[] = [];
  for (const cells of workers) {
    const counters = viewCounters(cells);
    for (const section of SUMS) mergeInto(empty[section], counters[section]);
    exemplars.push(...readExemplars(counters.exemplars));
    for (let s = 0; s < SERIES_LIMIT; s++) {
      const key = counters.series[s * SERIES_CELLS]!;
      if (key === 0) continue;
      const from = counters.series.subarray(s * SERIES_CELLS + 1, (s + 1) * SERIES_CELLS);
      const known = series.get(key);
      if (known) mergeInto(known.cells, from);
      else series.set(key, { request: requestOf(key), cells: from.slice() });
    }
  }
  exemplars.sort((a, b) => a.atMs - b.atMs);
  return { ...empty, series, exemplars };
};

const requestOf = (key: number): RequestSeries['request'] => {
  if (key === OVERFLOW_KEY) return undefined;
  const { route, method, status } = splitKey(key);
  return { route: ROUTES[route] ?? 'other', method: METHODS[method] ?? '_OTHER', status };
};

/**
 * Adds the counts of a worker that is gone to `retired`, each of which has the same sections. Workers may have met
 * different requests: there are as many as have a place for all, so that no series goes back when its worker is gone.
 */
export const retireInto = (retired: Float64Array[], gone: Float64Array): void => {
  retired[0] ??= new Float64Array(COUNTER_CELLS);
  const [into, from] = [viewCounters(retired[0]), viewCounters(gone)];
  for (const section of SUMS) mergeInto(into[section], from[section]);
  for (let s = 0; s < SERIES_LIMIT; s++) {
    const key = from.series[s * SERIES_CELLS]!;
    if (key === 0) continue;
    const series = seriesOf(retired, key);
    series[0] = key;
    for (let i = 1; i < SERIES_CELLS; i++) series[i]! += from.series[s * SERIES_CELLS + i]!;
  }
};

/** Where a key is counted, or begins to be. */
const seriesOf = (retired: Float64Array[], key: number): Float64Array => {
  for (const cells of retired) {
    const { series } = viewCounters(cells);
    const place = placeOf(series, key);
    if (place !== undefined)
      return series.subarray(place * SERIES_CELLS, (place + 1) * SERIES_CELLS);
  }
  retired.push(new Float64Array(COUNTER_CELLS));
  return seriesOf(retired, key);
};

const placeOf = (series: Float64Array, key: number): number | undefined => {
  if (key === OVERFLOW_KEY) return OVERFLOW_SERIES;
  for (let s = 0; s < OVERFLOW_SERIES; s++) {
    const there = series[s * SERIES_CELLS]!;
    if (there === key || there === 0) return s;
  }
  return undefined;
};
