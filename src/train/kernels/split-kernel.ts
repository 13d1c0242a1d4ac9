/**
 * The kernel that looks for the best threshold of a quantity in a leaf without bounds, two bins at a time.
 * Fast twin of `scanQuantity` in `split-search`: the same operations on each bin, so the same bits.
 */
import {
  advance,
  type Code,
  f64x2,
  i32,
  i32x4,
  i64x2,
  type Local,
  onlyIf,
  v128,
  whileBelow,
} from '../../wasm/instructions.ts';
import { defineFunc } from '../../wasm/module.ts';

/**
 * Of the cells from `cellAt` on, missing rows first: `bin << 1 | side` of the best split that gains more than `best`, side
 * 1 where missing rows go left; -1 where there is none. Writes its gain to `foundAt` (float64), the left child's packed sums behind it.
 */
export type ScanFree = (
  cellAt: number,
  nBins: number,
  g: number,
  h: number,
  gScale: number,
  hScale: number,
  l2: number,
  parent: number,
  minH: number,
  best: number,
  foundAt: number,
) => number;

export const scanFree = defineFunc({
  name: 'scanFree',
  params: ['i32', 'i32', 'f64', 'f64', 'f64', 'f64', 'f64', 'f64', 'f64', 'f64', 'i32'],
  result: 'i32',
  body: ([cellAt, nBins, g, h, gScale, hScale, l2, parent, minH, best, foundAt], local) => {
    const vector = (): Local => local('v128');
    const [leafG, leafH, gs, hs] = [vector(), vector(), vector(), vector()] as const;
    const [l2s, parents, least, bests] = [vector(), vector(), vector(), vector()] as const;
    const [cells, sums, left, leftH, rest, restH] = [
      ...[vector(), vector(), vector()],
      ...[vector(), vector(), vector()],
    ] as [Local, Local, Local, Local, Local, Local];
    const [gain, isBetter, zeros] = [vector(), vector(), vector()] as const;
    const [at, end, side, found, nSides] = [
      ...[local('i32'), local('i32'), local('i32')],
      ...[local('i32'), local('i32')],
    ] as [Local, Local, Local, Local, Local];
    const splat = (to: Local, from: Local): Code => to.set(f64x2.splat(from.get));
    const real = (sum: Code): Code => f64x2.mul(sum, gs.get);
    const hessian = (sum: Code): Code => f64x2.add(f64x2.mul(sum, hs.get), l2s.get);
    const binOf = (lane: number): Code =>
      i32.add(i32.shrU(i32.sub(at.get, cellAt.get), i32.const(3)), i32.const(lane));
    const take = (lane: 0 | 1): Code =>
      onlyIf(i32x4.extractLane(2 * lane, isBetter.get), [
        v128.store64Lane(lane)(foundAt.get, gain.get),
        v128.store64Lane(lane)(foundAt.get, sums.get, 8),
        splatLane(bests, gain, lane),
        found.set(i32.or(i32.shl(binOf(lane), i32.const(1)), side.get)),
      ]);
    /** Adds the cells to what is left, and looks at the split after each of them. */
    const look: Code = [
      sums.set(
        i64x2.add(
          i64x2.add(cells.get, v128.lowHalves(zeros.get, cells.get)),
          v128.highHalves(sums.get, sums.get),
        ),
      ),
      left.set(f64x2.fromI32(v128.oddWords(sums.get))),
      leftH.set(f64x2.fromU32(v128.evenWords(sums.get))),
      rest.set(real(f64x2.sub(leafG.get, left.get))),
      left.set(real(left.get)),
      restH.set(f64x2.sub(leafH.get, leftH.get)),
      gain.set(
        f64x2.sub(
          f64x2.add(
            f64x2.div(f64x2.mul(left.get, left.get), hessian(leftH.get)),
            f64x2.div(f64x2.mul(rest.get, rest.get), hessian(restH.get)),
          ),
          parents.get,
        ),
      ),
      isBetter.set(
        v128.and(
          v128.and(f64x2.ge(leftH.get, least.get), f64x2.ge(restH.get, least.get)),
          v128.andNot(f64x2.gt(gain.get, bests.get), i64x2.eq(cells.get, zeros.get)),
        ),
      ),
      onlyIf(v128.anyTrue(isBetter.get), [
        take(0),
        isBetter.set(v128.and(isBetter.get, f64x2.gt(gain.get, bests.get))),
        take(1),
      ]),
    ];
    return [
      splat(leafG, g),
      splat(leafH, h),
      splat(gs, gScale),
      splat(hs, hScale),
      splat(l2s, l2),
      splat(parents, parent),
      splat(least, minH),
      splat(bests, best),
      found.set(i32.const(-1)),
      nSides.set(i32.add(i32.const(1), i32.ne(i32.load(cellAt.get), i32.const(0)))),
      // The last bin is a split only where the missing rows are all that goes right.
      end.set(
        i32.add(
          cellAt.get,
          i32.shl(i32.sub(nBins.get, i32.eqz(i32.load(cellAt.get))), i32.const(3)),
        ),
      ),
      whileBelow(side, nSides, [
        sums.set(v128.load64Lane(1)(cellAt.get, zeros.get)),
        // From the left, missing rows are right.
        onlyIf(i32.eqz(side.get), sums.set(zeros.get)),
        at.set(i32.add(cellAt.get, i32.const(8))),
        whileBelow(at, end, [
          onlyIf(
            i32.ltU(i32.add(at.get, i32.const(8)), end.get),
            cells.set(v128.load(at.get)),
            cells.set(v128.load64Zero(at.get)),
          ),
          look,
          advance(at, 16),
        ]),
        end.set(i32.add(cellAt.get, i32.sub(i32.shl(nBins.get, i32.const(3)), i32.const(8)))),
        advance(side, 1),
      ]),
      found.get,
    ];
  },
});

const splatLane = (to: Local, from: Local, lane: 0 | 1): Code =>
  to.set(lane === 0 ? v128.lowHalves(from.get, from.get) : v128.highHalves(from.get, from.get));
