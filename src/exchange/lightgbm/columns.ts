/**
 * The columns of a LightGBM model: their names, and the values of those that are categories.
 */
import { AppError } from '../../core/errors.ts';
import { type ForeignTree, VALUES_LIMIT } from '../build-forest.ts';
import type { ForeignColumn } from '../foreign-model.ts';
import { type Fields, unsupported } from './text-fields.ts';

export const categoricalFeatures = (trees: readonly ForeignTree[]): ReadonlyMap<number, number> => {
  const nCodes = new Map<number, number>();
  for (const { nodes } of trees) {
    for (const { feature, categories } of nodes) {
      if (categories)
        nCodes.set(feature, Math.max(nCodes.get(feature) ?? 0, categories.length * 32));
    }
  }
  return nCodes;
};

/** Names, and the values of categories: pandas' own, else those that `feature_infos` lists. */
export const readLightGbmColumns = (
  text: string,
  header: Fields,
  nFeatures: number,
  categorical: ReadonlyMap<number, number>,
): ForeignColumn[] => {
  const names = (header.get('feature_names') ?? '').split(' ');
  const infos = (header.get('feature_infos') ?? '').split(' ');
  // LightGBM calls columns without a name so; one that somebody called so stands beside others, or elsewhere.
  const isUnnamed = names.every((name, f) => name === `Column_${f}`);
  const pandas = pandasCategories(text);
  let nthCategory = 0;
  let nValues = 0;
  return Array.from({ length: nFeatures }, (_, f): ForeignColumn => {
    const name = names[f];
    const named = name === undefined || isUnnamed ? {} : { name };
    const isCategory = categorical.has(f) || /^-?\d+(:-?\d+)*$/.test(infos[f] ?? '');
    if (!isCategory) return named;
    const own = pandas[nthCategory++];
    const maxCode = (infos[f] ?? '')
      .split(':')
      .reduce((m, code) => Math.max(m, Number(code) || 0), (categorical.get(f) ?? 0) - 1);
    if (own) return { ...named, values: own };
    nValues += maxCode;
    if (nValues > VALUES_LIMIT) throw unsupported(`has a category code of ${maxCode}`);
    const codes = Array.from({ length: maxCode + 1 }, (_, code) => `${code}`);
    return { ...named, values: codes, isCoded: true, codes: 'cut' };
  });
};

/** The last line, `pandas_categorical:[["a","b"],...]`: a list of values per categorical column. */
const pandasCategories = (text: string): readonly (readonly string[])[] => {
  const match = /^pandas_categorical:(.*)$/m.exec(text);
  if (!match) return [];
  try {
    const lists: unknown = JSON.parse(match[1]!);
    return Array.isArray(lists)
      ? lists.map((list) => (Array.isArray(list) ? list.map(String) : []))
      : [];
  } catch (cause) {
    throw new AppError('model-broken', 'the LightGBM model has a broken pandas_categorical line', {
      cause,
    });
  }
};
