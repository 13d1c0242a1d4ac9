import { expect, test } from 'bun:test';
import { auc, orderOf } from './metrics.ts';

/** By comparing, whatever the length. */
const plainOrderOf = (probabilities: Float64Array): number[] =>
  Array.from(probabilities.keys()).sort((a, b) => probabilities[a]! - probabilities[b]! || a - b);

test.each([
  3, 4095, 4096, 20_000,
])('the order of %d probabilities is that of comparing, rows of ties in theirs', (nRows) => {
  const edges = [0, -0, 1, 0.5, 5e-324, 2 ** -1022, 1 - 2 ** -53];
  let state = 1;
  const probabilities = Float64Array.from({ length: nRows }, (_, row) => {
    state = (state * 48_271) % 2_147_483_647;
    if (row % 5 === 0) return edges[(row / 5) % edges.length]!;
    return row % 3 === 0 ? Math.round((state / 2_147_483_647) * 50) / 50 : state / 2_147_483_647;
  });
  expect([...orderOf(probabilities)]).toEqual(plainOrderOf(probabilities));
});

test('the AUC of probabilities of which one is NaN is NaN, and found', () => {
  expect(auc(Float64Array.of(0.2, Number.NaN, 0.4), Uint8Array.of(0, 1, 1))).toBeNaN();
  expect(auc(new Float64Array(5000).fill(Number.NaN), new Uint8Array(5000).fill(1, 10))).toBeNaN();
});
