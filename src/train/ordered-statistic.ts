/**
 * What each flight may know of a target statistic (see `features/target-statistics`): found when it is asked for, by
 * whichever thread, so that the numbers of one statistic at a time are held instead of those of all.
 */
import type { KeyCodes } from './key-codes.ts';

/** What each of the known rows may know of one kind, as plain data that a thread can be given: see `orderedNumbers`. */
export interface OrderedStatistic {
  /** The kind, its parent, the parent's parent, ... */
  readonly levels: readonly {
    readonly codes: KeyCodes['codes'];
    readonly nKeys: number;
    readonly strength: number;
  }[];
  /** int32, shared: where the rows of each day start, and where those of the last one end. */
  readonly dayStarts: Int32Array;
  /** uint8, shape (rows.length), shared: 1 where a known row was late. */
  readonly isLate: Uint8Array;
}

/**
 * float64, shape (rows.length): what each row may know, of strictly earlier days. NaN where nothing is.
 * @param numbers memory of the same length that may be written over
 */
export const orderedNumbers = (
  statistic: OrderedStatistic,
  numbers: Float64Array = new Float64Array(statistic.isLate.length),
): Float64Array => {
  walkDays(statistic, numbers);
  return numbers;
};

/** Goes through the days in their order; before each one, says what its rows may know. @returns what is known at the end */
export const walkDays = (
  { levels, dayStarts, isLate }: OrderedStatistic,
  numbers: Float64Array | null,
): { readonly known: (level: number, code: number) => number } => {
  const sums = levels.map(({ nKeys }) => new Float64Array(nKeys));
  const counts = levels.map(({ nKeys }) => new Float64Array(nKeys));
  const parentCodes = levels.map(({ nKeys }) => new Int32Array(nKeys).fill(-1));
  /** What is known of a code now. */
  const known = (level: number, code: number): number => {
    const count = code < 0 ? 0 : counts[level]![code]!;
    if (count === 0) return Number.NaN;
    const isTop = level + 1 === levels.length;
    const above = isTop ? 0 : known(level + 1, parentCodes[level]![code]!);
    const { strength } = levels[level]!;
    return (
      (sums[level]![code]! + strength * (Number.isNaN(above) ? 0 : above)) / (count + strength)
    );
  };
  const own = levels[0]!.codes;
  for (let day = 0; day + 1 < dayStarts.length; day++) {
    const [begin, end] = [dayStarts[day]!, dayStarts[day + 1]!];
    let late = 0;
    for (let i = begin; i < end; i++) late += isLate[i]!;
    const rate = late / (end - begin);
    if (numbers) for (let i = begin; i < end; i++) numbers[i] = known(0, own[i]!);
    levels.forEach(({ codes }, level) => {
      const above = levels[level + 1]?.codes;
      const [ofSums, ofCounts, ofParents] = [sums[level]!, counts[level]!, parentCodes[level]!];
      for (let i = begin; i < end; i++) {
        const code = codes[i]!;
        if (code < 0) continue;
        ofSums[code]! += isLate[i]! - rate;
        ofCounts[code]! += 1;
        if (above) ofParents[code] = above[i]!;
      }
    });
  }
  return { known };
};
