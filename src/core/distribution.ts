/**
 * Distributions of inputs over bins, and how far one has moved from another. A category has a bin per known value, a
 * number as many as its edges cut, a time those of its minute of the day; the last bin of each is "missing".
 *
 * Movement is the population stability index over the shares p of a bin before and q now:
 *
 *   PSI = sum over bins of (q - p) ln(q / p)
 */
import { minuteOfDay } from './calendar.ts';
import type { Input } from './inputs.ts';
import type { InputShare } from './model.ts';

/** Counts `nRows` flights (float64, shape (nRows, nInputs), row-major) into their bins. */
type BinCounter = (raw: Float64Array, nRows: number) => void;

/**
 * @param cells float64, shape (sum of shares[i].shares.length): the bins of all inputs, one after the other
 * @cost one addition and a search among ten edges per input
 */
export const buildBinCounter = (
  inputs: readonly Input[],
  shares: readonly InputShare[],
  cells: Float64Array,
): BinCounter => {
  let first = 0;
  const columns = shares.flatMap(({ input, edges, shares: bins }) => {
    const place = inputs.findIndex(({ name }) => name === input);
    const at = first;
    first += bins.length;
    const kind = inputs[place]?.kind;
    return kind === undefined ? [] : [{ place, edges, at, missing: bins.length - 1, kind }];
  });
  const nInputs = inputs.length;
  return (raw, nRows) => {
    for (const { place, edges, at, missing, kind } of columns) {
      for (let row = 0; row < nRows; row++) {
        const value = raw[row * nInputs + place]!;
        let bin = missing;
        if (kind === 'category') {
          if (!Number.isNaN(value)) bin = value;
        } else if (!Number.isNaN(value)) {
          const number = kind === 'time' ? minuteOfDay(value) : value;
          bin = 0;
          while (bin < edges.length && number > edges[bin]!) bin++;
        }
        cells[at + bin]! += 1;
      }
    }
  };
};

/** An empty bin counts as this share, else one of them would make the sum infinite. */
const MIN_SHARE = 1e-4;

/** Population stability index of shares that were `before` and are `now`, bin by bin. */
const stabilityIndex = (before: ArrayLike<number>, now: ArrayLike<number>): number => {
  let sum = 0;
  for (let bin = 0; bin < before.length; bin++) {
    const p = Math.max(MIN_SHARE, before[bin]!);
    const q = Math.max(MIN_SHARE, now[bin]!);
    sum += (q - p) * Math.log(q / p);
  }
  return sum;
};

/** The smallest index of each word for movement; below them there is none. @source Siddiqi, Credit Risk Scorecards (2006) */
export const MIN_PSI = { moderate: 0.1, strong: 0.25 } as const;

type DriftLevel = 'none' | keyof typeof MIN_PSI;

const levelOf = (psi: number): DriftLevel =>
  psi >= MIN_PSI.strong ? 'strong' : psi >= MIN_PSI.moderate ? 'moderate' : 'none';

export interface InputDrift {
  readonly input: string;
  readonly psi: number;
  readonly level: DriftLevel;
  /** Values that the figure rests on. */
  readonly seen: number;
}

/**
 * Drift of each input that was seen at least `minSeen` times.
 * @param shares of the training flights
 * @param counts of the flights compared with them: the cells of `buildBinCounter`
 */
export const driftOf = (
  shares: readonly { readonly input: string; readonly shares: ArrayLike<number> }[],
  counts: Float64Array,
  minSeen = 1,
): readonly InputDrift[] => {
  let at = 0;
  const drifts: InputDrift[] = [];
  for (const { input, shares: before } of shares) {
    const own = counts.subarray(at, at + before.length);
    at += before.length;
    const seen = own.reduce((sum, count) => sum + count, 0);
    if (seen < minSeen) continue;
    const psi = stabilityIndex(
      before,
      own.map((count) => count / seen),
    );
    drifts.push({ input, psi, level: levelOf(psi), seen });
  }
  return drifts;
};
