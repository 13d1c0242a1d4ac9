/**
 * Scoring: flights as records to rows of numbers, and rows to predictions; the one place that calls the predictor.
 */
import { buildBinCounter } from '../../core/distribution.ts';
import { AppError, type Fault, pointerTo } from '../../core/errors.ts';
import { finish } from '../../predict/gradual.ts';
import { buildInputReader } from '../../core/inputs.ts';
import type { Completion } from '../../core/around/completion.ts';
import type { ServeContext } from '../context.ts';
import type { AnswerWriter } from '../formats/answer.ts';
import { isObject } from '../formats/body.ts';
import type { FlightScanner } from '../formats/flight-scanner.ts';
import { type Around, buildAround } from './around.ts';
import { NO_OBJECT } from './batch-beginning.ts';
import { buildNotices, type Notices } from './notices.ts';
import type { Reasons } from './reasons.ts';

/** Flights between two chances for single predictions to go first. */
export const SLICE_ROWS = 256;

interface FlightReading {
  /** Where the flight is in the request, '' for the request itself. */
  readonly pointer: string;
  /** Whether a value never seen is a fault. */
  readonly strict: boolean;
}

export interface Scoring {
  readonly nInputs: number;
  readonly nHeads: number;
  readonly notices: Notices;
  readonly around: Around;
  /** Fills what the plan of the service knows: before whatever looks at the flights' numbers. */
  readonly complete: Completion;
  /**
   * Reads one flight, and the weather that it brings, into `raw[at .. at + nInputs)`.
   * @returns names of inputs whose value was never seen
   * @throws AppError value-invalid, also for a value never seen, or one that cannot be, when `strict`
   */
  readonly read: (
    flight: unknown,
    reading: FlightReading,
    raw: Float64Array,
    at: number,
  ) => readonly string[];
  /** Predicts and counts `nRows` flights. */
  readonly predict: (raw: Float64Array, nRows: number, out: Float64Array) => void;
  /**
   * To be called with what `predict` made, where there is a shadow.
   * @param isOdd whether the flight in a row has a value that was never seen
   */
  readonly compare:
    | ((
        raw: Float64Array,
        nRows: number,
        out: Float64Array,
        isOdd: (row: number) => boolean,
      ) => void)
    | undefined;
}

/** What the answers to flights are made with. */
export interface FlightAnswering {
  readonly context: ServeContext;
  readonly scoring: Scoring;
  readonly scanner: FlightScanner;
  readonly writer: AnswerWriter;
  readonly reasons: Reasons;
}

export const buildScoring = ({
  predictor,
  counters,
  complete,
  shadow,
  watch,
}: ServeContext): Scoring => {
  const { inputs, heads, threshold } = predictor.model;
  const readInputs = buildInputReader(inputs);
  const nHeads = heads.length;
  const notices = buildNotices(predictor.model);
  const around = buildAround(predictor.model);
  const countDrift = buildBinCounter(inputs, predictor.model.shares, counters.drift);
  return {
    nInputs: inputs.length,
    nHeads,
    notices,
    around,
    complete,
    read: (flight, { pointer, strict }, raw, at) => {
      if (!isObject(flight)) throw notAnObject(flight, pointer);
      const { faults, unknown } = readInputs(flight, raw, at);
      finish(around.byWeather(flight, faults))?.(raw, at, 1);
      if (strict) faults.push(...unknown.map(neverSeen), ...notices.impossible(raw, at));
      if (faults.length > 0) throw invalid(faults, pointer);
      return unknown;
    },
    predict: (raw, nRows, out) => {
      complete(raw, 0, nRows);
      const startMs = performance.now();
      predictor.predictInto(raw, nRows, out);
      watch.lastMs = performance.now();
      counters.inferenceDone((watch.lastMs - startMs) * 1e6);
      let nDelayed = 0;
      for (let row = 0; row < nRows; row++) if (out[row * nHeads]! >= threshold) nDelayed++;
      counters.predictionsDone(nRows, nDelayed);
      countDrift(raw, nRows);
    },
    compare:
      shadow &&
      ((raw, nRows, out, isOdd) => {
        for (let row = 0; row < nRows; row++)
          shadow.offer(raw, row * inputs.length, out[row * nHeads]!, isOdd(row));
      }),
  };
};

const neverSeen = (name: string): Fault => ({
  pointer: pointerTo(name),
  detail: `${name} has a value that the model has never seen`,
});

const notAnObject = (flight: unknown, pointer: string): AppError => {
  const detail =
    pointer !== ''
      ? NO_OBJECT
      : Array.isArray(flight)
        ? 'the body is a list; several flights are sent as {"flights":[...]}'
        : 'the body must be a JSON object';
  return new AppError('value-invalid', detail, { faults: [{ pointer, detail }] });
};

const invalid = (faults: readonly Fault[], pointer: string): AppError =>
  new AppError('value-invalid', faults.map(({ detail }) => detail).join('; '), {
    faults:
      pointer === ''
        ? faults
        : faults.map((fault) => ({ pointer: pointer + fault.pointer, detail: fault.detail })),
  });
