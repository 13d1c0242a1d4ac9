/**
 * The reading side of slabs: sums over all workers, those that are gone included.
 */
import { mergeInto, totalOf } from '../../core/latency.ts';
import { METHODS, ROUTES } from '../labels.ts';
import { splitKey } from './counters.ts';
import { buildSlab, SERIES_CELLS, SERIES_LIMIT, SLAB_CELLS } from './shared-counters.ts';

/** `cells` is sum, counts per bound, count above. */
export interface RequestSeries {
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly cells: Float64Array;
}

export interface Totals {
  readonly shed: Float64Array;
  readonly outcomes: Float64Array;
  readonly inference: Float64Array;
  /** Counts of SERVICE_SCALE, in microseconds. */
  readonly service: Float64Array;
  readonly series: ReadonlyMap<number, RequestSeries>;
}

/** Sums slabs; what only grew in each of them only grows in the sum. */
export const sumSlabs = (slabs: Iterable<Float64Array>): Totals => {
  const empty = buildSlab(new Float64Array(SLAB_CELLS));
  const series = new Map<number, RequestSeries>();
  for (const cells of slabs) {
    const slab = buildSlab(cells);
    mergeInto(empty.shed, slab.shed);
    mergeInto(empty.outcomes, slab.outcomes);
    mergeInto(empty.inference, slab.inference);
    mergeInto(empty.service, slab.service);
    for (let s = 0; s < SERIES_LIMIT; s++) {
      const key = slab.series[s * SERIES_CELLS]!;
      if (key === 0) continue;
      const from = slab.series.subarray(s * SERIES_CELLS + 1, (s + 1) * SERIES_CELLS);
      const known = series.get(key);
      if (known) mergeInto(known.cells, from);
      else {
        const { route, method, status } = splitKey(key);
        series.set(key, {
          route: ROUTES[route] ?? 'other',
          method: METHODS[method] ?? '_OTHER',
          status,
          cells: from.slice(),
        });
      }
    }
  }
  return { ...empty, series };
};

/** Adds the counts of a slab whose worker is gone to `retired`, which is itself a slab. */
export const retireInto = (retired: Float64Array, gone: Float64Array): void => {
  const [into, from] = [buildSlab(retired), buildSlab(gone)];
  for (const section of ['shed', 'outcomes', 'inference', 'service'] as const)
    mergeInto(into[section], from[section]);
  for (let s = 0; s < SERIES_LIMIT; s++) {
    const key = from.series[s * SERIES_CELLS]!;
    if (key === 0) continue;
    const at = placeOf(into.series, key) * SERIES_CELLS;
    if (into.series[at] === 0) into.series[at] = key;
    for (let i = 1; i < SERIES_CELLS; i++)
      into.series[at + i]! += from.series[s * SERIES_CELLS + i]!;
  }
};

const placeOf = (series: Float64Array, key: number): number => {
  for (let s = 0; s < SERIES_LIMIT; s++) {
    const there = series[s * SERIES_CELLS]!;
    if (there === key || there === 0) return s;
  }
  return SERIES_LIMIT - 1;
};

/** Answers counted in a sum of slabs. */
export const answersOf = (totals: Totals): number => totalOf(totals.service);
