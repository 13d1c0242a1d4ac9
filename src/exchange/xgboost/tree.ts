/**
 * One tree of an XGBoost model as nodes of ours.
 * @source xgboost src/tree/tree_model.cc, src/common/categorical.h
 */
import {
  type AllocateWords,
  type ForeignNode,
  type ForeignTree,
  wordsOfCodes,
} from '../build-forest.ts';
import { setsOf } from './categories.ts';
import { broken, isRecord, jsonNumbers } from './json-record.ts';

export const readXgboostTree = (
  tree: unknown,
  t: number,
  weight: number,
  allocate: AllocateWords,
): ForeignTree => {
  if (!isRecord(tree)) throw broken(`tree ${t} is no object`);
  const left = jsonNumbers(tree, 'left_children');
  const numbers = (name: string): readonly number[] => {
    const list = jsonNumbers(tree, name);
    if (list.length !== left.length) throw broken(`tree ${t} has ${list.length} ${name}`);
    return list;
  };
  const [right, feature] = [numbers('right_children'), numbers('split_indices')];
  const [condition, defaultLeft] = [numbers('split_conditions'), numbers('default_left')];
  const cover = Array.isArray(tree['sum_hessian']) ? numbers('sum_hessian') : [];
  const sets = Array.isArray(tree['categories_nodes']) ? setsOf(tree) : new Map();
  return {
    root: 0,
    nodes: left.map((child, i): ForeignNode => {
      const isLeaf = child === -1;
      const set = isLeaf ? undefined : (sets.get(i) as readonly number[] | undefined);
      return {
        feature: isLeaf ? -1 : feature[i]!,
        threshold: Math.fround(condition[i]!),
        // The codes of a set go right, every other one left: here the sides change places.
        left: set ? right[i]! : child,
        right: set ? child : right[i]!,
        missingLeft: (defaultLeft[i] === 1) !== (set !== undefined),
        value: isLeaf ? Math.fround(condition[i]!) * weight : 0,
        cover: cover[i] ?? 1,
        ...(set && { categories: wordsOfCodes(set, allocate) }),
      };
    }),
  };
};
