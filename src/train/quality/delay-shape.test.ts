import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { buildDelayQuantile } from '../../core/delay-distribution.ts';
import { buildRandom } from '../../core/random.ts';
import { fitDelayShape } from './delay-shape.ts';

const STEPS = [15, 30, 60];
const LEVELS = [0.5, 0.8, 0.9];

/** Delays of whole minutes of flights that are late more or less often. */
const flights = (n: number) => {
  const random = buildRandom(4);
  const probabilities = Float64Array.from({ length: n }, () => 0.05 + 0.6 * random() ** 2);
  const minutes = Float32Array.from(probabilities, (p) => {
    if (random() >= p)
      return Math.min(14, Math.round(-12 + 20 * p + 8 * (random() + random() - 1)));
    return 15 + Math.floor(-40 * Math.log(1 - random()));
  });
  return { probabilities, minutes, steps: STEPS };
};

const known = flights(40_000);
const shape = fitDelayShape(known);
const quantiles = LEVELS.map((level) => buildDelayQuantile(shape, level));

/** P(delay >= 15), >= 30, >= 60, not rising. */
const survivals = fc
  .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 })
  .map((three) => Float64Array.from(three).sort().reverse());

describe('minutes and probabilities of one flight', () => {
  test('never contradict each other, and a higher level is never earlier', () => {
    fc.assert(
      fc.property(survivals, (survival) => {
        const minutes = quantiles.map((quantile) => quantile(survival, 0));
        LEVELS.forEach((level, l) => {
          STEPS.forEach((step, s) => {
            if (survival[s]! > 1 - level) expect(minutes[l]!).toBeGreaterThanOrEqual(step);
            if (survival[s]! < 1 - level) expect(minutes[l]!).toBeLessThanOrEqual(step);
          });
          if (l > 0) expect(minutes[l]!).toBeGreaterThanOrEqual(minutes[l - 1]!);
          expect(Number.isFinite(minutes[l])).toBe(true);
        });
      }),
      { numRuns: 3000 },
    );
  });

  test('rise without a jump where a flight becomes likelier to be late', () => {
    let last = Number.NEGATIVE_INFINITY;
    for (let p = 0.3; p < 0.7; p += 0.001) {
      const minutes = quantiles[0]!(Float64Array.of(p, p * 0.6, p * 0.3), 0);
      expect(minutes).toBeGreaterThanOrEqual(last);
      if (last > Number.NEGATIVE_INFINITY) expect(minutes - last).toBeLessThan(2);
      last = minutes;
    }
  });

  test('cover the share of flights that they are named for', () => {
    const { probabilities, minutes } = flights(40_000);
    const nFrom = (from: number): number => minutes.filter((one) => one >= from).length;
    const tails = [30, 60].map((from) => nFrom(from) / nFrom(15));
    LEVELS.forEach((level, l) => {
      let nCovered = 0;
      minutes.forEach((own, i) => {
        const p = probabilities[i]!;
        const survival = Float64Array.of(p, p * tails[0]!, p * tails[1]!);
        if (own <= quantiles[l]!(survival, 0)) nCovered++;
      });
      expect(Math.abs(nCovered / minutes.length - level)).toBeLessThan(0.01);
    });
  });

  test('are of all flights of which the same is said, not of those that stand first', () => {
    const constant = fitDelayShape({
      probabilities: new Float64Array(12_000).fill(0.1),
      minutes: Float32Array.from({ length: 12_000 }, (_, i) => (i < 1500 ? 5 : -5)),
      steps: STEPS,
    });
    const median = buildDelayQuantile(constant, 0.5)(Float64Array.of(0.1, 0.05, 0.02), 0);
    expect(Math.abs(median + 5)).toBeLessThanOrEqual(0.5);
  });

  test('are finite also where there was nothing between two steps, or nothing at all', () => {
    for (const minutes of [[], [3], [20, 20], [-5, 100]]) {
      const few = fitDelayShape({
        probabilities: new Float64Array(minutes.length).fill(0.4),
        minutes: Float32Array.from(minutes),
        steps: STEPS,
      });
      for (const level of LEVELS)
        for (const p of [0, 0.3, 0.5, 1])
          expect(
            Number.isFinite(buildDelayQuantile(few, level)(Float64Array.of(p, p / 2, p / 4), 0)),
          ).toBe(true);
    }
  });
});
