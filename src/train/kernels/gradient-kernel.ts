/**
 * The kernel that moves scores by the last tree and renews the gradients of the log loss.
 * Fast twin of `logisticGradientsInto` in `loss`.
 */
import type { KernelShape } from './kernel-shape.ts';
import {
  EXP_TERMS,
  LN2_HIGH,
  LN2_LOW,
  LOG2E,
  MAX_SCORE,
  ROUND_FACTOR,
  ROUNDER,
  ROW_FACTOR,
} from '../growing/loss.ts';
import {
  type Code,
  f32x4,
  f64x2,
  i32,
  i32x4,
  type Local,
  v128,
  whileBelow,
} from '../../wasm/instructions.ts';
import { defineFunc, type Func } from '../../wasm/module.ts';

/** Four rows at a time: their scores as two pairs of float64, all else in four lanes; the operations of `loss`, in their order. */
export const renewLogistic = (shape: KernelShape): Func =>
  defineFunc({
    name: 'renewLogistic',
    params: ['i32', 'i32', 'i32', 'f64', 'f64', 'f64', 'i32'],
    body: ([begin, end, round, gScale, hScale, rowShare, marks], local) => {
      const [row, record] = [begin, local('i32')];
      // As pointers: an access far beyond its address is checked against the end of the memory, a near one is not.
      const [score, label, ownMarks] = [local('i32'), local('i32'), local('i32')];
      const [start, hash] = [local('v128'), local('v128')];
      const [up, isSampled] = [local('v128'), local('v128')];
      const [gScales, hScales, shares] = [local('v128'), local('v128'), local('v128')];
      const pairs = [local('v128'), local('v128')] as const;
      const [x, whole, r, p] = [local('v128'), local('v128'), local('v128'), local('v128')];
      const ones = local('v128');
      const all = (value: number): Code => (value === 1 ? ones.get : f32x4.const(value));
      const shifted = (by: number): Code => i32x4.shrU(hash.get, i32.const(by));
      /** `hash` = (hash ^ hash >>> by) * factor */
      const mix = (by: number, factor: number): Code =>
        hash.set(
          i32x4.mul(v128.xor(hash.get, shifted(by)), i32x4.const(factor, factor, factor, factor)),
        );
      /** ((hash ^ hash >>> by) >>> 8) / 2^24 */
      const drawn = (by: number): Code =>
        f32x4.mul(
          f32x4.fromI32(i32x4.shrU(v128.xor(hash.get, shifted(by)), i32.const(8))),
          all(2 ** -24),
        );
      const valueAt = (at: number): Code =>
        i32.shl(i32.load16U(ownMarks.get, 2 * at), i32.const(3));
      /** score += value of the row's leaf */
      const moveScores = pairs.map((scores, pair) => {
        const leafValues = v128.load64Lane(1)(
          valueAt(2 * pair + 1),
          v128.load64Zero(valueAt(2 * pair), shape.valuesAt),
          shape.valuesAt,
        );
        return [
          scores.set(f64x2.add(v128.load(score.get, 16 * pair), leafValues)),
          v128.store(score.get, scores.get, 16 * pair),
        ];
      });
      const [low, high] = [f32x4.fromF64(pairs[0].get), f32x4.fromF64(pairs[1].get)];
      const minus = f32x4.sub(all(0), v128.lowHalves(low, high));
      const k = f32x4.sub(whole.get, all(ROUNDER));
      const rest = (from: Code, of: number): Code => f32x4.sub(from, f32x4.mul(k, all(of)));
      const labels = f32x4.fromI32(i32x4.fromBytes(v128.load32Zero(label.get)));
      const gradient = f32x4.sub(p.get, labels);
      const hessian = f32x4.mul(p.get, f32x4.sub(all(1), p.get));
      /** A whole number of 16 bits, rounded down; above it are the bits of `ROUNDER`, whose own lowest 16 are zero. */
      const rounded = (value: Code, scales: Local): Code =>
        f32x4.add(
          f32x4.floor(f32x4.add(f32x4.mul(value, scales.get), up.get)),
          f32x4.const(ROUNDER),
        );
      return [
        gScales.set(f32x4.splat(gScale.get)),
        // Of a constant as simple as 1 the compiler makes a new one, in four instructions, wherever it is used.
        ones.set(f32x4.div(gScales.get, gScales.get)),
        hScales.set(f32x4.splat(hScale.get)),
        shares.set(f32x4.splat(rowShare.get)),
        // The hash of a row and round before it is mixed; four rows on, it is this much more.
        start.set(
          i32x4.add(
            i32x4.mul(
              i32x4.add(i32x4.splat(row.get), i32x4.const(0, 1, 2, 3)),
              i32x4.splat(i32.const(ROW_FACTOR)),
            ),
            i32x4.splat(i32.mul(round.get, i32.const(ROUND_FACTOR))),
          ),
        ),
        record.set(
          i32.add(i32.mul(row.get, i32.const(shape.recordBytes)), i32.const(shape.recordsAt)),
        ),
        score.set(i32.add(i32.shl(row.get, i32.const(3)), i32.const(shape.scoresAt))),
        label.set(i32.add(row.get, i32.const(shape.labelsAt))),
        ownMarks.set(i32.add(i32.shl(row.get, i32.const(1)), marks.get)),
        whileBelow(row, end, [
          hash.set(start.get),
          start.set(i32x4.add(start.get, i32x4.splat(i32.const(Math.imul(4, ROW_FACTOR))))),
          mix(15, 0x2c1b3c6d),
          up.set(drawn(13)),
          mix(13, 0x297a2d39),
          isSampled.set(f32x4.gt(shares.get, drawn(15))),
          moveScores,
          // e^-score = 2^k e^r, with k whole and e^r by its series
          x.set(f32x4.pmax(all(-MAX_SCORE), f32x4.pmin(all(MAX_SCORE), minus))),
          whole.set(f32x4.add(f32x4.mul(x.get, all(LOG2E)), all(ROUNDER))),
          r.set(rest(rest(x.get, LN2_HIGH), LN2_LOW)),
          p.set(all(EXP_TERMS[0]!)),
          EXP_TERMS.slice(1).map((term) => p.set(f32x4.add(f32x4.mul(p.get, r.get), all(term)))),
          // k is in the low bits of the rounded sum, and is added to the exponent.
          p.set(i32x4.add(p.get, i32x4.shl(whole.get, i32.const(23)))),
          // p = 1 / (1 + e^-score)
          p.set(f32x4.div(all(1), f32x4.add(all(1), p.get))),
          // packed = g << 16 | h, both rounded up or down by chance, 0 where the row is not in the sample
          hash.set(
            v128.and(
              v128.or(
                i32x4.shl(rounded(gradient, gScales), i32.const(16)),
                i32x4.maxS(
                  i32x4.const(1, 1, 1, 1),
                  v128.and(rounded(hessian, hScales), i32x4.const(...LOW_BITS)),
                ),
              ),
              isSampled.get,
            ),
          ),
          [0, 1, 2, 3].map((lane) =>
            v128.store32Lane(lane)(record.get, hash.get, lane * shape.recordBytes),
          ),
          record.set(i32.add(record.get, i32.const(4 * shape.recordBytes))),
          score.set(i32.add(score.get, i32.const(32))),
          label.set(i32.add(label.get, i32.const(4))),
          ownMarks.set(i32.add(ownMarks.get, i32.const(8))),
          row.set(i32.add(row.get, i32.const(4))),
        ]),
      ];
    },
  });

const LOW_BITS = [0xffff, 0xffff, 0xffff, 0xffff] as const;
