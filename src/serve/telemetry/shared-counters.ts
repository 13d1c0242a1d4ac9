/**
 * Shared counters: what one worker counts, in a memory map that the supervisor reads too and that outlives the worker.
 * One writer, many readers. All cells are float64:
 *
 *   gauges | shed by reason | system calls refused | log lines dropped | outcomes | canaries |
 *   flights by model | inference times | the shadow: sums, skipped by reason, inference times |
 *   series of requests | exemplars
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { AppError } from '../../core/errors.ts';
import { refusalReason } from '../../core/files/system-refusal.ts';
import {
  CANARY_OUTCOMES,
  MODELS_LIMIT,
  OUTCOMES,
  SHADOW_SKIPS,
  SHED_REASONS,
  SYSTEM_CALLS,
} from '../labels.ts';

/** Cells that hold a current value; all others only ever grow. */
export const GAUGES = ['beat', 'rssBytes', 'inFlight', 'connections'] as const;

/** Upper bounds in seconds. The first is what HTTP adds to a prediction, the rest are OpenTelemetry's. */
export const REQUEST_BOUNDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1,
  2.5, 5, 7.5, 10,
] as const;
export const INFERENCE_BOUNDS = [
  0.000001, 0.0000025, 0.000005, 0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025,
  0.005, 0.01, 0.025, 0.05, 0.1,
] as const;

/** Sums over the answers that were compared with the shadow's; differences are shadow less first, in probability. */
export const SHADOW_SUMS = ['same', 'other', 'difference', 'absolute'] as const;

/** Sum in seconds, then a count per bound, then the count above the last. */
const histogramCells = (bounds: readonly number[]): number => bounds.length + 2;

/** (route, method, status) met by one worker; the last series takes what has no place left, under a label of its own. */
export const SERIES_LIMIT = 256;
export const OVERFLOW_SERIES = SERIES_LIMIT - 1;
/** A key (0: free), then a histogram. */
export const SERIES_CELLS = 1 + histogramCells(REQUEST_BOUNDS);

/** The last sampled requests of a worker; see `exemplars.ts`. */
export const EXEMPLAR_PLACES = 64;
export const EXEMPLAR_CELLS = 9;

const place = (() => {
  let at = 0;
  const take = (nCells: number): { readonly at: number; readonly nCells: number } => {
    const section = { at, nCells };
    at += nCells;
    return section;
  };
  const sections = {
    gauges: take(GAUGES.length),
    shed: take(SHED_REASONS.length),
    systemFailures: take(SYSTEM_CALLS.length),
    droppedLines: take(1),
    outcomes: take(OUTCOMES.length),
    canaries: take(CANARY_OUTCOMES.length),
    models: take(MODELS_LIMIT),
    inference: take(histogramCells(INFERENCE_BOUNDS)),
    shadow: take(SHADOW_SUMS.length),
    shadowSkips: take(SHADOW_SKIPS.length),
    shadowInference: take(histogramCells(INFERENCE_BOUNDS)),
    series: take(SERIES_LIMIT * SERIES_CELLS),
    exemplars: take(EXEMPLAR_PLACES * EXEMPLAR_CELLS),
  };
  return { sections, nCells: at };
})();

export const COUNTER_CELLS = place.nCells;

/** The sections of the counters of one worker, as views of its cells. */
export type SharedCounters = { readonly [section in keyof typeof place.sections]: Float64Array };

export const viewCounters = (cells: Float64Array): SharedCounters =>
  Object.fromEntries(
    Object.entries(place.sections).map(([name, { at, nCells }]) => [
      name,
      cells.subarray(at, at + nCells),
    ]),
  ) as SharedCounters;

/**
 * Creates a file of zeros. Every byte is written, so that a full disk shows here and not as a
 * bus error in the middle of a request.
 * @throws AppError file-unwritable
 */
export const createCells = (path: string, nCells: number): void => {
  try {
    const file = openSync(path, 'w', 0o600);
    try {
      const zeros = new Uint8Array(nCells * 8);
      for (let at = 0; at < zeros.length; ) at += writeSync(file, zeros, at);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new AppError('file-unwritable', `${path} cannot be written: ${refusalReason(error)}`, {
      cause: error,
    });
  }
};

/** float64, shared with every process that maps the file. */
export const mapCells = (path: string): Float64Array => {
  const bytes = Bun.mmap(path, { shared: true });
  return new Float64Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength >>> 3);
};
