/**
 * The fast kernels, emitted for the shape of one table: histogram, subtraction, partition, gradients.
 * Stands beside their slow twins in `histogram`, `partition` and `loss`, which give the same bits.
 *
 * A row is a record of `recordBytes`: its packed gradient (int32), then one bin per feature.
 */
import { EXP_TERMS, LN2_HIGH, LN2_LOW, ROUNDER } from './loss.ts';
import {
  clear,
  type Code,
  copy,
  emitModule,
  f64x2,
  i32,
  i32x4,
  i64,
  i64x2,
  type Kernel,
  select,
  v128,
  whileBelow,
} from './wasm.ts';

export interface KernelShape {
  readonly nFeatures: number;
  readonly offsets: Int32Array;
  readonly recordBytes: number;
  /** Where the records start, and the bins once more, feature by feature, `columnBytes` apart. */
  readonly recordsAt: number;
  readonly columnsAt: number;
  readonly columnBytes: number;
  /** uint16 per row: its leaf in the last tree; float64 per leaf: its value. */
  readonly marksAt: number;
  readonly valuesAt: number;
  readonly scoresAt: number;
  readonly labelsAt: number;
}

export interface Kernels {
  /** Adds the rows listed at `rowsAt[begin .. end)` to the histogram at `histogramAt`; `blockAt` is the thread's own. */
  readonly addRows: (
    histogramAt: number,
    rowsAt: number,
    begin: number,
    end: number,
    blockAt: number,
  ) => void;
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
  /** Writes `leaf` (uint16) for the rows listed at `rowsAt[begin .. end)`. */
  readonly mark: (rowsAt: number, begin: number, end: number, leaf: number) => void;
  /**
   * Adds to the scores of the rows from `begin` to `end` (and up to three more) the value of their leaf
   * and renews their gradients of the log loss.
   */
  readonly renewLogistic: (
    begin: number,
    end: number,
    round: number,
    gScale: number,
    hScale: number,
    rowShare: number,
  ) => void;
  /** sum += other; `nBytes` a multiple of 16. */
  readonly add: (sumAt: number, otherAt: number, nBytes: number) => void;
  /** memmove */
  readonly copy: (toAt: number, fromAt: number, nBytes: number) => void;
}

export const RECORD_HEAD_BYTES = 4;
/** Records that are copied together at a time. */
export const BLOCK_ROWS = 256;

export const recordBytesOf = (nFeatures: number): number =>
  RECORD_HEAD_BYTES + Math.ceil(nFeatures / 4) * 4;

export const emitKernels = (shape: KernelShape, maxPages: number): Uint8Array<ArrayBuffer> =>
  emitModule(
    [
      addRows(shape),
      clearKernel,
      copyKernel,
      pairwise('subtract', i64x2.sub),
      pairwise('add', i64x2.add),
      partition(shape),
      mark(shape),
      renewLogistic(shape),
    ],
    maxPages,
  );

/**
 * Records of a leaf lie far apart, so each block of them is first copied together by a loop so short
 * that the processor has many of them under way at once; the sums then read what is near.
 */
const addRows = (shape: KernelShape): Kernel => ({
  name: 'addRows',
  params: ['i32', 'i32', 'i32', 'i32', 'i32'],
  body: ([histogram, rows, begin, end, block], local) => {
    const [at, last, record, packed] = [local('i32'), local('i32'), local('i32'), local('i32')];
    const [both, cell, stop, to] = [local('i64'), local('i32'), local('i32'), local('i32')];
    const updates = Array.from({ length: shape.nFeatures }, (_, f) => {
      const offset = 8 * shape.offsets[f]!;
      return [
        ...cell.set(
          i32.add(
            histogram!.get,
            i32.shl(i32.load8U(record.get, RECORD_HEAD_BYTES + f), i32.const(3)),
          ),
        ),
        ...i64.store(cell.get, i64.add(i64.load(cell.get, offset), both.get), offset),
      ];
    }).flat();
    const words = Array.from({ length: shape.recordBytes >> 3 }, (_, word) =>
      i64.store(to.get, i64.load(record.get, 8 * word), 8 * word),
    ).flat();
    const rest =
      shape.recordBytes % 8 === 0
        ? []
        : i32.store(to.get, i32.load(record.get, shape.recordBytes - 4), shape.recordBytes - 4);
    return [
      ...at.set(i32.add(rows!.get, i32.shl(begin!.get, i32.const(2)))),
      ...last.set(i32.add(rows!.get, i32.shl(end!.get, i32.const(2)))),
      ...whileBelow(at, last, [
        ...stop.set(i32.add(at.get, i32.const(4 * BLOCK_ROWS))),
        ...stop.set(select(i32.ltU(stop.get, last.get), stop.get, last.get)),
        ...to.set(block!.get),
        ...whileBelow(at, stop, [
          ...record.set(recordOf(shape, i32.load(at.get))),
          ...words,
          ...rest,
          ...to.set(i32.add(to.get, i32.const(shape.recordBytes))),
          ...at.set(i32.add(at.get, i32.const(4))),
        ]),
        ...record.set(block!.get),
        ...whileBelow(record, to, [
          ...packed.set(i32.load(record.get)),
          ...both.set(
            i64.add(
              i64.shl(i64.extendS(i32.shrS(packed.get, i32.const(16))), i64.const(32)),
              i64.extendU(i32.and(packed.get, i32.const(0xffff))),
            ),
          ),
          ...updates,
          ...record.set(i32.add(record.get, i32.const(shape.recordBytes))),
        ]),
      ]),
    ];
  },
});

const recordOf = (shape: KernelShape, row: readonly number[]): readonly number[] =>
  i32.add(i32.mul(row, i32.const(shape.recordBytes)), i32.const(shape.recordsAt));

const clearKernel: Kernel = {
  name: 'clear',
  params: ['i32', 'i32'],
  body: ([at, nBytes]) => clear(at!.get, nBytes!.get),
};

const copyKernel: Kernel = {
  name: 'copy',
  params: ['i32', 'i32', 'i32'],
  body: ([to, from, nBytes]) => copy(to!.get, from!.get, nBytes!.get),
};

/** `first[i] = operation(first[i], second[i])` over int64, two at a time. */
const pairwise = (name: string, operation: (...operands: Code[]) => Code): Kernel => ({
  name,
  params: ['i32', 'i32', 'i32'],
  body: ([first, second, nBytes], local) => {
    const last = local('i32');
    return [
      ...last.set(i32.add(first!.get, nBytes!.get)),
      ...whileBelow(first!, last, [
        ...v128.store(first!.get, operation(v128.load(first!.get), v128.load(second!.get))),
        ...first!.set(i32.add(first!.get, i32.const(16))),
        ...second!.set(i32.add(second!.get, i32.const(16))),
      ]),
    ];
  },
});

const partition = (shape: KernelShape): Kernel => ({
  name: 'partition',
  params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
  result: 'i32',
  body: ([rows, scratch, begin, end, feature, table], local) => {
    const [at, last, left, right] = [local('i32'), local('i32'), local('i32'), local('i32')];
    const [row, goesLeft, base] = [local('i32'), local('i32'), local('i32')];
    const four = i32.const(2);
    return [
      ...at.set(i32.add(rows!.get, i32.shl(begin!.get, four))),
      ...last.set(i32.add(rows!.get, i32.shl(end!.get, four))),
      ...left.set(at.get),
      ...right.set(scratch!.get),
      ...base.set(
        i32.add(i32.mul(feature!.get, i32.const(shape.columnBytes)), i32.const(shape.columnsAt)),
      ),
      ...whileBelow(at, last, [
        ...row.set(i32.load(at.get)),
        ...goesLeft.set(i32.load8U(i32.add(table!.get, i32.load8U(i32.add(base.get, row.get))))),
        ...i32.store(left.get, row.get),
        ...i32.store(right.get, row.get),
        ...left.set(i32.add(left.get, i32.shl(goesLeft.get, four))),
        ...right.set(i32.add(right.get, i32.shl(i32.xor(goesLeft.get, i32.const(1)), four))),
        ...at.set(i32.add(at.get, i32.const(4))),
      ]),
      ...copy(left.get, scratch!.get, i32.sub(right.get, scratch!.get)),
      ...i32.shrU(i32.sub(left.get, rows!.get), four),
    ];
  },
});

const mark = (shape: KernelShape): Kernel => ({
  name: 'mark',
  params: ['i32', 'i32', 'i32', 'i32'],
  body: ([rows, begin, end, leaf], local) => {
    const [at, last] = [local('i32'), local('i32')];
    return [
      ...at.set(i32.add(rows!.get, i32.shl(begin!.get, i32.const(2)))),
      ...last.set(i32.add(rows!.get, i32.shl(end!.get, i32.const(2)))),
      ...whileBelow(at, last, [
        ...i32.store16(i32.shl(i32.load(at.get), i32.const(1)), leaf!.get, shape.marksAt),
        ...at.set(i32.add(at.get, i32.const(4))),
      ]),
    ];
  },
});

/** Four rows at a time, as two pairs of float64 and four int32: the operations of `loss`, in their order. */
const renewLogistic = (shape: KernelShape): Kernel => ({
  name: 'renewLogistic',
  params: ['i32', 'i32', 'i32', 'f64', 'f64', 'f64'],
  body: ([begin, end, round, gScale, hScale, rowShare], local) => {
    const [row, record] = [begin!, local('i32')];
    const [hash, rounds, labels, ups, lots] = [
      local('v128'),
      local('v128'),
      local('v128'),
      local('v128'),
      local('v128'),
    ];
    const pairs = [0, 1].map(() => ({
      x: local('v128'),
      k: local('v128'),
      p: local('v128'),
      up: local('v128'),
      packed: local('v128'),
      keep: local('v128'),
    }));
    const shifted = (by: number): Code => i32x4.shrU(hash.get, i32.const(by));
    /** `hash` = (hash ^ hash >>> by) * factor */
    const mix = (by: number, factor: number): Code =>
      hash.set(
        i32x4.mul(v128.xor(hash.get, shifted(by)), i32x4.const(factor, factor, factor, factor)),
      );
    /** (hash ^ hash >>> by) >>> 8 */
    const drawn = (by: number): Code => i32x4.shrU(v128.xor(hash.get, shifted(by)), i32.const(8));
    const half = (value: Code, pair: number): Code => (pair === 0 ? value : v128.upper(value));
    const unit = (value: Code, pair: number): Code =>
      f64x2.mul(f64x2.fromI32(half(value, pair)), f64x2.const(2 ** -24));
    const valueAt = (at: number): Code =>
      i32.shl(i32.load16U(i32.shl(row.get, i32.const(1)), shape.marksAt + 2 * at), i32.const(3));
    const scoreAt = i32.shl(row.get, i32.const(3));
    const whole = (value: Code): Code => f64x2.add(value, f64x2.const(ROUNDER));
    const steps = pairs.flatMap(({ x, k, p, up, packed, keep }, pair) => [
      ...x.set(
        f64x2.add(
          v128.load(scoreAt, shape.scoresAt + 16 * pair),
          v128.load64Lane(1)(
            valueAt(2 * pair + 1),
            v128.load64Zero(valueAt(2 * pair), shape.valuesAt),
            shape.valuesAt,
          ),
        ),
      ),
      ...v128.store(scoreAt, x.get, shape.scoresAt + 16 * pair),
      ...x.set(
        f64x2.sub(
          f64x2.const(0),
          f64x2.pmax(f64x2.const(-700), f64x2.pmin(f64x2.const(700), x.get)),
        ),
      ),
      ...k.set(f64x2.sub(whole(f64x2.mul(x.get, f64x2.const(Math.LOG2E))), f64x2.const(ROUNDER))),
      ...x.set(
        f64x2.sub(
          f64x2.sub(x.get, f64x2.mul(k.get, f64x2.const(LN2_HIGH))),
          f64x2.mul(k.get, f64x2.const(LN2_LOW)),
        ),
      ),
      ...p.set(f64x2.const(EXP_TERMS[0])),
      ...EXP_TERMS.slice(1).flatMap((term) =>
        p.set(f64x2.add(f64x2.mul(p.get, x.get), f64x2.const(term))),
      ),
      // 2^k: k + 1023 stands in the low bits of the rounded sum, and moves into the exponent.
      ...p.set(
        f64x2.div(
          f64x2.const(1),
          f64x2.add(
            f64x2.const(1),
            f64x2.mul(p.get, i64x2.shl(whole(f64x2.add(k.get, f64x2.const(1023))), i32.const(52))),
          ),
        ),
      ),
      ...up.set(unit(ups.get, pair)),
      ...packed.set(
        v128.or(
          i32x4.shl(
            whole(
              f64x2.floor(
                f64x2.add(
                  f64x2.mul(
                    f64x2.sub(p.get, f64x2.fromI32(half(labels.get, pair))),
                    f64x2.splat(gScale!.get),
                  ),
                  up.get,
                ),
              ),
            ),
            i32.const(16),
          ),
          v128.and(
            whole(
              f64x2.pmax(
                f64x2.const(1),
                f64x2.floor(
                  f64x2.add(
                    f64x2.mul(
                      f64x2.mul(p.get, f64x2.sub(f64x2.const(1), p.get)),
                      f64x2.splat(hScale!.get),
                    ),
                    up.get,
                  ),
                ),
              ),
            ),
            i64x2.splat(i64.const(0xffff)),
          ),
        ),
      ),
      ...keep.set(f64x2.gt(f64x2.splat(rowShare!.get), unit(lots.get, pair))),
      ...packed.set(v128.and(packed.get, keep.get)),
    ]);
    return [
      ...rounds.set(i32x4.splat(i32.mul(round!.get, i32.const(0x85ebca6b)))),
      ...whileBelow(row, end!, [
        ...hash.set(
          i32x4.add(
            i32x4.mul(
              i32x4.add(i32x4.splat(row.get), i32x4.const(0, 1, 2, 3)),
              i32x4.splat(i32.const(0x9e3779b9)),
            ),
            rounds.get,
          ),
        ),
        ...mix(15, 0x2c1b3c6d),
        ...ups.set(drawn(13)),
        ...mix(13, 0x297a2d39),
        ...lots.set(drawn(15)),
        ...labels.set(i32x4.fromBytes(v128.load32Zero(row.get, shape.labelsAt))),
        ...steps,
        ...hash.set(v128.evenLanes(pairs[0]!.packed.get, pairs[1]!.packed.get)),
        ...record.set(i32.mul(row.get, i32.const(shape.recordBytes))),
        ...[0, 1, 2, 3].flatMap((lane) =>
          v128.store32Lane(lane)(record.get, hash.get, shape.recordsAt + lane * shape.recordBytes),
        ),
        ...row.set(i32.add(row.get, i32.const(4))),
      ]),
    ];
  },
});
