import { expect, test } from 'bun:test';
import type { Comparison } from '../../train/quality/comparison.ts';
import { formatGain, standingAgainst, wordsOf } from './verdict.ts';

const comparisonOf = (
  standing: Comparison['standing'],
  value: number,
  low: number,
  high: number,
): Comparison => ({
  against: 'climatology',
  flights: 9000,
  days: 30,
  standing,
  logLoss: { value, interval: { low, high } },
  brier: { value, interval: { low, high } },
  auc: { value: 0.02, interval: { low: 0.01, high: 0.03 } },
});

test('the end of an interval beyond chance does not read as 0', () => {
  expect(wordsOf(comparisonOf('better', 0.01, 0.0003, 0.019))).toBe(
    'it beats climatology (airline × hour) (log loss −1.00 [−1.90 to −0.03] %, AUC +0.020 [+0.010 to +0.030])',
  );
  expect(wordsOf(comparisonOf('better', 0.01, 0.001, 0.019))).toContain('−1.0 [−1.9 to −0.1] %');
  expect(standingAgainst(comparisonOf('worse', -0.01, -0.019, -0.00002))).toBe(
    "its log loss is 1.000 % above climatology's, a difference beyond chance (95 % interval +0.002 to +1.900 %)",
  );
  expect(formatGain(0.01, { low: 0.0004, high: 0.02 })).toBe('+1.00 % (+0.04 to +2.00)');
});

test('an interval across 0 says on which side each end lies', () => {
  expect(wordsOf(comparisonOf('undecided', 0.01, -0.0003, 0.019))).toBe(
    'its difference from climatology (airline × hour) is within chance: log loss −1.00 %, 95 % interval −1.90 to +0.03 %',
  );
});
