/**
 * The kernels that sum rows into a histogram, two sums per bin in one addition.
 * Fast twins of `addRows` in `histogram`.
 */
import {
  GATHER_ROWS,
  type KernelShape,
  PACK_ROWS,
  RECORD_HEAD_BYTES,
  wordsOf,
} from './kernel-shape.ts';
import {
  type Code,
  i32,
  i64,
  type Local,
  select,
  v128,
  whileBelow,
} from '../../wasm/instructions.ts';
import { defineFunc, type Func, type NewLocal } from '../../wasm/module.ts';

/**
 * Writes the bins of rows into their records, from the columns of the tree's features: sixteen rows of four columns at a
 * time, turned from columns to rows. Both ends are multiples of sixteen, but for the last row there is.
 */
export const packRecords = (shape: KernelShape): Func =>
  defineFunc({
    name: 'packRecords',
    params: ['i32', 'i32'],
    body: ([row, end], local) => {
      const record = local('i32');
      const columns = Array.from({ length: 4 * wordsOf(shape.nPerTree) }, () => local('i32'));
      const lanes = [local('v128'), local('v128'), local('v128'), local('v128')] as const;
      const zipped = [local('v128'), local('v128'), local('v128'), local('v128')] as const;
      const words = Array.from({ length: wordsOf(shape.nPerTree) }, (_, word) => [
        lanes.map((lane, i) => lane.set(v128.load(i32.add(columns[4 * word + i]!.get, row.get)))),
        zipped[0].set(v128.zipLowBytes(lanes[0].get, lanes[1].get)),
        zipped[1].set(v128.zipHighBytes(lanes[0].get, lanes[1].get)),
        zipped[2].set(v128.zipLowBytes(lanes[2].get, lanes[3].get)),
        zipped[3].set(v128.zipHighBytes(lanes[2].get, lanes[3].get)),
        lanes[0].set(v128.zipLowPairs(zipped[0].get, zipped[2].get)),
        lanes[1].set(v128.zipHighPairs(zipped[0].get, zipped[2].get)),
        lanes[2].set(v128.zipLowPairs(zipped[1].get, zipped[3].get)),
        lanes[3].set(v128.zipHighPairs(zipped[1].get, zipped[3].get)),
        Array.from({ length: PACK_ROWS }, (_, place) =>
          v128.store32Lane(place % 4)(
            record.get,
            lanes[place >> 2]!.get,
            RECORD_HEAD_BYTES + 4 * word + place * shape.recordBytes,
          ),
        ),
      ]);
      return [
        columns.map((column, place) =>
          column.set(i32.load(i32.const(shape.placeColumnsAt + 4 * place))),
        ),
        record.set(recordOf(shape, row.get)),
        whileBelow(row, end, [
          words,
          row.set(i32.add(row.get, i32.const(PACK_ROWS))),
          record.set(i32.add(record.get, i32.const(PACK_ROWS * shape.recordBytes))),
        ]),
      ];
    },
  });

/**
 * Records of a leaf lie far apart, so each block of them is first copied together by a loop so short
 * that the processor has many of them under way at once; the sums then read what is near.
 */
export const addRows = (shape: KernelShape): Func =>
  defineFunc({
    name: 'addRows',
    params: ['i32', 'i32', 'i32', 'i32', 'i32'],
    body: ([histogram, rows, begin, end, block], local) => {
      const sums = addRecords(shape);
      const [at, last, record] = [local('i32'), local('i32'), local('i32')];
      const [stop, to] = [local('i32'), local('i32')];
      const words = Array.from({ length: shape.recordBytes >> 3 }, (_, word) =>
        i64.store(to.get, i64.load(record.get, 8 * word), 8 * word),
      );
      const rest =
        shape.recordBytes % 8 === 0
          ? []
          : i32.store(to.get, i32.load(record.get, shape.recordBytes - 4), shape.recordBytes - 4);
      return [
        at.set(i32.add(rows.get, i32.shl(begin.get, i32.const(2)))),
        last.set(i32.add(rows.get, i32.shl(end.get, i32.const(2)))),
        whileBelow(at, last, [
          stop.set(i32.add(at.get, i32.const(4 * GATHER_ROWS))),
          stop.set(select(i32.ltU(stop.get, last.get), stop.get, last.get)),
          to.set(block.get),
          whileBelow(at, stop, [
            record.set(recordOf(shape, i32.load(at.get))),
            words,
            rest,
            // A row outside the sample is written over by the next.
            to.set(
              i32.add(
                to.get,
                select(i32.load(record.get), i32.const(shape.recordBytes), i32.const(0)),
              ),
            ),
            at.set(i32.add(at.get, i32.const(4))),
          ]),
          record.set(block.get),
          sums(histogram, record, to, local),
        ]),
      ];
    },
  });

const recordOf = (shape: KernelShape, row: Code): Code =>
  i32.add(i32.mul(row, i32.const(shape.recordBytes)), i32.const(shape.recordsAt));

/** Every row from `begin` to `end`, as they lie. */
export const addAll = (shape: KernelShape): Func =>
  defineFunc({
    name: 'addAll',
    params: ['i32', 'i32', 'i32'],
    body: ([histogram, begin, end], local) => {
      const [record, to] = [local('i32'), local('i32')];
      return [
        record.set(recordOf(shape, begin.get)),
        to.set(recordOf(shape, end.get)),
        addRecords(shape)(histogram, record, to, local),
      ];
    },
  });

/** Adds the records from `record` to `to`. */
const addRecords =
  (shape: KernelShape) =>
  (histogram: Local, record: Local, to: Local, local: NewLocal): Code => {
    const [packed, both, cell] = [local('i32'), local('i64'), local('i32')];
    const updates = Array.from({ length: shape.nPerTree }, (_, place) => {
      const offset = 8 * shape.placeOffsets[place]!;
      return [
        cell.set(
          i32.add(
            histogram.get,
            i32.shl(i32.load8U(record.get, RECORD_HEAD_BYTES + place), i32.const(3)),
          ),
        ),
        i64.store(cell.get, i64.add(i64.load(cell.get, offset), both.get), offset),
      ];
    });
    return whileBelow(record, to, [
      packed.set(i32.load(record.get)),
      both.set(
        i64.add(
          i64.shl(i64.extendS(i32.shrS(packed.get, i32.const(16))), i64.const(32)),
          i64.extendU(i32.and(packed.get, i32.const(0xffff))),
        ),
      ),
      updates,
      record.set(i32.add(record.get, i32.const(shape.recordBytes))),
    ]);
  };
