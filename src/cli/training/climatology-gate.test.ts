import { expect, test } from 'bun:test';
import { wordsOf } from '../../report/training/verdict.ts';
import type { Comparison } from '../../train/quality/comparison.ts';
import { refusalBy } from './climatology-gate.ts';

const NOTHING = { value: 0, interval: null };

const against = (
  value: number,
  interval: { low: number; high: number } | null,
  standing: Comparison['standing'] = 'undecided',
): Comparison => ({
  against: 'climatology',
  flights: 500,
  days: interval === null ? 5 : 60,
  logLoss: { value, interval },
  brier: NOTHING,
  auc: NOTHING,
  standing,
});
const refusalOf = (comparison: Comparison): string | undefined =>
  refusalBy({ comparisons: [comparison] });

test('a model is refused by its log loss as measured, and told in the same breath what chance could have done', () => {
  const unsure = against(-0.003, { low: -0.022, high: 0.012 });
  expect(refusalOf(unsure)).toBe(
    "on the test days its log loss is 0.3 % above climatology's, a difference within chance (95 % interval −1.2 to +2.2 %)",
  );
  // The report of the same model.
  expect(wordsOf(unsure)).toBe(
    'its difference from climatology (airline × hour) is within chance: log loss +0.3 %, 95 % interval −1.2 to +2.2 %',
  );
  const worse = against(-0.05, { low: -0.08, high: -0.02 }, 'worse');
  expect(refusalOf(worse)).toBe(
    "on the test days its log loss is 5.0 % above climatology's, a difference beyond chance (95 % interval +2.0 to +8.0 %)",
  );
  expect(refusalOf(against(-0.05, null))).toBe(
    "on the test days its log loss is 5.0 % above climatology's; 5 days are too few to tell a difference from chance",
  );
  expect(refusalOf(against(0, null))).toStartWith(
    "on the test days its log loss is level with climatology's;",
  );
});

test('a model that gains is let through, within chance or beyond it', () => {
  expect(refusalOf(against(0.001, { low: -0.02, high: 0.03 }))).toBeUndefined();
  expect(refusalOf(against(0.05, { low: 0.02, high: 0.08 }, 'better'))).toBeUndefined();
});
