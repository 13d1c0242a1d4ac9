/**
 * Table to Model: split, features, heads, calibration, and an honest account of how good it is.
 * The room's front door.
 */
import { availableParallelism } from 'node:os';
import { AppError } from '../core/errors.ts';
import { type Feature, isCategorical } from '../core/features.ts';
import type { Input } from '../core/inputs.ts';
import type { Calibration, Head, Model, Quality } from '../core/model.ts';
import { departuresOf, type Table } from '../core/table.ts';
import { type Bins, binInto, buildCategoryBins, buildQuantityBins } from './binning.ts';
import { addToScores, boost, type Boosted, type Round } from './boosting.ts';
import { anchor, buildCurve, fitCalibration } from './calibration.ts';
import { climatologyOf } from './climatology.ts';
import { encodeColumns, inputsOfTable, rawOf } from './encoding.ts';
import { binOffsets } from './histogram.ts';
import { buildEngine } from './engine.ts';
import type { BoostRows } from './learner.ts';
import type { Loss } from './loss.ts';
import { buildTeam } from './team.ts';
import { fitLogistic, predictLogistic } from './logistic.ts';
import { auc, logLoss, qualityOf, rateOf, reliability, type ReliabilityBin } from './metrics.ts';
import { scheduleFeatures, scheduleInputs } from './schedule-features.ts';
import { boostSettings, type TrainOptions } from './settings.ts';
import { sharesOf } from './shares.ts';
import { type DataSplit, PARTS, type Part, splitAtRandom, splitByTime } from './time-split.ts';
import { forestOf } from './tree.ts';

export interface TrainProgress extends Round {
  /** Which head is being learned, `late 15`. */
  readonly head: string;
}

export interface Baseline {
  readonly auc: number;
  readonly logLoss: number;
}

export interface TrainReport {
  readonly rows: { readonly read: number; readonly rejected: number; readonly used: number };
  readonly rejected: Readonly<Record<string, number>>;
  readonly splitKind: 'time' | 'random';
  readonly split: Readonly<Record<Part, string>>;
  readonly test: Quality;
  readonly baselines: { readonly climatology: Baseline; readonly logistic: Baseline };
  readonly reliability: readonly ReliabilityBin[];
  readonly rounds: readonly { readonly train: number; readonly validation: number }[];
}

export interface Trained {
  /** Without self-test: whoever holds a predictor answers `selfTestRaw`. */
  readonly model: Model;
  readonly report: TrainReport;
  /** float64, shape (n, nInputs): flights for the self-test. */
  readonly selfTestRaw: Float64Array;
}

const PROBABILITY_MINUTES = [30, 60] as const;
const QUANTILES = [0.5, 0.8, 0.9] as const;
const SELF_TEST_ROWS = 64;

/**
 * Learns a model.
 * @param onRound returns false to stop early, keeping the best round
 * @throws AppError data-too-small, data-unfit
 */
export const trainModel = async (
  table: Table,
  options: TrainOptions,
  onRound: (progress: TrainProgress) => boolean = () => true,
): Promise<Trained> => {
  const departures = departuresOf(table);
  const split =
    options.split === 'time' ? splitByTime(departures) : splitAtRandom(departures, options.seed);
  const labels = labelsOf(table.delayMinutes, options.lateMinutes);
  checkLabels(labels, split, options.lateMinutes);
  const names = scheduleInputs(table);
  const known = [split.rows.train, split.rows.validation, split.rows.calibration];
  const inputs = inputsOfTable(table, names, known);
  const features = scheduleFeatures(names);
  const raw = rawOf(table, inputs);
  const bins = buildBins(features, encodeColumns(inputs, features, raw, split.rows.train));
  const parts = Object.fromEntries(
    PARTS.map((part) => [
      part,
      binRows(bins, features, inputs, raw, split.rows[part], table.delayMinutes, labels),
    ]),
  ) as Record<Part, BoostRows>;

  const team = buildTeam(options.nThreads ?? availableParallelism());
  const engine = buildEngine(team);
  const heads: Head[] = [];
  let rounds: Boosted['rounds'] = [];
  const learn = (
    train: BoostRows,
    validation: BoostRows,
    loss: Loss,
    head: string,
    quick: boolean,
  ): Promise<Boosted> => {
    const settings = boostSettings(train.nRows, features.length, options);
    return boost(
      engine,
      train,
      validation,
      loss,
      quick
        ? {
            ...settings,
            nTrees: Math.min(settings.nTrees, 60),
            nLeaves: Math.min(settings.nLeaves, 31),
            patience: 10,
          }
        : settings,
      (round) => onRound({ ...round, head }),
    );
  };
  let previousMinutes = Number.NEGATIVE_INFINITY;
  let test: Float64Array = new Float64Array(0);
  let threshold = 0.5;
  for (const minutes of [
    options.lateMinutes,
    ...PROBABILITY_MINUTES.filter((m) => m > options.lateMinutes),
  ]) {
    const first = previousMinutes === Number.NEGATIVE_INFINITY;
    const of = Object.fromEntries(
      PARTS.map((part) => [
        part,
        first ? parts[part] : lateRows(parts[part], previousMinutes, minutes),
      ]),
    ) as Record<Part, BoostRows>;
    if (!first && (of.train.nRows < 200 || of.validation.nRows < 20)) break;
    const boosted = await learn(
      of.train,
      of.validation,
      { kind: 'logistic' },
      `late ${minutes}`,
      !first,
    );
    const shape = fitCalibration(probabilitiesOf(boosted, of.calibration), of.calibration.labels);
    const calibration = split.kind === 'time' ? anchorToYear(shape, boosted, of) : shape;
    heads.push({
      kind: 'probability',
      minutes,
      link: 'logistic',
      calibration,
      given: first ? 'nothing' : 'previous',
      score: { kind: 'forest', forest: forestOf(boosted.trees, bins, boosted.base) },
    });
    if (first) {
      rounds = boosted.rounds;
      threshold = thresholdOf(
        probabilitiesOf(boosted, of.calibration, calibration),
        of.calibration.labels,
      );
      test = probabilitiesOf(boosted, of.test, calibration);
    }
    previousMinutes = minutes;
  }
  for (const level of QUANTILES) {
    const boosted = await learn(
      parts.train,
      parts.validation,
      { kind: 'quantile', level },
      `P${level * 100}`,
      true,
    );
    heads.push({
      kind: 'quantile',
      level,
      score: { kind: 'forest', forest: forestOf(boosted.trees, bins, boosted.base) },
    });
  }
  team.dismiss();
  const quality = qualityOf(test, parts.test.labels);
  const baselines = {
    climatology: baselineOf(
      climatologyOf(inputs, raw, labels, concat(known), split.rows.test),
      parts.test.labels,
    ),
    logistic: baselineOf(
      predictLogistic(fitLogistic(parts.train, 8), parts.test),
      parts.test.labels,
    ),
  };
  const rejected = Object.values(table.source.rejected).reduce((sum, n) => sum + n, 0);
  const rows = { read: table.source.nRowsRead, rejected, used: table.nRows };
  const model: Model = {
    name: options.name,
    inputs,
    features,
    heads,
    threshold,
    provenance: {
      madeBy: 'puntual',
      trainedOn: {
        dialect: table.source.dialect,
        target: table.source.target,
        rows,
        split: split.dates,
        settings: { lateMinutes: options.lateMinutes, seed: options.seed, split: options.split },
      },
      test: quality,
      baselines,
    },
    shares: sharesOf(inputs, raw, split.rows.train),
    selfTest: { nRows: 0, raw: new Float64Array(0), answers: new Float64Array(0) },
  };
  return {
    model,
    report: {
      rows,
      rejected: table.source.rejected,
      splitKind: split.kind,
      split: split.dates,
      test: quality,
      baselines,
      reliability: reliability(test, parts.test.labels),
      rounds,
    },
    selfTestRaw: awkwardRows(inputs, raw, table.nRows),
  };
};

const labelsOf = (delayMinutes: Float32Array, lateMinutes: number): Uint8Array =>
  Uint8Array.from(delayMinutes, (delay) => (delay >= lateMinutes ? 1 : 0));

const checkLabels = (labels: Uint8Array, split: DataSplit, lateMinutes: number): void => {
  for (const part of PARTS) {
    let late = 0;
    for (const row of split.rows[part]) late += labels[row]!;
    if (late > 0 && late < split.rows[part].length) continue;
    const which = late === 0 ? 'no flight' : 'every flight';
    throw new AppError(
      'data-unfit',
      `${which} of the ${part} part (${split.dates[part]}) is ${lateMinutes} minutes late or more; both kinds are needed in every part`,
    );
  }
};

const buildBins = (
  features: readonly Feature[],
  columns: readonly Float64Array[],
): readonly Bins[] =>
  features.map((feature, f) => {
    const values = columns[f]!;
    return isCategorical(feature)
      ? buildCategoryBins(values, values.length)
      : buildQuantityBins(values, values.length);
  });

const binRows = (
  bins: readonly Bins[],
  features: readonly Feature[],
  inputs: readonly Input[],
  raw: Float64Array,
  rows: Int32Array,
  delayMinutes: Float32Array,
  labels: Uint8Array,
): BoostRows => {
  const data = new Uint8Array(rows.length * bins.length);
  encodeColumns(inputs, features, raw, rows).forEach((values, f) => {
    binInto(bins[f]!, values, rows.length, data, f, bins.length);
  });
  return {
    nRows: rows.length,
    bins,
    offsets: binOffsets(bins),
    data,
    labels: Uint8Array.from(rows, (row) => labels[row]!),
    minutes: Float32Array.from(rows, (row) => delayMinutes[row]!),
  };
};

/** The rows at least `previous` minutes late, labelled by `minutes`. */
const lateRows = (rows: BoostRows, previous: number, minutes: number): BoostRows => {
  const kept = Array.from(rows.minutes.keys()).filter((row) => rows.minutes[row]! >= previous);
  const nFeatures = rows.bins.length;
  const data = new Uint8Array(kept.length * nFeatures);
  kept.forEach((row, i) => {
    data.set(rows.data.subarray(row * nFeatures, (row + 1) * nFeatures), i * nFeatures);
  });
  const late = Float32Array.from(kept, (row) => rows.minutes[row]!);
  return { ...rows, nRows: kept.length, data, minutes: late, labels: labelsOf(late, minutes) };
};

const probabilitiesOf = (
  boosted: Boosted,
  rows: BoostRows,
  calibration?: Calibration,
): Float64Array => {
  const scores = new Float64Array(rows.nRows).fill(boosted.base);
  for (const tree of boosted.trees) addToScores(tree, rows, scores);
  const calibrate = calibration ? buildCurve(calibration) : (p: number) => p;
  return scores.map((score) => calibrate(1 / (1 + Math.exp(-score))));
};

/**
 * One month's rate is weather, not skill: the curve keeps its shape but gives,
 * over all the flights known, as many late ones as there were.
 */
const anchorToYear = (
  calibration: Calibration,
  boosted: Boosted,
  of: Readonly<Record<Part, BoostRows>>,
): Calibration => {
  const known = [of.train, of.validation, of.calibration];
  const nRows = known.reduce((sum, rows) => sum + rows.nRows, 0);
  const rate = known.reduce((sum, rows) => sum + rateOf(rows.labels) * rows.nRows, 0) / nRows;
  const probabilities = new Float64Array(nRows);
  let at = 0;
  for (const rows of known) {
    probabilities.set(probabilitiesOf(boosted, rows), at);
    at += rows.nRows;
  }
  return anchor(calibration, probabilities, rate);
};

const baselineOf = (probabilities: Float64Array, labels: Uint8Array): Baseline => ({
  auc: auc(probabilities, labels),
  logLoss: logLoss(probabilities, labels),
});

/** The probability above which a flight is called delayed: the one that calls as many delayed as are. */
const thresholdOf = (probabilities: Float64Array, labels: Uint8Array): number => {
  const sorted = Float64Array.from(probabilities).sort();
  let late = 0;
  for (const label of labels) late += label;
  return sorted[Math.max(0, sorted.length - Math.max(1, late))]!;
};

const concat = (parts: readonly Int32Array[]): Int32Array => {
  const all = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

/** Real flights, and a few with a missing, unseen or extreme value in each input in turn. */
const awkwardRows = (inputs: readonly Input[], raw: Float64Array, nRows: number): Float64Array => {
  const n = Math.min(SELF_TEST_ROWS, nRows);
  const rows = new Float64Array(n * inputs.length);
  for (let i = 0; i < n; i++) {
    const from = Math.floor((i * nRows) / n) * inputs.length;
    rows.set(raw.subarray(from, from + inputs.length), i * inputs.length);
    if (i % 2 === 1) {
      const input = (i >> 1) % inputs.length;
      rows[i * inputs.length + input] =
        inputs[input]!.kind === 'number' && i % 4 === 3 ? 1e9 : Number.NaN;
    }
  }
  return rows;
};
