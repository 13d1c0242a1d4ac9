/**
 * The emitted search: from features to bins, without a branch that depends on a value.
 *
 * Edges are padded to 2^k - 1 with NaN, past which nothing lies, so k unrolled halvings find any bin.
 */
import { ZERO_LIMIT } from '../../core/forest.ts';
import {
  advance,
  type Code,
  f64,
  i32,
  type Local,
  repeatWhile,
  select,
} from '../../wasm/instructions.ts';
import { defineFunc, type Func } from '../../wasm/module.ts';
import type { Column } from '../columns.ts';
import type { MemoryLayout } from './memory-layout.ts';

/** Searches that go on at once: each waits for its loads, so together they cost little more than one. */
const LANES = 8;

/**
 * A function `(nRows)` from features at `featuresAt` (float64, nRows x nFeatures)
 * to bins at `binsAt` (int32, nRows x columns).
 */
export const emitBinning = (
  columns: readonly Column[],
  layout: MemoryLayout,
  places: { readonly featuresAt: number; readonly nFeatures: number; readonly binsAt: number },
): Func => {
  const groups = groupsOf(columns, layout);
  return defineFunc({
    params: ['i32'],
    body: ([rows], local) => {
      const [features, bins] = [local('i32'), local('i32')];
      const offsets = Array.from({ length: LANES }, () => local('i32'));
      const values = Array.from({ length: LANES }, () => local('f64'));
      const lanes = offsets.map((offset, l): Lane => ({ offset, value: values[l]! }));
      return [
        features.set(i32.const(places.featuresAt)),
        bins.set(i32.const(places.binsAt)),
        repeatWhile([
          groups.map((group) => emitGroup(group, { features, bins, lanes })),
          advance(features, places.nFeatures * 8),
          advance(bins, columns.length * 4),
          rows.tee(i32.sub(rows.get, i32.const(1))),
        ]),
      ];
    },
  });
};

/** The variables of one search: its value, and the bytes from the first edge to where it has come. */
interface Lane {
  readonly value: Local;
  readonly offset: Local;
}

interface ColumnSearch {
  readonly column: Column;
  /** Position among the columns. */
  readonly c: number;
  readonly edgesAt: number;
}

/** Searches in groups of equal work, so that no lane waits for a longer one. */
const groupsOf = (
  columns: readonly Column[],
  layout: MemoryLayout,
): readonly (readonly ColumnSearch[])[] => {
  const searches = columns
    .map((column, c) => ({ column, c }))
    .sort((x, y) => y.column.edges.length - x.column.edges.length || x.c - y.c)
    .map(({ column, c }): ColumnSearch => ({ column, c, edgesAt: takeEdges(column, layout) }));
  return Array.from({ length: Math.ceil(searches.length / LANES) }, (_, g) =>
    searches.slice(g * LANES, (g + 1) * LANES),
  );
};

const takeEdges = (column: Column, layout: MemoryLayout): number => {
  const nPadded = 2 ** halvingsOf(column);
  return layout.take(nPadded * 8, (memory, at) => {
    const padded = new Float64Array(memory, at, nPadded).fill(Number.NaN);
    padded.set(column.edges);
  });
};

const halvingsOf = ({ edges }: Column): number => 32 - Math.clz32(edges.length);

const emitGroup = (
  group: readonly ColumnSearch[],
  {
    features,
    bins,
    lanes,
  }: { readonly features: Local; readonly bins: Local; readonly lanes: readonly Lane[] },
): Code => {
  const nHalvings = Math.max(...group.map(({ column }) => halvingsOf(column)));
  const each = (emit: (search: ColumnSearch, lane: Lane) => Code): Code =>
    group.map((search, l) => emit(search, lanes[l]!));
  return [
    each(({ column }, { value, offset }) => {
      const number = f64.load(features.get, column.feature * 8);
      return [
        value.set(column.precision === 'float32' ? f64.roundToFloat32(number) : number),
        offset.set(i32.const(0)),
      ];
    }),
    Array.from({ length: nHalvings }, (_, i) => nHalvings - 1 - i).map((k) =>
      each(({ column, edgesAt }, { value, offset }) => {
        if (k >= halvingsOf(column) || column.kind === 'categorical') return [];
        const isPast = column.comparison === '<=' ? f64.lt : f64.le;
        const edge = f64.load(offset.get, edgesAt + (2 ** k - 1) * 8);
        return offset.set(i32.add(offset.get, i32.shl(isPast(edge, value.get), i32.const(3 + k))));
      }),
    ),
    each(({ column, c }, lane) => {
      const bin =
        column.kind === 'categorical'
          ? emitCode(column, lane)
          : i32.shrU(lane.offset.get, i32.const(3));
      const missing = i32.const(column.nBins - 1);
      return i32.store(bins.get, select(emitIsMissing(column, lane), missing, bin), c * 4);
    }),
  ];
};

const emitIsMissing = ({ zeroIsMissing }: Column, { value }: Lane): Code => {
  const isUnordered = f64.ne(value.get, value.get);
  return zeroIsMissing
    ? i32.or(isUnordered, f64.le(f64.abs(value.get), f64.const(ZERO_LIMIT)))
    : isUnordered;
};

/** Codes that are negative, or past those that a split names, share the bin `nCodes`. */
const emitCode = ({ nCodes }: Column, { value, offset }: Lane): Code => {
  const code = offset.tee(i32.truncSatS(value.get));
  return select(i32.ltU(offset.get, i32.const(nCodes)), code, i32.const(nCodes));
};
