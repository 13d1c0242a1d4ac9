/**
 * Distributions of inputs over bins, and how far one has moved from another. A category has a bin per known value, a
 * number as many as its edges cut, a time those of its minute of the day; the last bin of each is "missing".
 *
 * Movement is the population stability index over the shares p of a bin before and q now:
 *
 *   PSI = sum over bins of (q - p) ln(q / p)
 *
 * Two samples of n and N flights from one distribution differ too: over B bins by (B - 1) (1/n + 1/N) on average. That
 * much is taken off, and bins so rare that n flights would hardly fall in them are pooled with their neighbours first,
 * so that what is left says that the inputs have moved, not that a sample is small.
 * @source Yurdakul, Statistical Properties of Population Stability Index (2018): the index of like samples is a scaled chi-squared
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

/** Fewer values of an input say nothing of drift. */
export const MIN_SEEN = 200;

/** A bin is pooled with the next ones until so many flights are expected in them. */
const MIN_EXPECTED = 20;

interface Bins {
  readonly before: readonly number[];
  readonly now: readonly number[];
}

/** Shares of the bins, the rare ones pooled in their order; "missing", the last, stays by itself. */
const pooled = (before: ArrayLike<number>, counts: Float64Array, seen: number): Bins => {
  const minShare = MIN_EXPECTED / seen;
  const last = before.length - 1;
  const [was, is]: [number[], number[]] = [[], []];
  let [p, q] = [0, 0];
  for (let bin = 0; bin < last; bin++) {
    p += before[bin]!;
    q += counts[bin]! / seen;
    if (p < minShare) continue;
    was.push(p);
    is.push(q);
    [p, q] = [0, 0];
  }
  if (was.length === 0 || last === 0) {
    was.push(p);
    is.push(q);
  } else {
    was[was.length - 1]! += p;
    is[is.length - 1]! += q;
  }
  was.push(before[last]!);
  is.push(counts[last]! / seen);
  return { before: was, now: is };
};

/** Population stability index of shares that were `before` and are `now`, bin by bin. */
const stabilityIndex = (before: readonly number[], now: readonly number[]): number => {
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
  /** The index, less what samples of these sizes differ by on average; never below 0. */
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
  shares: readonly {
    readonly input: string;
    readonly shares: ArrayLike<number>;
    readonly rows?: number | undefined;
  }[],
  counts: Float64Array,
  minSeen = 1,
): readonly InputDrift[] => {
  let at = 0;
  const drifts: InputDrift[] = [];
  for (const { input, shares: before, rows = Number.POSITIVE_INFINITY } of shares) {
    const own = counts.subarray(at, at + before.length);
    at += before.length;
    const seen = own.reduce((sum, count) => sum + count, 0);
    if (seen < minSeen) continue;
    const bins = pooled(before, own, seen);
    const nUsed = bins.before.filter((p, bin) => p > 0 || bins.now[bin]! > 0).length;
    const byChance = (nUsed - 1) * (1 / seen + 1 / rows);
    const psi = Math.max(0, stabilityIndex(bins.before, bins.now) - byChance);
    drifts.push({ input, psi, level: levelOf(psi), seen });
  }
  return drifts;
};
