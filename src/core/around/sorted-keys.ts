/**
 * Numbers with moments or hours of their own, as one sorted list of keys: `number * width + moment`. Who asks goes on in
 * time, so a place is looked for near the one that was found last, in steps that double.
 */

/**
 * Keys in a list that is sorted when it is first asked for, once it is whole; each holds a number, `width` times.
 * @cost 8 bytes each
 */
export const startKeys = (width: number) => {
  let keys = new Float64Array(1024);
  let n = 0;
  let sorted: Float64Array | undefined;
  let starts: Int32Array | undefined;
  /** Of each number, the place that was found last: who asks goes on in time. */
  let found: Int32Array | undefined;
  /** Where a number's keys are; one for all that ask: one for each of them would be memory until it is collected. */
  const own = { begin: 0, end: 0 };
  const sortedKeys = (): Float64Array => (sorted ??= keys.subarray(0, n).sort());
  return {
    bytes: () => keys.byteLength,
    /** The list with room for so many more, to be written from `length` on. */
    roomFor: (nMore: number): Float64Array => {
      if (n + nMore > keys.length) {
        const wider = new Float64Array(Math.ceil(Math.max(1.5 * n, n + nMore)));
        wider.set(keys.subarray(0, n));
        keys = wider;
      }
      return keys;
    },
    length: () => n,
    setLength: (length: number): void => {
      n = length;
    },
    sorted: sortedKeys,
    /** Place of the first key that is not below one of a number: looked for among that number's only. */
    placeOf: (number: number, key: number): number => {
      starts ??= startsOf(sortedKeys(), width);
      found ??= starts.slice();
      if (number + 1 >= starts.length) return n;
      own.begin = starts[number]!;
      own.end = starts[number + 1]!;
      const place = firstNotBelowNear(sortedKeys(), key, found[number]!, own);
      found[number] = place;
      return place;
    },
  };
};

/** int32: where the keys of each number start, and where the last one's end. */
const startsOf = (sorted: Float64Array, width: number): Int32Array => {
  const nNumbers = sorted.length === 0 ? 0 : Math.floor(sorted.at(-1)! / width) + 1;
  const starts = new Int32Array(nNumbers + 1);
  for (let i = 0; i < sorted.length; i++) starts[Math.floor(sorted[i]! / width) + 1]!++;
  for (let number = 0; number < nNumbers; number++) starts[number + 1]! += starts[number]!;
  return starts;
};

/** Place of the first key that is not below a value, looked for further and further from a place. */
const firstNotBelowNear = (
  sorted: Float64Array,
  value: number,
  near: number,
  { begin, end }: { readonly begin: number; readonly end: number },
): number => {
  let low = near;
  let high = near;
  // The first that is not below lies at `low` or after it, and at `high` or before it.
  for (let step = 1; low > begin && sorted[low - 1]! >= value; step *= 2) {
    high = low - 1;
    low = Math.max(begin, low - step);
  }
  for (let step = 1; high < end && sorted[high]! < value; step *= 2) {
    low = high + 1;
    high = Math.min(end, high + step);
  }
  return firstNotBelow(sorted, value, low, high);
};

const firstNotBelow = (sorted: Float64Array, value: number, begin: number, end: number): number => {
  let low = begin;
  let high = end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
};
