import { expect, test } from 'bun:test';
import { longestGap } from '../coordinator/timeline.ts';
import { parseFaults } from './fault.ts';
import { findRecovered } from './recovery.ts';

const slots = (...parts: readonly (readonly [number, number])[]): number[] =>
  parts.flatMap(([length, value]) => new Array<number>(length).fill(value));

const FROM_100 = { from: 100, end: 400, okPerSlotBefore: 10 };

test('the longest gap is the longest run of empty slots after the fault', () => {
  const ok = slots([50, 0], [100, 5], [7, 0], [20, 5], [3, 0], [100, 5]);
  expect(longestGap(ok, { from: 100, end: ok.length })).toEqual({ fromMs: 1500, lengthMs: 70 });
});

test('recovered means a whole second without failure at nine tenths of the rate before', () => {
  const ok = slots([100, 10], [30, 0], [20, 4], [300, 10]);
  const bad = slots([100, 0], [5, 3], [345, 0]);
  const recovered = findRecovered({ ok, bad }, { from: 100, end: ok.length, okPerSlotBefore: 10 })!;
  expect(recovered).toBeGreaterThanOrEqual(130);
  expect(recovered).toBeLessThanOrEqual(150);
});

test('a service that does not come back within the run has not recovered', () => {
  const ok = slots([100, 10], [300, 2]);
  expect(findRecovered({ ok, bad: slots([400, 0]) }, FROM_100)).toBeNull();
});

test('a fault that nobody noticed is recovered at once', () => {
  expect(findRecovered({ ok: slots([400, 10]), bad: slots([400, 0]) }, FROM_100)).toBe(100);
});

test.each([
  ['kill-worker@10s', { kind: 'kill-worker', atMs: 10_000, lastsMs: 0 }],
  ['pause-worker@10s+2s', { kind: 'pause-worker', lastsMs: 2000 }],
  ['slow-clients@500ms+5s:300', { atMs: 500, lastsMs: 5000, count: 300 }],
])('%s is understood', (text, plan) => {
  expect(parseFaults(text, 60_000)[0]).toMatchObject(plan);
});

test.each([
  ['kill-worker', 'is not understood'],
  ['explode@3s', 'is not understood'],
  ['pause-worker@3s', 'needs a length'],
  ['reload@3s+1s', 'happens in a moment'],
  ['kill-worker@90s', 'does not end within the run'],
])('%s is refused', (text, reason) => {
  expect(() => parseFaults(text, 60_000)).toThrow(reason);
});
