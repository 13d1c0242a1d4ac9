/**
 * The kernel of `table-shap`: what the leaves of one tree add to the effects of many rows, looked up leaf by leaf.
 *
 * A row is in one class of each of the tree's features. A class holds a word of 16 bits for each leaf: which items of the
 * leaf's path a row of this class fails. The words of a row's classes, or-ed, say of each leaf which row of its table holds
 * what it adds; that row has a float64 for each of the tree's features, so that all are added in registers.
 */
import {
  advance,
  type Code,
  f64x2,
  i32,
  type Local,
  v128,
  whileBelow,
} from '../../wasm/instructions.ts';
import { defineFunc, emitModule } from '../../wasm/module.ts';

/** What the trees of a forest have in common, and where all lies in memory. */
export interface TableShape {
  readonly nRows: number;
  /** Pairs of features: a tree has up to twice as many. */
  readonly nPairs: number;
  /** Vectors of eight words: a tree has up to eight times as many leaves. */
  readonly nVectors: number;
  /** float64, shape (nRows, `effectBytes` / 8): the effects; a tree without so many features adds 0 to the last. */
  readonly effectsAt: number;
  readonly effectBytes: number;
  /** int32, shape (2 nPairs): how far from a row's effects the effect of each of the tree's features lies. */
  readonly placesAt: number;
  /** uint16, shape (nRows, 2 nPairs): the row's class of each of the tree's features. */
  readonly classesAt: number;
  /** uint16, shape (classes, 8 nVectors). */
  readonly masksAt: number;
  /** uint16, shape (8 nVectors): of the row at hand. */
  readonly wordsAt: number;
  /** int32, shape (leaves): where each leaf's table starts; float64, shape (sets of items, 2 nPairs) each. */
  readonly tablesAt: number;
}

interface TableKernel {
  /** Adds what a tree of so many leaves gives to all rows. */
  readonly addTree: (nLeaves: number) => void;
}

/** Bytes of a class, and of one row of a leaf's table. */
export const classBytesOf = ({ nVectors }: Pick<TableShape, 'nVectors'>): number => 16 * nVectors;
export const tableRowBytesOf = ({ nPairs }: Pick<TableShape, 'nPairs'>): number => 16 * nPairs;

export const buildTableKernel = (memory: WebAssembly.Memory, shape: TableShape): TableKernel => {
  const module = new WebAssembly.Module(emitModule([addTree(shape)]));
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as TableKernel;
};

const addTree = (shape: TableShape) =>
  defineFunc({
    name: 'addTree',
    params: ['i32'],
    body: ([nLeaves], local) => {
      const { nPairs, nVectors } = shape;
      const [effects, end, classes, at] = [local('i32'), local('i32'), local('i32'), local('i32')];
      const [leaf, table, lastLeaf] = [local('i32'), local('i32'), local('i32')];
      const pairs = Array.from({ length: nPairs }, (_, pair) => ({
        sums: local('v128'),
        first: local('i32'),
        second: local('i32'),
        pair,
      }));
      const words = Array.from({ length: nVectors }, () => local('v128'));
      const placeOf = (place: number): Code => i32.load(i32.const(shape.placesAt + 4 * place));
      const from = (place: Local): Code => i32.add(effects.get, place.get);
      const orClass = (place: number): Code => [
        at.set(
          i32.add(
            i32.mul(i32.load16U(classes.get, 2 * place), i32.const(classBytesOf(shape))),
            i32.const(shape.masksAt),
          ),
        ),
        words.map((word, v) =>
          word.set(
            place === 0 ? v128.load(at.get, 16 * v) : v128.or(word.get, v128.load(at.get, 16 * v)),
          ),
        ),
      ];
      return [
        effects.set(i32.const(shape.effectsAt)),
        end.set(i32.const(shape.effectsAt + shape.nRows * shape.effectBytes)),
        classes.set(i32.const(shape.classesAt)),
        lastLeaf.set(i32.add(i32.shl(nLeaves.get, i32.const(2)), i32.const(shape.tablesAt))),
        pairs.map(({ first, second, pair }) => [
          first.set(placeOf(2 * pair)),
          second.set(placeOf(2 * pair + 1)),
        ]),
        whileBelow(effects, end, [
          Array.from({ length: 2 * nPairs }, (_, place) => orClass(place)),
          words.map((word, v) => v128.store(i32.const(shape.wordsAt), word.get, 16 * v)),
          pairs.map(({ sums, first, second }) =>
            sums.set(v128.load64Lane(1)(from(second), v128.load64Zero(from(first)))),
          ),
          leaf.set(i32.const(shape.tablesAt)),
          at.set(i32.const(shape.wordsAt)),
          whileBelow(leaf, lastLeaf, [
            table.set(
              i32.add(
                i32.mul(i32.load16U(at.get), i32.const(tableRowBytesOf(shape))),
                i32.load(leaf.get),
              ),
            ),
            pairs.map(({ sums, pair }) =>
              sums.set(f64x2.add(sums.get, v128.load(table.get, 16 * pair))),
            ),
            advance(at, 2),
            advance(leaf, 4),
          ]),
          pairs.map(({ sums, first, second }) => [
            v128.store64Lane(0)(from(first), sums.get),
            v128.store64Lane(1)(from(second), sums.get),
          ]),
          advance(effects, shape.effectBytes),
          advance(classes, 4 * nPairs),
        ]),
      ];
    },
  });
