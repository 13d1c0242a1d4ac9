/**
 * The categories of an XGBoost model: their names where it keeps them, their codes where it splits by them.
 */
import { VALUES_LIMIT } from '../build-forest.ts';
import { broken, isRecord, type Json, jsonNumbers, unsupported } from './json-record.ts';

interface KnownCategories {
  /** Names by feature: text, or whole numbers. */
  readonly known: ReadonlyMap<number, readonly string[]>;
  /** How many there are by feature, where the names cannot be told. */
  readonly lost: ReadonlyMap<number, number>;
}

/**
 * Names of categories, where XGBoost keeps them (since 3.1). Version 3.2 counts characters and cuts bytes: as soon as one
 * name is not ASCII, all that follow are shifted, and the end is gone.
 */
export const knownCategories = (model: Json): KnownCategories => {
  const cats = model['cats'];
  const known = new Map<number, readonly string[]>();
  const lost = new Map<number, number>();
  const lists = isRecord(cats) && Array.isArray(cats['enc']) ? cats['enc'] : [];
  lists.forEach((list: unknown, f: number) => {
    if (!isRecord(list) || !Array.isArray(list['values'])) return;
    const values = jsonNumbers(list, 'values');
    if (!Array.isArray(list['offsets'])) {
      if (values.length > 0) known.set(f, values.map(String));
      return;
    }
    const offsets = jsonNumbers(list, 'offsets');
    const bytes = Buffer.from(values);
    const names = offsets
      .slice(1)
      .map((end, i) => bytes.subarray(offsets[i]!, end).toString('latin1'));
    if (names.length === 0) return;
    if (bytes.some((byte) => byte >= 0x80)) lost.set(f, names.length);
    else known.set(f, names);
  });
  return { known, lost };
};

/** How many categories each categorical feature has. */
export const countCodes = (
  trees: readonly unknown[],
  { known, lost }: KnownCategories,
): ReadonlyMap<number, number> => {
  const counts = new Map<number, number>(lost);
  for (const [f, names] of known) counts.set(f, names.length);
  for (const tree of trees) {
    if (!isRecord(tree) || !Array.isArray(tree['categories_nodes'])) continue;
    const features = jsonNumbers(tree, 'split_indices');
    for (const [node, set] of setsOf(tree)) {
      const f = features[node]!;
      for (const code of set) {
        if (!(Number.isInteger(code) && code >= 0 && code < VALUES_LIMIT))
          throw broken(`a category has the code ${code}`);
        counts.set(f, Math.max(counts.get(f) ?? 0, code + 1));
      }
    }
  }
  return counts;
};

export const namesOfCodes = (
  counts: ReadonlyMap<number, number>,
  known: ReadonlyMap<number, readonly string[]>,
): ReadonlyMap<number, readonly string[]> => {
  if ([...counts.values()].reduce((sum, count) => sum + count, 0) > 2 * VALUES_LIMIT)
    throw unsupported('has too many categories');
  return new Map(
    [...counts].map(([f, count]) => {
      const names = known.get(f);
      return [
        f,
        names && names.length >= count ? names : Array.from({ length: count }, (_, c) => `${c}`),
      ];
    }),
  );
};

/** Per categorical node: the codes that go right. */
export const setsOf = (tree: Json): ReadonlyMap<number, readonly number[]> => {
  const nodes = jsonNumbers(tree, 'categories_nodes');
  const starts = jsonNumbers(tree, 'categories_segments');
  const sizes = jsonNumbers(tree, 'categories_sizes');
  const codes = jsonNumbers(tree, 'categories');
  if (sizes.reduce((sum, size) => sum + Math.abs(size), 0) > codes.length)
    throw broken('its category sets overlap');
  return new Map(
    nodes.map((node, i) => [node, codes.slice(starts[i]!, starts[i]! + sizes[i]!)] as const),
  );
};
