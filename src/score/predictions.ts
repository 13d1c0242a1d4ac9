/**
 * Predictions that were made before their flights, held against what happened: each prediction is joined with the one
 * flight of its airline, number, airports and scheduled departure, and what has no such flight is counted, never guessed.
 */
import { AppError } from '../core/errors.ts';
import { encodeTime } from '../core/flight.ts';
import { knownDaysOf } from '../core/known-days.ts';
import { firstHeadOf, type Model } from '../core/model.ts';
import { departuresOf, pickTableRows, type Table } from '../core/table.ts';
import type { Predictions } from '../flights/cleaning/predictions.ts';
import { datesOf } from '../train/features/time-split.ts';
import { labelsOf } from '../train/preparation.ts';
import {
  type Baseline,
  baselineOf,
  evaluate,
  type Evaluation,
} from '../train/quality/evaluation.ts';
import type { HeadQuality } from '../train/quality/head-quality.ts';
import { rateOf } from '../train/quality/metrics.ts';
import type { EvaluationOptions } from './evaluation.ts';
import { headQualitiesOf } from './head-qualities.ts';
import {
  type Hindsight,
  hindsightOf,
  hindsightWarnings,
  type LearnedFrom,
  learnedFromOf,
  type SeenFlights,
} from './seen-days.ts';

/** How good predictions were. */
interface PredictionEvaluation extends Evaluation {
  /** The file of the predictions. */
  readonly model: string;
  /** Fields by which predictions and flights were joined. */
  readonly joinedBy: readonly string[];
  /** Files of what happened. */
  readonly files: readonly string[];
  readonly dialect: string;
  readonly target: 'arrival' | 'departure';
  readonly lateMinutes: number;
  /** Predictions: read, left out, judged. */
  readonly rows: { readonly read: number; readonly rejected: number; readonly used: number };
  readonly rejected: Readonly<Record<string, number>>;
  /** Flights of the outcomes that no prediction is about. */
  readonly notPredicted: number;
  readonly split: Readonly<Record<'test', string>>;
  readonly baselines: Readonly<Record<string, Baseline>>;
  readonly threshold: number;
  readonly heads: readonly HeadQuality[];
  /** Which of the flights the model knew that predicted them, where it was named. */
  readonly seen?: SeenFlights;
  /** Which of the flights left before a day that that model knows. */
  readonly hindsight?: Hindsight;
  /** What that model learned from. */
  readonly learnedFrom?: readonly LearnedFrom[];
  readonly warnings: readonly string[];
  readonly unusedColumns: readonly string[];
}

interface PredictionOptions extends Omit<EvaluationOptions, 'against'> {
  /** The model that predicted: it says what "late" is (without one, 15 minutes), and which days it knew. */
  readonly model?: Model | undefined;
}

const LATE_MINUTES = 15;
const THRESHOLD = 0.5;
/** Below this share of predictions with an outcome the reader is warned. */
const MIN_MATCHED = 0.9;

const NOT_SCORED = 'not scored';
const TWICE = 'more than one prediction of the flight';
const AMBIGUOUS = 'more than one flight of that name in the outcomes';
const NO_OUTCOME = 'no outcome: the flight is not in the outcomes, or was cancelled or diverted';
const KNOWN = 'on days that the model knows';

/**
 * @throws AppError data-unfit (nothing to join by, no prediction has an outcome, or none or all of the flights are late)
 */
export const evaluatePredictions = (
  predictions: Predictions,
  outcomes: Table,
  { model, costs, lateMinutes: wanted, includesTraining = false }: PredictionOptions = {},
): PredictionEvaluation => {
  const lateMinutes = wanted ?? (model ? firstHeadOf(model).minutes : LATE_MINUTES);
  const days = model && knownDaysOf(model);
  const isKnown = days?.isKnown ?? (() => false);
  const joined = join(predictions, outcomes, includesTraining ? () => false : isKnown);
  const { pairs, joinedBy } = joined;
  const places = Int32Array.from(pairs, ([, row]) => row);
  const from = Int32Array.from(pairs, ([row]) => row);
  const table = rowsOf(outcomes, places);
  const pick = (values: Float64Array): Float64Array =>
    Float64Array.from(from, (row) => values[row]!);
  const labels = labelsOf(table.delayMinutes, lateMinutes);
  const nLate = labels.reduce((sum, label) => sum + label, 0);
  if (nLate === 0 || nLate === labels.length)
    throw new AppError(
      'data-unfit',
      `${nLate === 0 ? 'no flight' : 'every flight'} that was predicted is ${lateMinutes} minutes late or more; both kinds are needed to judge predictions`,
    );
  const probabilities = pick(predictions.probability);
  const constant = new Float64Array(labels.length).fill(rateOf(labels));
  const threshold = model?.threshold ?? thresholdOf(predictions);
  const rows = Int32Array.from({ length: table.nRows }, (_, row) => row);
  const departures = departuresOf(table);
  const nKnown = departures.filter(isKnown).length;
  const nLeftOut = Object.values(joined.rejected).reduce((sum, n) => sum + n, 0);
  const damaged = predictions.table.source.rejected;
  const nDamaged = Object.values(damaged).reduce((sum, n) => sum + n, 0);
  const seen: SeenFlights | undefined =
    model === undefined
      ? undefined
      : {
          days: days?.text ?? null,
          rows: includesTraining ? nKnown : (joined.rejected[KNOWN] ?? 0),
          included: includesTraining,
        };
  const hindsight = model && hindsightOf([{ name: 'the model', model }], departures);
  return {
    model: predictions.table.source.files.join(', '),
    joinedBy,
    ...evaluate({
      table,
      rows,
      probabilities,
      labels,
      baselines: { constant },
      threshold,
      costs,
    }),
    files: outcomes.source.files,
    dialect: outcomes.source.dialect,
    target: outcomes.source.target,
    lateMinutes,
    rows: {
      read: predictions.table.source.nRowsRead,
      rejected: nLeftOut + nDamaged,
      used: table.nRows,
    },
    rejected: { ...damaged, ...joined.rejected },
    notPredicted: joined.notPredicted,
    split: { test: datesOf(departures, rows) },
    baselines: { constant: baselineOf(constant, labels) },
    threshold,
    heads: headQualitiesOf(table, {
      later: predictions.later.map((one) => ({ ...one, values: pick(one.values) })),
      quantiles: predictions.quantiles.map((one) => ({ ...one, values: pick(one.values) })),
    }),
    ...(seen && { seen }),
    ...(hindsight && { hindsight }),
    ...(model && { learnedFrom: [learnedFromOf('the model', model)] }),
    warnings: warningsOf(predictions, outcomes, { model, lateMinutes, joined, seen, hindsight }),
    unusedColumns: [],
  };
};

/** The rows at these places, which ascend. */
const rowsOf = (table: Table, places: Int32Array): Table => {
  const isKept = new Uint8Array(table.nRows);
  for (const place of places) isKept[place] = 1;
  return pickTableRows(table, (row) => isKept[row] === 1);
};

/** A file does not say its threshold; the smallest probability that was called delayed is it. */
const thresholdOf = ({ probability, isCalled }: Predictions): number => {
  if (!isCalled) return THRESHOLD;
  let least = Number.POSITIVE_INFINITY;
  probability.forEach((p, row) => {
    if (p < least && isCalled(row)) least = p;
  });
  return Number.isFinite(least) ? least : THRESHOLD;
};

const JOINED_BY = ['airline', 'flightNumber', 'origin', 'destination'] as const;

interface Joined {
  /** Rows of the predictions and of the outcomes, by rising row of the outcomes. */
  readonly pairs: readonly (readonly [prediction: number, outcome: number])[];
  readonly joinedBy: readonly string[];
  readonly rejected: Readonly<Record<string, number>>;
  readonly notPredicted: number;
}

/** @throws AppError data-unfit */
const join = (
  { table, probability }: Predictions,
  outcomes: Table,
  isLeftOut: (minutes: number) => boolean,
): Joined => {
  const fields = JOINED_BY.filter(
    (name) =>
      table.columns[name]?.kind === 'category' && outcomes.columns[name]?.kind === 'category',
  );
  const joinedBy = [...fields, 'scheduledDeparture'];
  const names = {
    predictions: table.source.files.join(', '),
    outcomes: outcomes.source.files.join(', '),
  };
  if (fields.length === 0)
    throw new AppError(
      'data-unfit',
      `${names.predictions} and ${names.outcomes} share no field but the time; airline, flight number, origin or destination is needed to know which flight is which`,
    );
  const keysOf = (of: Table): ((row: number) => string) => {
    const departures = departuresOf(of);
    const columns = fields.map((name) => of.columns[name]!);
    return (row) => {
      const parts = columns.map((column) =>
        column.kind === 'category' ? (column.values[column.codes[row]!] ?? '') : '',
      );
      return [...parts, encodeTime(departures[row]!)].join(' ');
    };
  };
  const keyOfOutcome = keysOf(outcomes);
  const keyOfPrediction = keysOf(table);
  const outcomeOf = new Map<string, number>();
  /** Rows of the outcomes beyond the first of their name. */
  const furtherOf = new Map<string, number>();
  for (let row = 0; row < outcomes.nRows; row++) {
    const key = keyOfOutcome(row);
    if (outcomeOf.has(key)) furtherOf.set(key, (furtherOf.get(key) ?? 0) + 1);
    outcomeOf.set(key, outcomeOf.has(key) ? SEVERAL : row);
  }
  const departures = departuresOf(table);
  const rejected: Record<string, number> = {};
  const reject = (reason: string): void => {
    rejected[reason] = (rejected[reason] ?? 0) + 1;
  };
  const predictionOf = new Map<string, number>();
  /** Flights of the outcomes that a prediction is about, judged or left out. */
  const asked = new Set<string>();
  let nTwice = 0;
  for (let row = 0; row < table.nRows; row++) {
    if (Number.isNaN(probability[row]!)) {
      reject(NOT_SCORED);
      continue;
    }
    const key = keyOfPrediction(row);
    if (outcomeOf.has(key)) asked.add(key);
    if (isLeftOut(departures[row]!)) {
      reject(KNOWN);
      continue;
    }
    const before = predictionOf.get(key);
    if (before === undefined) predictionOf.set(key, row);
    else {
      nTwice += before === SEVERAL ? 1 : 2;
      predictionOf.set(key, SEVERAL);
    }
  }
  if (nTwice > 0) rejected[TWICE] = nTwice;
  const pairs: (readonly [number, number])[] = [];
  for (const [key, row] of predictionOf) {
    if (row === SEVERAL) continue;
    const outcome = outcomeOf.get(key);
    if (outcome === undefined) reject(NO_OUTCOME);
    else if (outcome === SEVERAL) reject(AMBIGUOUS);
    else pairs.push([row, outcome]);
  }
  if (pairs.length === 0 && predictionOf.size === 0 && (rejected[KNOWN] ?? 0) > 0)
    throw new AppError(
      'data-unfit',
      `all ${rejected[KNOWN]!.toLocaleString('en')} predictions of ${names.predictions} are ${KNOWN}: these measure its memory, not its forecasts; give predictions of other days, or --include-training to measure on them all the same`,
    );
  if (pairs.length === 0) {
    const why = Object.entries(rejected).map(([reason, n]) => `${n} ${reason}`);
    throw new AppError(
      'data-unfit',
      `no prediction of ${names.predictions} has its flight in ${names.outcomes} (${why.join(', ')}); they are joined by ${joinedBy.join(', ')}: the first prediction is ${keyOfPrediction(0)}, the first outcome ${keyOfOutcome(0)}`,
    );
  }
  return {
    pairs: pairs.sort(([, a], [, b]) => a - b),
    joinedBy,
    rejected,
    notPredicted:
      outcomes.nRows - [...asked].reduce((n, key) => n + 1 + (furtherOf.get(key) ?? 0), 0),
  };
};

/** In place of a row: more than one has the key. */
const SEVERAL = -1;

interface Circumstances {
  readonly model: Model | undefined;
  readonly lateMinutes: number;
  readonly joined: Joined;
  readonly seen: SeenFlights | undefined;
  readonly hindsight: Hindsight | undefined;
}

const warningsOf = (
  { probability }: Predictions,
  outcomes: Table,
  { model, lateMinutes, joined: { pairs, rejected }, seen, hindsight }: Circumstances,
): readonly string[] => {
  const warnings: string[] = [];
  const target = model?.provenance.trainedOn?.target;
  if (target !== undefined && target !== outcomes.source.target)
    warnings.push(
      `The model was learned for the delay of the ${target}; the outcomes hold that of the ${outcomes.source.target}. The figures compare two different things.`,
    );
  const learned = model && firstHeadOf(model).minutes;
  if (learned !== undefined && learned !== lateMinutes)
    warnings.push(
      `The model answers how likely a delay of ${learned} min or more is; it is measured here by ${lateMinutes} min or more. The figures compare two different things.`,
    );
  const whole = (n: number): string => n.toLocaleString('en');
  const nAsked = probability.length - (rejected[NOT_SCORED] ?? 0) - (rejected[KNOWN] ?? 0);
  if (pairs.length < MIN_MATCHED * nAsked)
    warnings.push(
      `Only ${whole(pairs.length)} of ${whole(nAsked)} predictions have their flight in the outcomes: the figures are of these.`,
    );
  if (hindsight) warnings.push(...hindsightWarnings(hindsight, pairs.length));
  if (seen?.included && seen.rows > 0)
    warnings.push(
      `${whole(seen.rows)} of these ${whole(pairs.length)} flights are on days that the model knows (${seen.days}): every figure below flatters it.`,
    );
  return warnings;
};
