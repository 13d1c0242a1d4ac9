import { describe, expect, test } from 'bun:test';
import { psiOf } from './psi.ts';

const shares = [
  { input: 'origin', shares: [0.5, 0.5] },
  { input: 'hour', shares: [0.2, 0.3, 0.5] },
];

describe('the stability index of live inputs', () => {
  test('is 0 when live shares are those of training', () => {
    const drifts = psiOf(shares, Float64Array.of(500, 500, 200, 300, 500));
    expect(drifts.map(({ input, psi }) => [input, psi])).toEqual([
      ['origin', 0],
      ['hour', 0],
    ]);
  });
  test('is the textbook sum when they have moved', () => {
    const [origin] = psiOf(shares, Float64Array.of(800, 200, 0, 0, 0));
    expect(origin!.psi).toBeCloseTo(0.3 * Math.log(0.8 / 0.5) - 0.3 * Math.log(0.2 / 0.5), 12);
    expect(origin!.seen).toBe(1000);
  });
  test('stays finite when a bin is empty', () => {
    expect(psiOf(shares, Float64Array.of(1000, 0, 0, 0, 0))[0]!.psi).toBeLessThan(10);
  });
  test('says nothing of an input that was hardly seen', () => {
    expect(psiOf(shares, Float64Array.of(3, 1, 0, 0, 0))).toEqual([]);
  });
});
