/**
 * The rows that trees are grown on: their bins, and what came of the flights.
 */
import type { Bins } from '../binning/binning.ts';

/** Rows as bins. */
export interface BinnedRows {
  readonly nRows: number;
  readonly bins: readonly Bins[];
  /** int32, shape (nFeatures + 1): where each feature's bins start in a histogram (see `binOffsets`). */
  readonly offsets: Int32Array;
  /** uint8, shape (nFeatures, nRows): the bins, feature by feature. */
  readonly data: Uint8Array;
}

/** Delay in minutes decides both targets: late or not, and how late. */
export interface BoostRows extends BinnedRows {
  readonly labels: Uint8Array;
  readonly minutes: Float32Array;
  /** int32, shape (nRows), rising: days since 1970-01-01, where parts follow each other in time. */
  readonly days?: Int32Array | undefined;
  /** float64, shape (nRows): what else moves a row's log-odds while trees are grown (see `day-effect`). */
  readonly effects?: Float64Array | undefined;
}

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
