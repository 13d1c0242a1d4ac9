/**
 * What a report says of probabilities on flights that the model never saw: overall, by month, by airline, by threshold.
 */
import { dayOf } from '../../core/calendar.ts';
import { encodeTime } from '../../core/flight.ts';
import type { Quality } from '../../core/model.ts';
import type { Table } from '../../core/table.ts';
import { departuresOf } from '../../core/table.ts';
import {
  auc,
  logLoss,
  orderOf,
  qualityOf,
  rateOf,
  reliability,
  type ReliabilityBin,
} from './metrics.ts';

export interface PartQuality {
  readonly name: string;
  readonly rows: number;
  readonly baseRate: number;
  readonly meanPrediction: number;
  /** Null where all flights are of one kind. */
  readonly auc: number | null;
  readonly logLoss: number;
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
  /** Share of the climatology's loss that the model saves. */
  readonly skill: { readonly logLoss: number; readonly brier: number };
}

const CURVE_POINTS = 50;
const MAX_AIRLINES = 30;

/** Probabilities and what came of the flights. */
interface EvaluationTask {
  readonly table: Table;
  /** int32: rows of the table that the probabilities are about. */
  readonly rows: Int32Array;
  readonly probabilities: Float64Array;
  readonly labels: Uint8Array;
  /** How good climatology is on the same flights. */
  readonly climatology: Baseline;
  /** From which probability the model calls a flight delayed. */
  readonly threshold: number;
  readonly costs?: Costs | undefined;
}

export const evaluate = ({
  table,
  rows,
  probabilities,
  labels,
  climatology,
  threshold,
  costs,
}: EvaluationTask): Evaluation => {
  const test = qualityOf(probabilities, labels);
  const departures = departuresOf(table);
  const nDays = new Set(rows.map((row) => dayOf(departures[row]!))).size;
  const suited = costs && costs.falseAlarm / (costs.falseAlarm + costs.miss);
  const wanted = [0.3, 0.5, threshold, ...(suited === undefined ? [] : [suited])];
  const thresholds = [...new Set(wanted)].sort((a, b) => a - b);
  return {
    test,
    reliability: reliability(probabilities, labels),
    precisionRecall: precisionRecallOf(probabilities, labels),
    thresholds: thresholds.map((at) => thresholdQuality(probabilities, labels, at, nDays)),
    ...(suited === undefined ? {} : { costThreshold: suited }),
    byMonth: byGroup(probabilities, labels, (i) => encodeTime(departures[rows[i]!]!).slice(0, 7)),
    byAirline: byAirline(table, rows, probabilities, labels),
    skill: {
      logLoss: 1 - test.logLoss / climatology.logLoss,
      brier: 1 - test.brier / climatology.brier,
    },
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
  const order = orderOf(probabilities).reverse();
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

const byGroup = (
  probabilities: Float64Array,
  labels: Uint8Array,
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
  return [...groups].map(([name, places]) => {
    const p = Float64Array.from(places, (i) => probabilities[i]!);
    const y = Uint8Array.from(places, (i) => labels[i]!);
    const area = auc(p, y);
    return {
      name,
      rows: places.length,
      baseRate: rateOf(y),
      meanPrediction: p.reduce((sum, one) => sum + one, 0) / p.length,
      auc: Number.isNaN(area) ? null : area,
      logLoss: logLoss(p, y),
    };
  });
};

const byAirline = (
  table: Table,
  rows: Int32Array,
  probabilities: Float64Array,
  labels: Uint8Array,
): readonly PartQuality[] => {
  const column = table.columns.airline;
  if (column?.kind !== 'category') return [];
  return byGroup(probabilities, labels, (i) => column.values[column.codes[rows[i]!]!])
    .toSorted((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1))
    .slice(0, MAX_AIRLINES);
};
