/**
 * The fast kernels of the parallel learner. Read this folder from here.
 *
 * The idea. A table's shape (how many features a tree has, where the bins of each start, where everything lies in memory)
 * does not change while trees are grown, so one WebAssembly module is emitted for it: offsets are constants of the code,
 * the loop over features is unrolled, and every thread has its own instance on the one shared memory (`engine/layout`).
 *
 * Memory. The bins lie feature by feature. A row is a record besides: its packed gradient, then the bins of those features
 * that the tree may use (`kernel-shape`), so that a histogram reads each row in one place, and no more of it than it needs.
 * A bin of a histogram is one int64, sum(g) * 2^32 + sum(h), so that one addition adds both.
 *
 * A round: `mark` writes each row's leaf, `renewLogistic` adds the leaf's value to its score and packs the new gradient
 * (four rows at a time), `packRecords` writes the bins of the next tree's features beside it, `addAll` sums the root's histogram; then for each split `partition` sends rows left or right by
 * a table of one byte per bin, `addRows` sums the smaller child, `subtract` leaves the larger one's sums.
 *
 * `scanFree` finds the best threshold of a quantity in a leaf without bounds.
 *
 * Their slow twins give the same bits: `scanQuantity` in `growing/split-search`, `addRows` and `subtract` in `growing/histogram`, `partition` in
 * `growing/partition`, `logisticGradientsInto` in `growing/loss`.
 */
import { renewLogistic } from './gradient-kernel.ts';
import { addAll, addRows, packRecords } from './histogram-kernel.ts';
import type { KernelShape } from './kernel-shape.ts';
import { mark, partition } from './partition-kernel.ts';
import { type ScanFree, scanFree } from './split-kernel.ts';
import { clear, type Code, copy, i32, i64x2, v128, whileBelow } from '../../wasm/instructions.ts';
import { defineFunc, emitModule, type Func } from '../../wasm/module.ts';

export interface Kernels {
  /** Adds the rows listed at `rowsAt[begin .. end)` to the histogram at `histogramAt`; `blockAt` is the thread's own. */
  readonly addRows: (
    histogramAt: number,
    rowsAt: number,
    begin: number,
    end: number,
    blockAt: number,
  ) => void;
  /** Adds all rows from `begin` to `end`. */
  readonly addAll: (histogramAt: number, begin: number, end: number) => void;
  /** Writes the bins of rows into their records; `begin` and `end` are multiples of 16, or `end` the last row's. */
  readonly packRecords: (begin: number, end: number) => void;
  readonly clear: (at: number, nBytes: number) => void;
  /** parent -= smaller; `nBytes` a multiple of 16. */
  readonly subtract: (parentAt: number, smallerAt: number, nBytes: number) => void;
  /**
   * Stable partition of `rowsAt[begin .. end)` by the byte at `tableAt[bin]`.
   * @returns where the right side starts
   */
  readonly partition: (
    rowsAt: number,
    scratchAt: number,
    begin: number,
    end: number,
    feature: number,
    tableAt: number,
  ) => number;
  /** As `partition` where the rows are all there are, each in its place, and not yet listed. */
  readonly partitionAll: Kernels['partition'];
  /**
   * Writes the leaf of each row below `limit` to `marksAt` (uint16, by row) and moves the leaves' cursors on
   * (int32, at `cursorsAt`).
   */
  readonly mark: (
    rowsAt: number,
    cursorsAt: number,
    nLeaves: number,
    limit: number,
    marksAt: number,
  ) => void;
  /**
   * Adds to the scores of the rows from `begin` to `end` (and up to three more) the value of their leaf
   * and renews their gradients of the log loss. The leaf of a row is marked at `marksAt`.
   */
  readonly renewLogistic: (
    begin: number,
    end: number,
    round: number,
    gScale: number,
    hScale: number,
    rowShare: number,
    marksAt: number,
  ) => void;
  readonly scanFree: ScanFree;
  /** sum += other; `nBytes` a multiple of 16. */
  readonly add: (sumAt: number, otherAt: number, nBytes: number) => void;
  /** memmove */
  readonly copy: (toAt: number, fromAt: number, nBytes: number) => void;
}

export const emitKernels = (shape: KernelShape, maxPages: number): Uint8Array<ArrayBuffer> =>
  emitModule(
    [
      addRows(shape),
      addAll(shape),
      packRecords(shape),
      clearKernel,
      copyKernel,
      pairwise('subtract', i64x2.sub),
      pairwise('add', i64x2.add),
      partition(shape, false),
      partition(shape, true),
      mark(shape),
      renewLogistic(shape),
      scanFree,
    ],
    maxPages,
  );

const clearKernel = defineFunc({
  name: 'clear',
  params: ['i32', 'i32'],
  body: ([at, nBytes]) => clear(at.get, nBytes.get),
});

const copyKernel = defineFunc({
  name: 'copy',
  params: ['i32', 'i32', 'i32'],
  body: ([to, from, nBytes]) => copy(to.get, from.get, nBytes.get),
});

/** `first[i] = operation(first[i], second[i])` over int64, two at a time. */
const pairwise = (name: string, operation: (...operands: Code[]) => Code): Func =>
  defineFunc({
    name,
    params: ['i32', 'i32', 'i32'],
    body: ([first, second, nBytes], local) => {
      const last = local('i32');
      return [
        last.set(i32.add(first.get, nBytes.get)),
        whileBelow(first, last, [
          v128.store(first.get, operation(v128.load(first.get), v128.load(second.get))),
          first.set(i32.add(first.get, i32.const(16))),
          second.set(i32.add(second.get, i32.const(16))),
        ]),
      ];
    },
  });
