/**
 * What boosting asks of whoever grows its trees: the plain version here, the fast one in `engine`.
 * Both give the same trees, bit for bit.
 */
import {
  type BinnedRows,
  buildGrower,
  type GrownTree,
  type GrowSettings,
} from './reference-grower.ts';
import { logisticGradientsInto, type Loss, packQuantile, quantaOf } from './loss.ts';

/** Delay in minutes decides both targets: late or not, and how late. */
export interface BoostRows extends BinnedRows {
  readonly labels: Uint8Array;
  readonly minutes: Float32Array;
  /** int32, shape (nRows), rising: days since 1970-01-01, where parts follow each other in time. */
  readonly days?: Int32Array | undefined;
  /** float64, shape (nRows): what else moves a row's log-odds while trees are grown (see `day-effect`). */
  readonly effects?: Float64Array | undefined;
}

export interface Learner {
  /** float64, shape (nRows): raw scores so far. */
  readonly scores: Float64Array;
  /** int32, shape (nRows): rows in the order of the last tree's leaves. */
  readonly rows: Int32Array;
  /** Grows a tree on the gradients of the scores so far. @param allowed features it may ask, null for all */
  readonly grow: (allowed: Uint8Array | null) => GrownTree;
  /** Adds the tree's leaf values to the scores and renews the gradients for the next round. */
  readonly advance: (grown: GrownTree, nextRound: number) => void;
  /** Ends the work on these rows. */
  readonly finish: () => void;
}

export interface LearnerSettings extends GrowSettings {
  readonly rowShare: number;
}

export type BuildLearner = (
  rows: BoostRows,
  loss: Loss,
  base: number,
  settings: LearnerSettings,
) => Promise<Learner>;

/** Some of the rows, in the order given. */
export const pickRows = (rows: BoostRows, kept: ArrayLike<number>): BoostRows => {
  const nFeatures = rows.bins.length;
  const data = new Uint8Array(kept.length * nFeatures);
  for (let f = 0; f < nFeatures; f++) {
    const column = rows.data.subarray(f * rows.nRows, (f + 1) * rows.nRows);
    for (let i = 0; i < kept.length; i++) data[f * kept.length + i] = column[kept[i]!]!;
  }
  const picked = {
    labels: new Uint8Array(kept.length),
    minutes: new Float32Array(kept.length),
    days: rows.days && new Int32Array(kept.length),
    effects: rows.effects && new Float64Array(kept.length),
  };
  for (let i = 0; i < kept.length; i++) {
    const row = kept[i]!;
    picked.labels[i] = rows.labels[row]!;
    picked.minutes[i] = rows.minutes[row]!;
    if (picked.days) picked.days[i] = rows.days![row]!;
    if (picked.effects) picked.effects[i] = rows.effects![row]!;
  }
  return { ...rows, ...picked, nRows: kept.length, data };
};

/** Parts of one table, one after the other; what else moves their rows is left to the caller. */
export const joinRows = (parts: readonly BoostRows[]): BoostRows => {
  const nRows = parts.reduce((sum, part) => sum + part.nRows, 0);
  const nFeatures = parts[0]!.bins.length;
  const data = new Uint8Array(nRows * nFeatures);
  const labels = new Uint8Array(nRows);
  const minutes = new Float32Array(nRows);
  const days = parts.every((part) => part.days) ? new Int32Array(nRows) : undefined;
  let at = 0;
  for (const part of parts) {
    for (let f = 0; f < nFeatures; f++)
      data.set(part.data.subarray(f * part.nRows, (f + 1) * part.nRows), f * nRows + at);
    labels.set(part.labels, at);
    minutes.set(part.minutes, at);
    days?.set(part.days!, at);
    at += part.nRows;
  }
  return { ...parts[0]!, nRows, data, labels, minutes, days, effects: undefined };
};

/** Scores before the first tree. */
export const startScores = (data: BoostRows, loss: Loss, base: number): Float64Array => {
  const scores = new Float64Array(data.nRows);
  startScoresInto(scores, data, loss, base);
  return scores;
};

export const startScoresInto = (
  scores: Float64Array,
  { effects }: BoostRows,
  loss: Loss,
  base: number,
): void => {
  if (loss.kind === 'quantile' || !effects) scores.fill(base);
  else for (let row = 0; row < scores.length; row++) scores[row] = base + effects[row]!;
};

/** One thread, no emitted code: the definition. */
export const buildPlainLearner: BuildLearner = async (data, loss, base, settings) => {
  const { nRows } = data;
  const quanta = quantaOf(loss, nRows);
  const scales = { g: 1 / quanta.gScale, h: 1 / quanta.hScale };
  const grower = buildGrower(data, settings);
  const scores = startScores(data, loss, base);
  const gradients = new Int32Array(nRows);
  const rows = new Int32Array(nRows);
  const renew = (round: number): void => {
    if (loss.kind === 'logistic')
      logisticGradientsInto(scores, data.labels, round, settings.rowShare, quanta, gradients);
    else {
      for (let row = 0; row < nRows; row++)
        gradients[row] = packQuantile(
          scores[row]!,
          data.minutes[row]!,
          loss.level,
          row,
          round,
          settings.rowShare,
          quanta.gScale,
        );
    }
  };
  renew(0);
  return {
    scores,
    rows,
    grow: (allowed) => {
      for (let row = 0; row < nRows; row++) rows[row] = row;
      return grower.grow(gradients, scales, rows, nRows, allowed);
    },
    advance: ({ tree, ranges }, nextRound) => {
      for (const { node, begin, end } of ranges) {
        const value = tree.value[node]!;
        for (let i = begin; i < end; i++) scores[rows[i]!]! += value;
      }
      renew(nextRound);
    },
    finish: () => {},
  };
};
