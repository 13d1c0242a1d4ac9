/**
 * From numbers to bins of one byte: quantile bins for quantities, one bin per frequent code for categories.
 * Trees are grown on bins only (see `growing/learner`).
 *
 *   bin 0 is "missing"; a quantity has bins 1 .. n, bin b holding (edges[b-2], edges[b-1]];
 *   a category has bin 1 for every code too rare (or too late) for a bin of its own, then one bin per code.
 */

export type Bins =
  | {
      readonly kind: 'quantity';
      readonly nBins: number;
      /** float64, shape (nBins - 1), ascending: upper edge of bin 1, 2, ...; the last is Infinity. */
      readonly edges: Float64Array;
    }
  | {
      readonly kind: 'category';
      readonly nBins: number;
      /** int32, shape (nBins): code of each bin, -1 for bins 0 and 1. */
      readonly codes: Int32Array;
      /** uint8, shape (largest known code + 1): bin of each code. */
      readonly binOfCode: Uint8Array;
    };

export const MAX_BINS = 256;
const SAMPLE_ROWS = 200_000;

/** Every value if there are few enough, else evenly spaced ones, NaN left out. */
const sampleOf = (values: Float64Array, nRows: number): Float64Array => {
  const step = Math.max(1, nRows / SAMPLE_ROWS);
  const nSampled = Math.floor(nRows / step);
  const sample = new Float64Array(nSampled);
  let n = 0;
  for (let i = 0; i < nSampled; i++) {
    const value = values[Math.floor(i * step)]!;
    if (!Number.isNaN(value)) sample[n++] = value;
  }
  return sample.subarray(0, n);
};

/** Distinct values, ascending, and how often each came. */
interface Distinct {
  readonly values: readonly number[];
  readonly counts: readonly number[];
}

/** Whole numbers up to this are counted, not sorted: minutes, hours, miles, codes. */
const MAX_COUNTED = 65_535;

const distinctOf = (sample: Float64Array): Distinct => {
  const counts = new Uint32Array(MAX_COUNTED + 1);
  // By place: an iterator takes several times as long as the counting while this is not yet compiled.
  for (let i = 0; i < sample.length; i++) {
    const value = sample[i]!;
    const whole = value | 0;
    if (whole !== value || whole < 0 || whole > MAX_COUNTED) return sortedOf(sample);
    counts[whole]!++;
  }
  const values: number[] = [];
  for (let whole = 0; whole <= MAX_COUNTED; whole++) if (counts[whole]! > 0) values.push(whole);
  return { values, counts: values.map((whole) => counts[whole]!) };
};

const sortedOf = (sample: Float64Array): Distinct => {
  const sorted = sample.slice().sort();
  const values: number[] = [];
  const counts: number[] = [];
  for (let begin = 0; begin < sorted.length; ) {
    const value = sorted[begin]!;
    let end = begin + 1;
    while (end < sorted.length && sorted[end] === value) end++;
    values.push(value);
    counts.push(end - begin);
    begin = end;
  }
  return { values, counts };
};

/**
 * Bins of a quantity: one per distinct value where they are few, else of about equal counts,
 * none below `minRowsPerBin` rows of the sample. An edge lies midway between two neighbouring values.
 * @cost O(s log s) of at most 200,000 sampled rows
 */
export const buildQuantityBins = (
  values: Float64Array,
  nRows: number,
  maxBins = MAX_BINS,
  minRowsPerBin = 3,
): Bins => {
  const sample = sampleOf(values, nRows);
  const { values: distinct, counts } = distinctOf(sample);
  const nWanted = Math.max(1, maxBins - 1);
  const edges: number[] = [];
  let rest = sample.length;
  let inBin = 0;
  let wanted = rest / nWanted;
  for (let i = 0; i + 1 < distinct.length; i++) {
    const count = counts[i]!;
    inBin += count;
    rest -= count;
    const next = counts[i + 1]!;
    const isFull = distinct.length <= nWanted || inBin >= wanted || inBin + next / 2 > wanted;
    if (isFull && inBin >= minRowsPerBin && edges.length + 1 < nWanted) {
      edges.push(between(distinct[i]!, distinct[i + 1]!));
      inBin = 0;
      wanted = rest / (nWanted - edges.length);
    }
  }
  edges.push(Number.POSITIVE_INFINITY);
  return { kind: 'quantity', nBins: edges.length + 1, edges: Float64Array.from(edges) };
};

/** A number that separates two neighbours: low <= edge < high. */
const between = (low: number, high: number): number => {
  const middle = low + (high - low) / 2;
  return middle < high && Number.isFinite(middle) ? middle : low;
};

/**
 * Bins of a category: the most frequent codes (ties: the lower code) get their own.
 * @param minRowsPerBin a code seen less often shares bin 1
 */
export const buildCategoryBins = (
  values: Float64Array,
  nRows: number,
  maxBins = MAX_BINS,
  minRowsPerBin = 1,
): Bins => {
  const counts = countCodes(values, nRows);
  const nCodes = counts.length;
  const kept = Array.from(counts.keys())
    .filter((code) => counts[code]! >= minRowsPerBin)
    .sort((a, b) => counts[b]! - counts[a]! || a - b)
    .slice(0, maxBins - 2)
    .sort((a, b) => a - b);
  const binOfCode = new Uint8Array(nCodes).fill(1);
  const codes = Int32Array.from([-1, -1, ...kept]);
  for (let bin = 2; bin < codes.length; bin++) binOfCode[codes[bin]!] = bin;
  return { kind: 'category', nBins: codes.length, codes, binOfCode };
};

/** How often each code came, up to the largest that did; the room grows on the way, so that rows are read once. */
const countCodes = (values: Float64Array, nRows: number): Float64Array => {
  let counts = new Float64Array(FIRST_CODES);
  let nCodes = 0;
  for (let row = 0; row < nRows; row++) {
    const code = values[row]!;
    if (!(code >= 0)) continue;
    if (code >= nCodes) {
      nCodes = code + 1;
      if (nCodes > counts.length) {
        const wider = new Float64Array(2 * nCodes);
        wider.set(counts);
        counts = wider;
      }
    }
    counts[code]!++;
  }
  return counts.subarray(0, nCodes);
};

const FIRST_CODES = 256;

/** Fills `into[row]` with the bin of `values[row]`. */
export const binInto = (bins: Bins, values: Float64Array, into: Uint8Array): void => {
  const nRows = into.length;
  if (bins.kind === 'category') {
    const { binOfCode } = bins;
    for (let row = 0; row < nRows; row++) {
      const code = values[row]!;
      into[row] = code >= 0 ? (binOfCode[code] ?? 1) : 0;
    }
    return;
  }
  const { edges } = bins;
  const start = jumpTable(edges);
  const wholes = wholesTable(edges, start);
  for (let row = 0; row < nRows; row++) {
    const value = values[row]!;
    const whole = value | 0;
    if (whole === value && whole >= 0 && whole < wholes.length) into[row] = wholes[whole]!;
    else into[row] = Number.isNaN(value) ? 0 : binOf(edges, start, value);
  }
};

/** uint8: the bin of each whole number from 0 to just past the last edge, if they are few. */
const wholesTable = (edges: Float64Array, start: JumpTable): Uint8Array => {
  const nWholes = edges.length > 1 ? Math.ceil(edges.at(-2)!) + 1 : 0;
  const table = new Uint8Array(nWholes > 0 && nWholes <= MAX_COUNTED ? nWholes : 0);
  for (let whole = 0; whole < table.length; whole++) table[whole] = binOf(edges, start, whole);
  return table;
};

/** Where to start looking for a value: spares most of the binary search. */
interface JumpTable {
  readonly low: number;
  readonly perUnit: number;
  readonly first: Uint8Array;
}

const CELLS = 2048;

const jumpTable = (edges: Float64Array): JumpTable => {
  const nInner = edges.length - 1;
  const low = nInner > 0 ? edges[0]! : 0;
  const high = nInner > 0 ? edges[nInner - 1]! : 1;
  const perUnit = high > low && Number.isFinite(high - low) ? CELLS / (high - low) : 0;
  const first = new Uint8Array(CELLS + 1);
  for (let e = 0; e < nInner && perUnit > 0; e++) {
    const cell = Math.min(CELLS, Math.max(0, Math.floor((edges[e]! - low) * perUnit)));
    for (let c = cell + 1; c <= CELLS; c++) first[c] = e + 1;
  }
  return { low, perUnit, first };
};

const binOf = (edges: Float64Array, table: JumpTable, value: number): number => {
  const place = (value - table.low) * table.perUnit;
  let edge = place >= CELLS ? table.first[CELLS]! : place > 0 ? table.first[Math.floor(place)]! : 0;
  while (value > edges[edge]!) edge++;
  while (edge > 0 && value <= edges[edge - 1]!) edge--;
  return edge + 1;
};
