/**
 * Columns: what the forests of a model test, feature by feature, and the bin of a value in each.
 *
 * A numeric column with edges e[0] < e[1] < ... has bins 0 .. nEdges (how many edges a value lies past),
 * a categorical one has a bin per code, and one for codes that no split names. The last bin is "missing".
 * A forest's `precision`, `comparison` and `zeroIsMissing` are part of the column: forests that differ
 * in them get columns of their own.
 */
import { type Forest, ZERO_LIMIT } from '../core/forest.ts';
import { findPredicates, type Predicates } from './predicates.ts';

export interface Column {
  readonly feature: number;
  readonly kind: 'numeric' | 'categorical';
  /** Ascending thresholds of a numeric column, empty for a categorical one. */
  readonly edges: Float64Array;
  /** Codes that some split may name: 0 .. nCodes - 1. */
  readonly nCodes: number;
  /** Category sets in the splits of all forests. */
  readonly nSets: number;
  /** Number of bins, with that of missing values, which is the last. */
  readonly nBins: number;
  readonly comparison: Forest['comparison'];
  readonly precision: Forest['precision'];
  readonly zeroIsMissing: boolean;
}

/** A forest whose predicates are places in columns. */
export interface BinnedForest {
  readonly forest: Forest;
  readonly predicates: Predicates;
  /** int32, shape (nPredicates): column of each predicate. */
  readonly columnOf: Int32Array;
  /**
   * int32, shape (nPredicates): place of the predicate's threshold among the column's edges (bins up to it go left),
   * or number of its category set among the column's.
   */
  readonly placeOf: Int32Array;
}

export interface BinnedForests {
  readonly columns: readonly Column[];
  readonly forests: readonly BinnedForest[];
}

/**
 * The columns of forests that score the same features.
 * @returns undefined when a forest tests one feature both for numbers and for categories
 */
export const buildColumns = (forests: readonly Forest[]): BinnedForests | undefined => {
  const drafts = new Map<string, Draft>();
  const binned = forests.map((forest): BinnedForest => {
    const predicates = findPredicates(forest);
    const nPredicates = predicates.firstNode.length;
    const columnOf = new Int32Array(nPredicates);
    const placeOf = new Int32Array(nPredicates);
    const own: Draft[] = [];
    predicates.firstNode.forEach((node, predicate) => {
      const draft = own[forest.feature[node]!] ?? draftAt(forest, node, drafts);
      own[forest.feature[node]!] = draft;
      if (draft.categorical !== forest.categoryStart[node]! >= 0) draft.isMixed = true;
      columnOf[predicate] = draft.index;
      if (draft.categorical) {
        draft.nCodes = Math.max(draft.nCodes, nCodesOf(forest, node));
        placeOf[predicate] = draft.nSets++;
      } else draft.places.set(forest.threshold[node]!, 0);
    });
    return { forest, predicates, columnOf, placeOf };
  });
  const all = [...drafts.values()];
  if (all.some(({ isMixed }) => isMixed)) return undefined;
  const columns = all.map(columnOfDraft);
  for (const { forest, predicates, columnOf, placeOf } of binned) {
    predicates.firstNode.forEach((node, predicate) => {
      const draft = all[columnOf[predicate]!]!;
      if (!draft.categorical) placeOf[predicate] = draft.places.get(forest.threshold[node]!)!;
    });
  }
  return { columns, forests: binned };
};

interface Draft {
  readonly index: number;
  readonly feature: number;
  readonly forest: Forest;
  readonly categorical: boolean;
  /** Place of each distinct threshold among them, once all are known. */
  readonly places: Map<number, number>;
  nCodes: number;
  nSets: number;
  isMixed: boolean;
}

/** The draft of the column that a node tests; forests that compare alike share it. */
const draftAt = (forest: Forest, node: number, drafts: Map<string, Draft>): Draft => {
  const feature = forest.feature[node]!;
  const categorical = forest.categoryStart[node]! >= 0;
  const key = `${feature} ${forest.comparison} ${forest.precision} ${forest.zeroIsMissing}`;
  const known = drafts.get(key);
  if (known) return known;
  const places = new Map<number, number>();
  const index = drafts.size;
  const none = { nCodes: 0, nSets: 0, isMixed: false };
  const draft: Draft = { index, feature, forest, categorical, places, ...none };
  drafts.set(key, draft);
  return draft;
};

/** One past the largest code in a node's set. */
const nCodesOf = (forest: Forest, node: number): number => {
  const start = forest.categoryStart[node]!;
  for (let word = forest.categoryWords[node]! - 1; word >= 0; word--) {
    const bits = forest.categories[start + word]!;
    if (bits !== 0) return word * 32 + 32 - Math.clz32(bits);
  }
  return 0;
};

/** The column of a draft, whose thresholds learn their places. */
const columnOfDraft = (draft: Draft): Column => {
  const { feature, forest, categorical, places, nCodes, nSets } = draft;
  const edges = Float64Array.from(places.keys()).sort();
  for (let place = 0; place < edges.length; place++) places.set(edges[place]!, place);
  return {
    feature,
    kind: categorical ? 'categorical' : 'numeric',
    edges,
    nCodes,
    nSets,
    nBins: (categorical ? nCodes + 1 : edges.length + 1) + 1,
    comparison: forest.comparison,
    precision: forest.precision,
    zeroIsMissing: forest.zeroIsMissing,
  };
};

/** The bin of a value, for numbers how many edges it lies past: the slow twin of the emitted search. */
export const binOf = (column: Column, value: number): number => binsOf(column, [value])[0]!;

/**
 * The bins of values, int32. Numbers may rise or fall: each starts its way along the edges where the last one ended.
 * @cost O(values + edges) for rising values
 */
export const binsOf = (column: Column, values: ArrayLike<number>): Int32Array => {
  const { kind, edges, nBins, nCodes, precision, comparison, zeroIsMissing } = column;
  const bins = new Int32Array(values.length);
  const isPast = (edge: number, number: number): boolean =>
    comparison === '<=' ? edge < number : edge <= number;
  let bin = 0;
  for (let i = 0; i < values.length; i++) {
    const number = precision === 'float32' ? Math.fround(values[i]!) : values[i]!;
    if (Number.isNaN(number) || (zeroIsMissing && Math.abs(number) <= ZERO_LIMIT))
      bins[i] = nBins - 1;
    else if (kind === 'categorical') {
      const code = Math.trunc(number);
      bins[i] = code >= 0 && code < nCodes ? code : nCodes;
    } else {
      while (bin < edges.length && isPast(edges[bin]!, number)) bin++;
      while (bin > 0 && !isPast(edges[bin - 1]!, number)) bin--;
      bins[i] = bin;
    }
  }
  return bins;
};
