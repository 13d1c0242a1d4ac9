import { expect, test } from 'bun:test';
import { logit, sigmoid } from './logistic.ts';

test.each([
  [0, 0.5],
  [Math.log(3), 0.75],
  [-Math.log(3), 0.25],
  [800, 1],
  [-800, 0],
])('log-odds of %d are the probability %d', (x, p) => {
  expect(sigmoid(x)).toBeCloseTo(p, 15);
});

test('the inverse gives the log-odds back, and infinity for what is certain', () => {
  for (const x of [-12, -1, 0, 0.3, 7]) expect(logit(sigmoid(x))).toBeCloseTo(x, 9);
  expect(logit(1)).toBe(Number.POSITIVE_INFINITY);
  expect(logit(0)).toBe(Number.NEGATIVE_INFINITY);
});
