import { describe, expect, test } from 'bun:test';
import { buildPressure } from './overload-detector.ts';

/** Probes with the given delays, one after the other. */
const feed = (pressure: ReturnType<typeof buildPressure>, delays: readonly number[], from = 0) =>
  delays.reduce((nowMs, delayMs) => {
    const nextMs = nowMs + 10 + delayMs;
    pressure.probe(nextMs);
    return nextMs;
  }, from);

describe('pressure on the event loop', () => {
  test('stands when the least delay of a whole interval is above the target', () => {
    const pressure = buildPressure(25, 500, 0);
    feed(pressure, Array(20).fill(40));
    expect(pressure.isStanding()).toBe(true);
  });
  test('does not stand for a burst, however large', () => {
    const pressure = buildPressure(25, 500, 0);
    feed(pressure, [0, 400, 400, 0, 300, 300, 0, 0]);
    expect(pressure.isStanding()).toBe(false);
  });
  test('is gone with the first probe in time', () => {
    const pressure = buildPressure(25, 500, 0);
    const nowMs = feed(pressure, Array(20).fill(40));
    feed(pressure, [1], nowMs);
    expect(pressure.isStanding()).toBe(false);
  });
});
