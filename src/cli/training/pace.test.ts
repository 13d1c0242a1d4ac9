import { expect, test } from 'bun:test';
import { buildPace } from './pace.ts';

const roundOf = (round: number) => ({
  head: 'late 15',
  round,
  nRounds: 10,
  nRows: 2_000_000,
  trainLoss: 0.5,
  validationLoss: 0.6,
});

test('the pace is that of the trees, not of what came before the first, and is told once it is known', () => {
  let now = 7000;
  const paceOf = buildPace(() => now);
  expect(paceOf(roundOf(1))).toBe('late 15: loss 0.5000, later flights 0.6000');
  now += 4000;
  expect(paceOf(roundOf(5))).toBe(
    'late 15: loss 0.5000, later flights 0.6000, 2.0 M rows/s, at most 5 s left',
  );
});

test('a loss of later flights is told only where there are any', () => {
  const paceOf = buildPace(() => 0);
  expect(paceOf({ ...roundOf(1), validationLoss: null })).toBe('late 15: loss 0.5000');
});

test('each answer of the model starts its own clock', () => {
  let now = 0;
  const paceOf = buildPace(() => now);
  paceOf(roundOf(1));
  now = 60_000;
  paceOf(roundOf(1));
  now += 2000;
  expect(paceOf(roundOf(5))).toContain('4.0 M rows/s, at most 3 s left');
});
