/**
 * The kernel that moves scores by the last tree and renews the gradients of the log loss.
 * Fast twin of `logisticGradientsInto` in `loss`.
 */
import type { KernelShape } from './kernel-shape.ts';
import { EXP_TERMS, LN2_HIGH, LN2_LOW, ROUNDER } from '../growing/loss.ts';
import {
  type Code,
  f64x2,
  i32,
  i32x4,
  i64,
  i64x2,
  type Local,
  v128,
  whileBelow,
} from '../../wasm/instructions.ts';
import { defineFunc, type Func } from '../../wasm/module.ts';

/** Four rows at a time, as two pairs of float64 and four int32: the operations of `loss`, in their order. */
export const renewLogistic = (shape: KernelShape): Func =>
  defineFunc({
    name: 'renewLogistic',
    params: ['i32', 'i32', 'i32', 'f64', 'f64', 'f64', 'i32'],
    body: ([begin, end, round, gScale, hScale, rowShare, marks], local) => {
      const [row, record] = [begin, local('i32')];
      const [hash, roundHash, labels] = [local('v128'), local('v128'), local('v128')];
      const [roundingDraws, sampleDraws] = [local('v128'), local('v128')];
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
        i32.shl(
          i32.load16U(i32.add(i32.shl(row.get, i32.const(1)), marks.get), 2 * at),
          i32.const(3),
        );
      const scoreAt = i32.shl(row.get, i32.const(3));
      const whole = (value: Code): Code => f64x2.add(value, f64x2.const(ROUNDER));
      const steps = pairs.map(({ x, k, p, up, packed, keep }, pair) => {
        const leafValues = v128.load64Lane(1)(
          valueAt(2 * pair + 1),
          v128.load64Zero(valueAt(2 * pair), shape.valuesAt),
          shape.valuesAt,
        );
        const scoresAt = shape.scoresAt + 16 * pair;
        const clamped = f64x2.pmax(f64x2.const(-700), f64x2.pmin(f64x2.const(700), x.get));
        const doublings = f64x2.mul(x.get, f64x2.const(Math.LOG2E));
        const high = f64x2.sub(x.get, f64x2.mul(k.get, f64x2.const(LN2_HIGH)));
        // 2^k: k + 1023 is in the low bits of the rounded sum, and moves into the exponent.
        const power = i64x2.shl(whole(f64x2.add(k.get, f64x2.const(1023))), i32.const(52));
        const gradient = f64x2.sub(p.get, f64x2.fromI32(half(labels.get, pair)));
        const hessian = f64x2.mul(p.get, f64x2.sub(f64x2.const(1), p.get));
        const rounded = (value: Code, scale: Local): Code =>
          f64x2.floor(f64x2.add(f64x2.mul(value, f64x2.splat(scale.get)), up.get));
        const isSampled = f64x2.gt(f64x2.splat(rowShare.get), unit(sampleDraws.get, pair));
        return [
          // score += value of the row's leaf
          x.set(f64x2.add(v128.load(scoreAt, scoresAt), leafValues)),
          v128.store(scoreAt, x.get, scoresAt),
          // e^-score = 2^k e^r, with k whole and e^r by its series
          x.set(f64x2.sub(f64x2.const(0), clamped)),
          k.set(f64x2.sub(whole(doublings), f64x2.const(ROUNDER))),
          x.set(f64x2.sub(high, f64x2.mul(k.get, f64x2.const(LN2_LOW)))),
          p.set(f64x2.const(EXP_TERMS[0])),
          EXP_TERMS.slice(1).map((term) =>
            p.set(f64x2.add(f64x2.mul(p.get, x.get), f64x2.const(term))),
          ),
          // p = 1 / (1 + e^-score)
          p.set(f64x2.div(f64x2.const(1), f64x2.add(f64x2.const(1), f64x2.mul(p.get, power)))),
          // packed = g << 16 | h, both rounded up or down by chance, 0 where the row is not in the sample
          up.set(unit(roundingDraws.get, pair)),
          packed.set(
            v128.or(
              i32x4.shl(whole(rounded(gradient, gScale)), i32.const(16)),
              v128.and(
                whole(f64x2.pmax(f64x2.const(1), rounded(hessian, hScale))),
                i64x2.splat(i64.const(0xffff)),
              ),
            ),
          ),
          keep.set(isSampled),
          packed.set(v128.and(packed.get, keep.get)),
        ];
      });
      return [
        roundHash.set(i32x4.splat(i32.mul(round.get, i32.const(0x85ebca6b)))),
        whileBelow(row, end, [
          hash.set(
            i32x4.add(
              i32x4.mul(
                i32x4.add(i32x4.splat(row.get), i32x4.const(0, 1, 2, 3)),
                i32x4.splat(i32.const(0x9e3779b9)),
              ),
              roundHash.get,
            ),
          ),
          mix(15, 0x2c1b3c6d),
          roundingDraws.set(drawn(13)),
          mix(13, 0x297a2d39),
          sampleDraws.set(drawn(15)),
          labels.set(i32x4.fromBytes(v128.load32Zero(row.get, shape.labelsAt))),
          steps,
          hash.set(v128.evenLanes(pairs[0]!.packed.get, pairs[1]!.packed.get)),
          record.set(i32.mul(row.get, i32.const(shape.recordBytes))),
          [0, 1, 2, 3].map((lane) =>
            v128.store32Lane(lane)(
              record.get,
              hash.get,
              shape.recordsAt + lane * shape.recordBytes,
            ),
          ),
          row.set(i32.add(row.get, i32.const(4))),
        ]),
      ];
    },
  });
