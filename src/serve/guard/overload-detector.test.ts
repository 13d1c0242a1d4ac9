import { describe, expect, test } from 'bun:test';
import { buildOverloadDetector } from './overload-detector.ts';

/** Probes with the given delays, one after the other. */
const feed = (
  overload: ReturnType<typeof buildOverloadDetector>,
  delays: readonly number[],
  from = 0,
) =>
  delays.reduce(
    ({ nowMs, probeMs }, delayMs) => {
      const nextMs = nowMs + probeMs + delayMs;
      return { nowMs: nextMs, probeMs: overload.probe(nextMs) };
    },
    { nowMs: from, probeMs: 10 },
  );

describe('overload on the event loop', () => {
  test('stands when the least delay of a whole interval is above the target', () => {
    const overload = buildOverloadDetector(25, 500, 0);
    feed(overload, Array(20).fill(40));
    expect(overload.isStanding()).toBe(true);
  });
  test('does not stand for a burst, however large', () => {
    const overload = buildOverloadDetector(25, 500, 0);
    feed(overload, [0, 400, 400, 0, 300, 300, 0, 0]);
    expect(overload.isStanding()).toBe(false);
  });
  test('is gone with the first probe in time', () => {
    const overload = buildOverloadDetector(25, 500, 0);
    const { nowMs } = feed(overload, Array(20).fill(40));
    feed(overload, [1], nowMs);
    expect(overload.isStanding()).toBe(false);
  });
  test('is not what a loop is late for that had nothing to do', () => {
    const overload = buildOverloadDetector(25, 500, 0);
    expect(overload.probe(10 + 16, 16)).toBe(20);
    expect(overload.delayMs()).toBe(0);
    overload.probe(10 + 16 + 20 + 16, 10);
    expect(overload.delayMs()).toBe(6);
  });
  test('a loop that keeps time is left alone more and more, one that lags is looked at again at once', () => {
    const overload = buildOverloadDetector(25, 500, 0);
    const calm = feed(overload, Array(5).fill(0));
    expect(calm.probeMs).toBe(80);
    expect(overload.probe(calm.nowMs + 80 + 40)).toBe(10);
    expect(overload.delayMs()).toBe(40);
  });
});
