/**
 * Category sets as tables: whether each bin of a categorical column goes right, set by set.
 */
import type { Asking, Column } from '../columns.ts';
import type { Layout } from './memory-layout.ts';

/** uint8, shape (nBins, stride): its first `nSets` columns are the column's sets. */
export interface SetTable {
  readonly at: number;
  readonly stride: number;
}

/**
 * Reserves the tables of all categorical columns, by the column's place.
 * @param right what stands where a bin goes right; 0 stands elsewhere
 * @param block a row's bytes are a multiple of this
 */
export const takeSetTables = (
  asking: readonly Asking[],
  columns: readonly Column[],
  layout: Layout,
  right: number,
  block: number,
): ReadonlyMap<number, SetTable> => {
  const tables = new Map<number, SetTable>();
  columns.forEach(({ kind, nBins, nSets }, c) => {
    if (kind === 'numeric') return;
    const stride = Math.ceil(nSets / block) * block;
    const at = layout.take(nBins * stride, (memory, from) =>
      new Uint8Array(memory, from, nBins * stride).fill(right),
    );
    tables.set(c, { at, stride });
  });
  if (tables.size > 0) {
    layout.take(0, (memory) => {
      for (const asked of asking) clearSets(asked, columns, tables, new Uint8Array(memory));
    });
  }
  return tables;
};

/** Writes 0 where a code is in the set, which goes left. */
const clearSets = (
  { forest, questions, columnOf, placeOf }: Asking,
  columns: readonly Column[],
  tables: ReadonlyMap<number, SetTable>,
  bytes: Uint8Array,
): void => {
  const { categoryStart, categoryWords, categories, missingLeft } = forest;
  questions.askedBy.forEach((node, question) => {
    const c = columnOf[question]!;
    const table = tables.get(c);
    if (!table) return;
    const { at, stride } = table;
    const set = at + placeOf[question]!;
    const start = categoryStart[node]!;
    for (let word = 0; word < categoryWords[node]!; word++) {
      for (let rest = categories[start + word]!; rest !== 0; rest &= rest - 1)
        bytes[set + (word * 32 + 31 - Math.clz32(rest & -rest)) * stride] = 0;
    }
    if (missingLeft[node] === 1) bytes[set + (columns[c]!.nBins - 1) * stride] = 0;
  });
};
