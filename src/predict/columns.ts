/**
 * Columns: what the forests of a model ask, feature by feature, and the bin of a value in each.
 * Stands between the forests and the kernels, which know bins only.
 *
 * A numeric column with edges e[0] < e[1] < ... has bins 0 .. nEdges (how many edges a value lies past),
 * a categorical one has a bin per code, and one for codes that no split names. The last bin is "missing".
 * A forest's `precision`, `comparison` and `zeroIsMissing` are part of the column: forests that differ
 * in them get columns of their own.
 */
import type { Forest } from '../core/forest.ts';

export interface Column {
  readonly feature: number;
  readonly kind: 'numeric' | 'categorical';
  /** Ascending thresholds of a numeric column, empty for a categorical one. */
  readonly edges: Float64Array;
  /** Codes that some split may name: 0 .. nCodes - 1. */
  readonly nCodes: number;
  /** Number of bins, with that of missing values, which is the last. */
  readonly nBins: number;
  readonly comparison: Forest['comparison'];
  readonly precision: Forest['precision'];
  readonly zeroIsMissing: boolean;
}

export interface Columns {
  readonly columns: readonly Column[];
  /** Per forest: int32, shape (nFeatures): column of each feature, -1 where the forest does not ask it. */
  readonly ofForest: readonly Int32Array[];
}

/**
 * The columns of forests that score the same features.
 * @returns undefined when a forest asks one feature both for numbers and for categories
 */
export const buildColumns = (forests: readonly Forest[]): Columns | undefined => {
  const drafts = new Map<string, Draft>();
  const ofForest: Int32Array[] = [];
  for (const forest of forests) {
    const own = new Int32Array(forest.nFeatures).fill(-1);
    const draftOf: (Draft | undefined)[] = new Array(forest.nFeatures);
    for (let node = 0; node < forest.feature.length; node++) {
      const feature = forest.feature[node]!;
      if (feature < 0) continue;
      let draft = draftOf[feature];
      const categorical = forest.categoryStart[node]! >= 0;
      if (!draft) {
        const key = `${feature} ${forest.comparison} ${forest.precision} ${forest.zeroIsMissing}`;
        draft = drafts.get(key) ?? {
          index: drafts.size,
          feature,
          forest,
          categorical,
          edges: [],
          nCodes: 0,
        };
        drafts.set(key, draft);
        draftOf[feature] = draft;
        own[feature] = draft.index;
      }
      if (draft.categorical !== categorical) return undefined;
      if (categorical) draft.nCodes = Math.max(draft.nCodes, nCodesOf(forest, node));
      else draft.edges.push(forest.threshold[node]!);
    }
    ofForest.push(own);
  }
  return { columns: [...drafts.values()].map(columnOf), ofForest };
};

/** One past the highest code in a node's set. */
const nCodesOf = (forest: Forest, node: number): number => {
  const start = forest.categoryStart[node]!;
  for (let word = forest.categoryWords[node]! - 1; word >= 0; word--) {
    const bits = forest.categories[start + word]!;
    if (bits !== 0) return word * 32 + 32 - Math.clz32(bits);
  }
  return 0;
};

interface Draft {
  readonly index: number;
  readonly feature: number;
  readonly forest: Forest;
  readonly categorical: boolean;
  readonly edges: number[];
  nCodes: number;
}

const columnOf = ({ feature, forest, categorical, edges, nCodes }: Draft): Column => {
  const sorted = Float64Array.from(edges, (edge) => edge + 0).sort();
  let nEdges = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[nEdges++] = sorted[i]!;
  }
  return {
    feature,
    kind: categorical ? 'categorical' : 'numeric',
    edges: sorted.slice(0, nEdges),
    nCodes,
    nBins: (categorical ? nCodes + 1 : nEdges + 1) + 1,
    comparison: forest.comparison,
    precision: forest.precision,
    zeroIsMissing: forest.zeroIsMissing,
  };
};

/** The bin that a threshold closes: values in bins up to it go left. */
export const binOfEdge = (column: Column, threshold: number): number => {
  let low = 0;
  let high = column.edges.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (column.edges[middle]! < threshold) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** Whether every value of a bin goes right at a node that asks this column. */
export const goesRight = (forest: Forest, node: number, column: Column, bin: number): boolean => {
  if (bin === column.nBins - 1) return forest.missingLeft[node] === 0;
  if (column.kind === 'numeric') return bin > binOfEdge(column, forest.threshold[node]!);
  const words = forest.categoryWords[node]!;
  if (bin >= words * 32) return true;
  const word = forest.categories[forest.categoryStart[node]! + (bin >>> 5)]!;
  return ((word >>> (bin & 31)) & 1) === 0;
};

const ZERO = Math.fround(1e-35);

/** The bin of a value: the slow twin of the emitted search. */
export const binOf = (column: Column, value: number): number => {
  const number = column.precision === 'float32' ? Math.fround(value) : value;
  if (Number.isNaN(number) || (column.zeroIsMissing && Math.abs(number) <= ZERO))
    return column.nBins - 1;
  if (column.kind === 'categorical') {
    const code = Math.trunc(number);
    return code >= 0 && code < column.nCodes ? code : column.nCodes;
  }
  let bin = 0;
  for (const edge of column.edges) {
    if (column.comparison === '<=' ? edge < number : edge <= number) bin++;
  }
  return bin;
};
