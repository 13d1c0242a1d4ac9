import { expect, test } from 'bun:test';
import { judgedWithin } from './judged-memory.ts';

test('the larger the plan of departures, the fewer flights; below ten thousand it is said how much is needed', () => {
  const { maxRows } = judgedWithin(400);
  expect(maxRows(0)).toBe(66_666);
  expect(maxRows(75e6)).toBe(16_666);
  expect(() => maxRows(90e6)).toThrow(
    '--memory 400MB is too little to judge these flights: the plan of all departures, which the model asks for, takes 90 MB of it so far; give at least 405MB, or fewer days',
  );
});
