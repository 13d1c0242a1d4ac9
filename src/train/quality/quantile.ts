/**
 * A quantile without sorting: where quantities are cut for drift, and what a quantile is compared with.
 */

/** Quantile of numbers that it reorders, 0 when there are none. @cost O(n) expected (Hoare's selection) */
export const sampleQuantile = (numbers: Float64Array, level: number): number => {
  const n = numbers.length;
  if (n === 0) return 0;
  const place = level * (n - 1);
  const low = Math.floor(place);
  const a = select(numbers, low);
  if (low === place) return a;
  let b = Number.POSITIVE_INFINITY;
  for (let i = low + 1; i < n; i++) if (numbers[i]! < b) b = numbers[i]!;
  return a + (b - a) * (place - low);
};

/** Whole numbers up to this are counted: minutes, miles, codes. */
const MAX_COUNTED = 65_535;

/**
 * `sampleQuantile` of numbers of which many quantiles are asked; null where they are not all small whole numbers.
 * @cost O(n) once, then O(65,536) each
 */
export const countedQuantiles = (numbers: Float64Array): ((level: number) => number) | null => {
  const counts = new Uint32Array(MAX_COUNTED + 1);
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i]!;
    const whole = number | 0;
    if (whole !== number || whole < 0 || whole > MAX_COUNTED) return null;
    counts[whole]!++;
  }
  return (level) => {
    if (numbers.length === 0) return 0;
    const place = level * (numbers.length - 1);
    const low = Math.floor(place);
    let nBelow = counts[0]!;
    let a = 0;
    while (nBelow <= low) nBelow += counts[++a]!;
    if (low === place) return a;
    let b = a;
    while (nBelow <= low + 1) nBelow += counts[++b]!;
    return a + (b - a) * (place - low);
  };
};

/** The k-th smallest number; all smaller ones lie before it afterwards. */
const select = (numbers: Float64Array, k: number): number => {
  let first = 0;
  let last = numbers.length - 1;
  while (first < last) {
    const pivot = numbers[(first + last) >> 1]!;
    let i = first;
    let j = last;
    while (i <= j) {
      while (numbers[i]! < pivot) i++;
      while (numbers[j]! > pivot) j--;
      if (i <= j) {
        const kept = numbers[i]!;
        numbers[i++] = numbers[j]!;
        numbers[j--] = kept;
      }
    }
    if (k <= j) last = j;
    else if (k >= i) first = i;
    else break;
  }
  return numbers[k]!;
};
