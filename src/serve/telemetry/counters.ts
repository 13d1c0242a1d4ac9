/**
 * The writing side of the shared counters: what a worker counts while it answers.
 */
import type { Counters, ShadowCounts } from '../context.ts';
import {
  METHODS,
  ROUTES,
  type Route,
  SHADOW_SKIPS,
  SHED_REASONS,
  type ShedReason,
} from '../labels.ts';
import {
  GAUGES,
  INFERENCE_BOUNDS,
  REQUEST_BOUNDS,
  OVERFLOW_SERIES,
  SERIES_CELLS,
  SHADOW_SUMS,
  type SharedCounters,
  viewCounters,
} from './shared-counters.ts';

const BEAT = GAUGES.indexOf('beat');
const STATUS_SPAN = 600;
const KEYS = ROUTES.length * METHODS.length * STATUS_SPAN;

/** One number for (route, method, status); 0 means none. `splitKey` is its inverse. */
export const keyOf = (route: number, method: number, status: number): number =>
  1 + (route * METHODS.length + method) * STATUS_SPAN + (status < STATUS_SPAN ? status : 599);

export const splitKey = (key: number): { route: number; method: number; status: number } => {
  const status = (key - 1) % STATUS_SPAN;
  const pair = (key - 1 - status) / STATUS_SPAN;
  return { status, method: pair % METHODS.length, route: Math.floor(pair / METHODS.length) };
};

/** Of the series that takes what has no place left; no (route, method, status) has it. */
export const OVERFLOW_KEY = KEYS + 1;

/** Place of a route in ROUTES, and of a method in METHODS: work these out once, not per request. */
export const routeAt = (route: Route): number => ROUTES.indexOf(route);
export const methodAt = (method: string): number => {
  const at = (METHODS as readonly string[]).indexOf(method);
  return at < 0 ? METHODS.length - 1 : at;
};

/**
 * @param cells float64, shape (COUNTER_CELLS)
 * @param drift float64: the worker's live counts of the model's bins
 */
export const buildCounters = (
  cells: Float64Array,
  drift: Float64Array,
  driftTotals: () => Float64Array,
): Counters => {
  const counters = viewCounters(cells);
  const seriesOf = buildSeries(counters);
  const shedAt = new Map(SHED_REASONS.map((reason, at) => [reason, at]));
  return {
    drift,
    driftTotals,
    requestDone: (route, method, status, durationNs) => {
      const at = seriesOf(keyOf(route, method, status)) * SERIES_CELLS + 1;
      addInto(counters.series, at, REQUEST_BOUNDS, durationNs / 1e9);
      // A worker that answers is alive, even when its timers come late.
      counters.gauges[BEAT]! += 1;
    },
    predictionsDone: (nFlights, nDelayed, place = 0) => {
      counters.outcomes[0]! += nFlights - nDelayed;
      counters.outcomes[1]! += nDelayed;
      counters.models[place]! += nFlights;
    },
    inferenceDone: (durationNs) =>
      addInto(counters.inference, 0, INFERENCE_BOUNDS, durationNs / 1e9),
    shed: (reason: ShedReason) => {
      counters.shed[shedAt.get(reason)!]! += 1;
    },
  };
};

/** The same counters for another model, in its place among the models of the service. */
export const countersOfModel = (
  counters: Counters,
  {
    place,
    drift,
    driftTotals,
  }: Pick<Counters, 'drift' | 'driftTotals'> & { readonly place: number },
): Counters => ({
  ...counters,
  drift,
  driftTotals,
  predictionsDone: (nFlights, nDelayed) => counters.predictionsDone(nFlights, nDelayed, place),
});

const [SAME, OTHER, DIFFERENCE, ABSOLUTE] = SHADOW_SUMS.map((_, at) => at) as [
  number,
  number,
  number,
  number,
];

/** @param cells float64, shape (COUNTER_CELLS) */
export const buildShadowCounts = (cells: Float64Array): ShadowCounts => {
  const { shadow, shadowSkips, shadowInference } = viewCounters(cells);
  return {
    compared: (isSame, difference) => {
      shadow[isSame ? SAME : OTHER]! += 1;
      shadow[DIFFERENCE]! += difference;
      shadow[ABSOLUTE]! += Math.abs(difference);
    },
    skipped: (reason) => {
      shadowSkips[SHADOW_SKIPS.indexOf(reason)]! += 1;
    },
    inferenceDone: (durationNs) => addInto(shadowInference, 0, INFERENCE_BOUNDS, durationNs / 1e9),
  };
};

/** Adds one value to a histogram that begins at `at`: sum, counts per bound, count above. */
const addInto = (
  cells: Float64Array,
  at: number,
  bounds: readonly number[],
  seconds: number,
): void => {
  cells[at]! += seconds;
  let i = 0;
  while (i < bounds.length && seconds > bounds[i]!) i++;
  cells[at + 1 + i]! += 1;
};

/** Finds or takes the series of a key; the key is written last, so a reader never sees half a series. */
const buildSeries = (counters: SharedCounters): ((key: number) => number) => {
  const places = new Int16Array(KEYS + 1).fill(-1);
  let taken = 0;
  return (key) => {
    const known = places[key]!;
    if (known >= 0) return known;
    const hasPlace = taken < OVERFLOW_SERIES;
    const series = hasPlace ? taken++ : OVERFLOW_SERIES;
    places[key] = series;
    counters.series[series * SERIES_CELLS] = hasPlace ? key : OVERFLOW_KEY;
    return series;
  };
};
