/**
 * What a report says of probabilities on flights that the model never saw: overall, by month, by airline, by threshold.
 */
import { dayOf, minuteOfDay } from '../../core/calendar.ts';
import { encodeTime } from '../../core/flight.ts';
import { freeColumns } from '../ended-memory.ts';
import type { Quality } from '../../core/model.ts';
import type { Table } from '../../core/table.ts';
import { departuresOf } from '../../core/table.ts';
import { type Comparison, compare } from './comparison.ts';
import {
  type DayResampling,
  type Interval,
  ratioInterval,
  resampleDays,
} from './day-resampling.ts';
import {
  auc,
  brier,
  logLoss,
  qualityOf,
  type ReliabilityBin,
  rateOf,
  reliability,
  sharedOrderOf,
} from './metrics.ts';

/** Figures are null where a part has fewer than a hundred flights: nothing can be said of it but how many they are. */
export interface PartQuality {
  readonly name: string;
  readonly rows: number;
  readonly baseRate: number | null;
  readonly meanPrediction: number | null;
  /** Rate less mean prediction, over resampled days; null also where the days are too few. */
  readonly gap: Interval | null;
  /** Null also where all flights are of one kind. */
  readonly auc: number | null;
  readonly logLoss: number | null;
}

export interface Baseline {
  readonly auc: number;
  readonly logLoss: number;
  readonly brier: number;
}

interface ThresholdQuality {
  readonly threshold: number;
  readonly precision: number;
  readonly recall: number;
  readonly alertsPerDay: number;
  /** What a false alarm costs, as a share of a missed late flight, where this threshold is the best. */
  readonly costRatio: number;
}

/** What acting costs; the best threshold is falseAlarm / (falseAlarm + miss). */
export interface Costs {
  readonly miss: number;
  readonly falseAlarm: number;
}

export interface Evaluation {
  readonly test: Quality;
  readonly reliability: readonly ReliabilityBin[];
  readonly precisionRecall: readonly { threshold: number; precision: number; recall: number }[];
  readonly thresholds: readonly ThresholdQuality[];
  /** The one of them that suits the costs, where these are given. */
  readonly costThreshold?: number;
  readonly byMonth: readonly PartQuality[];
  readonly byAirline: readonly PartQuality[];
  /** By hour of the scheduled departure, `06`. */
  readonly byHour: readonly PartQuality[];
  /** Airlines at hours whose rate is furthest from what was predicted, of those with a hundred flights or more. */
  readonly worstSlices: readonly PartQuality[];
  /** The model beside each baseline; all on the same resampled days. */
  readonly comparisons: readonly Comparison[];
  /** Share of the climatology's loss that the model saves. */
  readonly skill: { readonly logLoss: number; readonly brier: number };
}

const CURVE_POINTS = 50;
const HOUR_NAMES = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0'));
const MAX_AIRLINES = 30;

/** Probabilities and what came of the flights. */
interface EvaluationTask {
  readonly table: Table;
  /** int32: rows of the table that the probabilities are about. */
  readonly rows: Int32Array;
  readonly probabilities: Float64Array;
  readonly labels: Uint8Array;
  /** float64 by name: what each baseline says of the same flights; `climatology` among them, or one constant. */
  readonly baselines: Readonly<Record<string, Float64Array>>;
  /** From which probability the model calls a flight delayed. */
  readonly threshold: number;
  readonly costs?: Costs | undefined;
}

export const evaluate = ({
  table,
  rows,
  probabilities,
  labels,
  baselines,
  threshold,
  costs,
}: EvaluationTask): Evaluation => {
  const test = qualityOf(probabilities, labels);
  const departures = departuresOf(table);
  const resampling = resampleDays(rows.map((row) => dayOf(departures[row]!)));
  const { nDays } = resampling;
  const answers = { probabilities, labels, resampling };
  const comparisons = Object.entries(baselines).map(([against, other]) =>
    compare({ against, own: probabilities, other, labels, resampling }),
  );
  freeColumns(table.nRows);
  const skill = comparisons.find(({ against }) => against === 'climatology') ?? comparisons[0]!;
  const hourOf = (i: number): string =>
    HOUR_NAMES[Math.floor(minuteOfDay(departures[rows[i]!]!) / 60)]!;
  const months = new Map<number, string>();
  /** Written once per day: once per flight is memory until it is collected. */
  const monthOf = (i: number): string => {
    const minutes = departures[rows[i]!]!;
    const day = dayOf(minutes);
    const known = months.get(day);
    if (known !== undefined) return known;
    const month = encodeTime(minutes).slice(0, 7);
    months.set(day, month);
    return month;
  };
  const airlineOf = namesOf(table, rows);
  const suited = costs && costs.falseAlarm / (costs.falseAlarm + costs.miss);
  const wanted = [0.3, 0.5, threshold, ...(suited === undefined ? [] : [suited])];
  const thresholds = [...new Set(wanted)].sort((a, b) => a - b);
  const byMonth = byGroup(answers, monthOf);
  const byAirline = byGroup(answers, airlineOf);
  const byHour = byGroup(answers, hourOf);
  freeColumns(table.nRows);
  const bySlice = byGroup(answers, (i) => {
    const airline = airlineOf(i);
    return airline === undefined ? undefined : `${airline} ${hourOf(i)}`;
  });
  freeColumns(table.nRows);
  return {
    test,
    reliability: reliability(probabilities, labels),
    precisionRecall: precisionRecallOf(probabilities, labels),
    thresholds: thresholds.map((at) => thresholdQuality(probabilities, labels, at, nDays)),
    ...(suited === undefined ? {} : { costThreshold: suited }),
    byMonth,
    byAirline: byAirline
      .toSorted((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1))
      .slice(0, MAX_AIRLINES),
    byHour: byHour.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    worstSlices: worstOf(bySlice),
    comparisons,
    skill: { logLoss: skill.logLoss.value, brier: skill.brier.value },
  };
};

const thresholdQuality = (
  probabilities: Float64Array,
  labels: Uint8Array,
  threshold: number,
  nDays: number,
): ThresholdQuality => {
  let alerts = 0;
  let hits = 0;
  let late = 0;
  for (let i = 0; i < labels.length; i++) {
    late += labels[i]!;
    if (probabilities[i]! < threshold) continue;
    alerts++;
    hits += labels[i]!;
  }
  return {
    threshold,
    precision: alerts === 0 ? 0 : hits / alerts,
    recall: late === 0 ? 0 : hits / late,
    alertsPerDay: alerts / nDays,
    costRatio: threshold / (1 - threshold),
  };
};

const precisionRecallOf = (probabilities: Float64Array, labels: Uint8Array) => {
  const order = sharedOrderOf(probabilities).toReversed();
  const late = rateOf(labels) * labels.length;
  const points: { threshold: number; precision: number; recall: number }[] = [];
  let hits = 0;
  let next = 1;
  for (let i = 0; i < order.length; i++) {
    hits += labels[order[i]!]!;
    if (i + 1 < Math.round((next * order.length) / CURVE_POINTS)) continue;
    next++;
    points.push({
      threshold: probabilities[order[i]!]!,
      precision: hits / (i + 1),
      recall: late === 0 ? 0 : hits / late,
    });
  }
  return points.reverse();
};

/** Below this a part shows its count only. */
const MIN_PART_ROWS = 100;

/** Probabilities, what came of the flights, and their days. */
interface Answers {
  readonly probabilities: Float64Array;
  readonly labels: Uint8Array;
  readonly resampling: DayResampling;
}

const byGroup = (
  { probabilities, labels, resampling }: Answers,
  nameOf: (i: number) => string | undefined,
): readonly PartQuality[] => {
  const groups = new Map<string, number[]>();
  for (let i = 0; i < labels.length; i++) {
    const name = nameOf(i);
    if (name === undefined) continue;
    const group = groups.get(name);
    if (group) group.push(i);
    else groups.set(name, [i]);
  }
  return [...groups].map(([name, flights]) => {
    const rows = flights.length;
    if (rows < MIN_PART_ROWS)
      return {
        name,
        rows,
        baseRate: null,
        meanPrediction: null,
        gap: null,
        auc: null,
        logLoss: null,
      };
    const p = new Float64Array(rows);
    const y = new Uint8Array(rows);
    const places = new Int32Array(rows);
    let predicted = 0;
    for (let at = 0; at < rows; at++) {
      const flight = flights[at]!;
      p[at] = probabilities[flight]!;
      y[at] = labels[flight]!;
      places[at] = resampling.places[flight]!;
      predicted += p[at]!;
    }
    const area = auc(p, y);
    return {
      name,
      rows,
      baseRate: rateOf(y),
      meanPrediction: predicted / rows,
      gap: ratioInterval(
        { ...resampling, places },
        (i) => y[i]! - p[i]!,
        () => 1,
      ),
      auc: Number.isNaN(area) ? null : area,
      logLoss: logLoss(p, y),
    };
  });
};

const MAX_SLICES = 12;

/** How far a part's rate is from what was predicted for it. */
const missOf = ({ baseRate, meanPrediction }: PartQuality): number =>
  Math.abs((baseRate ?? 0) - (meanPrediction ?? 0));

const worstOf = (slices: readonly PartQuality[]): readonly PartQuality[] =>
  slices
    .filter(({ baseRate }) => baseRate !== null)
    .toSorted((a, b) => missOf(b) - missOf(a) || (a.name < b.name ? -1 : 1))
    .slice(0, MAX_SLICES);

/** The airline of each flight, undefined where it is not known. */
const namesOf = (table: Table, rows: Int32Array): ((i: number) => string | undefined) => {
  const column = table.columns.airline;
  if (column?.kind !== 'category') return () => undefined;
  return (i) => column.values[column.codes[rows[i]!]!];
};

/** How good one way to answer is. */
export const baselineOf = (probabilities: Float64Array, labels: Uint8Array): Baseline => ({
  auc: auc(probabilities, labels),
  logLoss: logLoss(probabilities, labels),
  brier: brier(probabilities, labels),
});
