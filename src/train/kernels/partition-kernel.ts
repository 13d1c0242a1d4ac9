/**
 * The kernels that send rows to their leaves: the partition of a leaf's rows, and the mark of each row's leaf.
 * `partition` is the fast twin of its namesake in `partition`.
 */
import type { KernelShape } from './kernel-shape.ts';
import { breakIf, type Code, copy, i32, whileBelow } from '../../wasm/instructions.ts';
import { defineFunc, type Func } from '../../wasm/module.ts';

/** @param isWhole whether every row is there, in its place: then none is read */
export const partition = (shape: KernelShape, isWhole: boolean): Func =>
  defineFunc({
    name: isWhole ? 'partitionAll' : 'partition',
    params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    result: 'i32',
    body: ([rows, scratch, begin, end, feature, table], local) => {
      const [at, last, left, right] = [local('i32'), local('i32'), local('i32'), local('i32')];
      const [row, goesLeft, base] = [local('i32'), local('i32'), local('i32')];
      const four = i32.const(2);
      return [
        at.set(i32.add(rows.get, i32.shl(begin.get, four))),
        last.set(i32.add(rows.get, i32.shl(end.get, four))),
        left.set(at.get),
        right.set(scratch.get),
        base.set(
          i32.add(i32.mul(feature.get, i32.const(shape.columnBytes)), i32.const(shape.columnsAt)),
        ),
        whileBelow(at, last, [
          row.set(isWhole ? i32.shrU(i32.sub(at.get, rows.get), four) : i32.load(at.get)),
          goesLeft.set(i32.load8U(i32.add(table.get, i32.load8U(i32.add(base.get, row.get))))),
          i32.store(left.get, row.get),
          i32.store(right.get, row.get),
          left.set(i32.add(left.get, i32.shl(goesLeft.get, four))),
          right.set(i32.add(right.get, i32.shl(i32.xor(goesLeft.get, i32.const(1)), four))),
          at.set(i32.add(at.get, i32.const(4))),
        ]),
        copy(left.get, scratch.get, i32.sub(right.get, scratch.get)),
        i32.shrU(i32.sub(left.get, rows.get), four),
      ];
    },
  });

/**
 * Writes the leaf (uint16) of each row below `limit` to `marks`, leaf after leaf: a leaf's rows are in rising order,
 * and `cursors` holds where each leaf's rows go on.
 */
export const mark = (shape: KernelShape): Func =>
  defineFunc({
    name: 'mark',
    params: ['i32', 'i32', 'i32', 'i32', 'i32'],
    body: ([rows, cursors, nLeaves, limit, marks], local) => {
      const [leaf, at, last] = [local('i32'), local('i32'), local('i32')];
      const [cursor, bound, row] = [local('i32'), local('i32'), local('i32')];
      const place = (index: Code): Code => i32.add(rows.get, i32.shl(index, i32.const(2)));
      return [
        cursor.set(cursors.get),
        bound.set(i32.const(shape.boundsAt + 4)),
        whileBelow(leaf, nLeaves, [
          at.set(place(i32.load(cursor.get))),
          last.set(place(i32.load(bound.get))),
          whileBelow(at, last, [
            row.set(i32.load(at.get)),
            breakIf(i32.geU(row.get, limit.get)),
            i32.store16(i32.add(i32.shl(row.get, i32.const(1)), marks.get), leaf.get),
            at.set(i32.add(at.get, i32.const(4))),
          ]),
          i32.store(cursor.get, i32.shrU(i32.sub(at.get, rows.get), i32.const(2))),
          cursor.set(i32.add(cursor.get, i32.const(4))),
          bound.set(i32.add(bound.get, i32.const(8))),
          leaf.set(i32.add(leaf.get, i32.const(1))),
        ]),
      ];
    },
  });
