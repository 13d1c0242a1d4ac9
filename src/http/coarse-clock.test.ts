import { expect, test } from 'bun:test';
import { buildCoarseClock } from './coarse-clock.ts';

test('the clock goes with the system, and stands still while the process does', () => {
  let systemMs = 5000;
  const clock = buildCoarseClock(() => systemMs);
  const startMs = clock.nowMs;
  const after = (ms: number): number => {
    systemMs += ms;
    clock.tick();
    return clock.nowMs - startMs;
  };
  expect(after(100)).toBe(100);
  expect(after(900)).toBe(1000);
  expect(after(60_000)).toBe(2000);
  expect(after(100)).toBe(2100);
});
