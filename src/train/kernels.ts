/**
 * The fast kernels, emitted for the shape of one table: histogram, subtraction, partition, gradients.
 * Stands beside their slow twins in `histogram`, `partition` and `loss`, which give the same bits.
 *
 * A row is a record of `recordBytes`: its packed gradient (int32), then one bin per feature.
 */
import { EXP_TERMS, LN2_HIGH, LN2_LOW } from './loss.ts';
import {
  clear,
  type Code,
  copy,
  emitModule,
  f64,
  i32,
  i64,
  type Kernel,
  select,
  v128,
  whileBelow,
} from './wasm.ts';

export interface KernelShape {
  readonly nFeatures: number;
  readonly offsets: Int32Array;
  readonly recordBytes: number;
  /** Where the records, scores and labels start. */
  readonly recordsAt: number;
  readonly scoresAt: number;
  readonly labelsAt: number;
}

export interface Kernels {
  /** Adds the rows listed at `rowsAt[begin .. end)` to the histogram at `histogramAt`. */
  readonly addRows: (histogramAt: number, rowsAt: number, begin: number, end: number) => void;
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
  /** Adds `value` to the scores of `rowsAt[begin .. end)` and renews their gradients of the log loss. */
  readonly renewLogistic: (
    rowsAt: number,
    begin: number,
    end: number,
    value: number,
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

export const recordBytesOf = (nFeatures: number): number =>
  RECORD_HEAD_BYTES + Math.ceil(nFeatures / 4) * 4;

export const emitKernels = (shape: KernelShape, maxPages: number): Uint8Array<ArrayBuffer> =>
  emitModule(
    [
      addRows(shape),
      clearKernel,
      copyKernel,
      pairwise('subtract', v128.subI64),
      pairwise('add', v128.addI64),
      partition(shape),
      renewLogistic(shape),
    ],
    maxPages,
  );

const addRows = (shape: KernelShape): Kernel => ({
  name: 'addRows',
  params: ['i32', 'i32', 'i32', 'i32'],
  body: ([histogram, rows, begin, end], local) => {
    const [at, last, record, packed] = [local('i32'), local('i32'), local('i32'), local('i32')];
    const [both, cell] = [local('i64'), local('i32')];
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
    return [
      ...at.set(i32.add(rows!.get, i32.shl(begin!.get, i32.const(2)))),
      ...last.set(i32.add(rows!.get, i32.shl(end!.get, i32.const(2)))),
      ...whileBelow(at, last, [
        ...record.set(recordOf(shape, i32.load(at.get))),
        ...packed.set(i32.load(record.get)),
        ...both.set(
          i64.add(
            i64.shl(i64.extendS(i32.shrS(packed.get, i32.const(16))), i64.const(32)),
            i64.extendU(i32.and(packed.get, i32.const(0xffff))),
          ),
        ),
        ...updates,
        ...at.set(i32.add(at.get, i32.const(4))),
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
      ...base.set(i32.add(feature!.get, i32.const(shape.recordsAt + RECORD_HEAD_BYTES))),
      ...whileBelow(at, last, [
        ...row.set(i32.load(at.get)),
        ...goesLeft.set(
          i32.load8U(
            i32.add(
              table!.get,
              i32.load8U(i32.add(base.get, i32.mul(row.get, i32.const(shape.recordBytes)))),
            ),
          ),
        ),
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

const renewLogistic = (shape: KernelShape): Kernel => ({
  name: 'renewLogistic',
  params: ['i32', 'i32', 'i32', 'f64', 'i32', 'f64', 'f64', 'f64'],
  body: ([rows, begin, end, value, round, gScale, hScale, rowShare], local) => {
    const [at, last, row, hash, scoreAt, quantum] = [
      local('i32'),
      local('i32'),
      local('i32'),
      local('i32'),
      local('i32'),
      local('i32'),
    ];
    const [x, k, p, dither, series] = [
      local('f64'),
      local('f64'),
      local('f64'),
      local('f64'),
      local('f64'),
    ];
    const horner = EXP_TERMS.slice(1).flatMap((term) => [
      ...series.set(f64.add(f64.mul(series.get, x.get), f64.const(term))),
    ]);
    return [
      ...at.set(i32.add(rows!.get, i32.shl(begin!.get, i32.const(2)))),
      ...last.set(i32.add(rows!.get, i32.shl(end!.get, i32.const(2)))),
      ...round!.set(i32.mul(round!.get, i32.const(0x85ebca6b))),
      ...whileBelow(at, last, [
        ...row.set(i32.load(at.get)),
        ...scoreAt.set(i32.add(i32.shl(row.get, i32.const(3)), i32.const(shape.scoresAt))),
        ...x.set(f64.add(f64.load(scoreAt.get), value!.get)),
        ...f64.store(scoreAt.get, x.get),
        // e^-x: x = -k ln 2 + r
        ...x.set(f64.sub(f64.const(0), f64.max(f64.const(-700), f64.min(f64.const(700), x.get)))),
        ...k.set(f64.nearest(f64.mul(x.get, f64.const(Math.LOG2E)))),
        ...x.set(
          f64.sub(
            f64.sub(x.get, f64.mul(k.get, f64.const(LN2_HIGH))),
            f64.mul(k.get, f64.const(LN2_LOW)),
          ),
        ),
        ...series.set(f64.const(EXP_TERMS[0])),
        ...horner,
        ...p.set(
          f64.div(
            f64.const(1),
            f64.add(
              f64.const(1),
              f64.mul(
                series.get,
                f64.fromBits(
                  i64.shl(
                    i64.extendS(i32.add(i32.truncF64(k.get), i32.const(1023))),
                    i64.const(52),
                  ),
                ),
              ),
            ),
          ),
        ),
        ...hash.set(i32.add(i32.mul(row.get, i32.const(0x9e3779b9)), round!.get)),
        ...hash.set(
          i32.mul(i32.xor(hash.get, i32.shrU(hash.get, i32.const(15))), i32.const(0x2c1b3c6d)),
        ),
        ...dither.set(
          f64.mul(
            f64.fromI32(
              i32.shrU(i32.xor(hash.get, i32.shrU(hash.get, i32.const(13))), i32.const(8)),
            ),
            f64.const(2 ** -24),
          ),
        ),
        ...quantum.set(
          i32.truncF64(
            f64.floor(
              f64.add(
                f64.mul(
                  f64.sub(p.get, f64.fromI32(i32.load8U(row.get, shape.labelsAt))),
                  gScale!.get,
                ),
                dither.get,
              ),
            ),
          ),
        ),
        ...quantum.set(
          i32.or(
            i32.shl(quantum.get, i32.const(16)),
            i32.truncF64(
              f64.max(
                f64.const(1),
                f64.floor(
                  f64.add(
                    f64.mul(f64.mul(p.get, f64.sub(f64.const(1), p.get)), hScale!.get),
                    dither.get,
                  ),
                ),
              ),
            ),
          ),
        ),
        ...hash.set(
          i32.mul(i32.xor(hash.get, i32.shrU(hash.get, i32.const(13))), i32.const(0x297a2d39)),
        ),
        ...dither.set(
          f64.mul(
            f64.fromI32(
              i32.shrU(i32.xor(hash.get, i32.shrU(hash.get, i32.const(15))), i32.const(8)),
            ),
            f64.const(2 ** -24),
          ),
        ),
        ...i32.store(
          recordOf(shape, row.get),
          select(f64.gt(rowShare!.get, dither.get), quantum.get, i32.const(0)),
        ),
        ...at.set(i32.add(at.get, i32.const(4))),
      ]),
    ];
  },
});
