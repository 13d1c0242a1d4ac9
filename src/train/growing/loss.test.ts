import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  dither,
  logisticGradient,
  logisticGradientsInto,
  logLossOfScores,
  quantaOf,
  quantumLimits,
} from './loss.ts';

const lossAt = (score: number, label: number): number =>
  logLossOfScores(Float64Array.of(score), Uint8Array.of(label));

describe('the log loss', () => {
  test('has the gradient and hessian that finite differences show', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -8, max: 8, noNaN: true }),
        fc.integer({ min: 0, max: 1 }),
        (score, label) => {
          const step = 1e-4;
          const { g, h } = logisticGradient(score, label);
          const [below, at, above] = [-step, 0, step].map((by) => lossAt(score + by, label));
          expect(Math.abs((above! - below!) / (2 * step) - g)).toBeLessThan(1e-6);
          expect(Math.abs((above! - 2 * at! + below!) / step ** 2 - h)).toBeLessThan(1e-5);
        },
      ),
    );
  });

  test('keeps its gradient in whole numbers, right to one quantum', () => {
    const scores = Float64Array.from({ length: 1000 }, (_, i) => (i - 500) / 60);
    const labels = Uint8Array.from({ length: 1000 }, (_, i) => i & 1);
    const quanta = quantaOf(1000);
    const packed = new Int32Array(1000);
    logisticGradientsInto(scores, labels, { round: 3, rowShare: 1, quanta }, packed);
    for (let i = 0; i < 1000; i++) {
      const { g, h } = logisticGradient(scores[i]!, labels[i]!);
      expect(Math.abs((packed[i]! >> 16) - g * quanta.gScale)).toBeLessThan(1.01);
      expect(Math.abs((packed[i]! & 0xffff) - h * quanta.hScale)).toBeLessThan(1.01);
    }
  });

  test.each([1, 1000, 100_000, 30_000_000])('can sum %d rows without leaving 32 bits', (nRows) => {
    const { g, h } = quantumLimits(nRows);
    expect(g * nRows).toBeLessThan(2 ** 31);
    expect(h * nRows).toBeLessThan(2 ** 32);
  });

  test('rounds without bias', () => {
    let sum = 0;
    for (let row = 0; row < 100_000; row++) sum += dither(row, 7);
    expect(Math.abs(sum / 100_000 - 0.5)).toBeLessThan(0.003);
  });
});
