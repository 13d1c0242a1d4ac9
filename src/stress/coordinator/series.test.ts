import { expect, test } from 'bun:test';
import {
  bucketOf,
  buildCounts,
  decodeCounts,
  encodeCounts,
  quantileOf,
  totalOf,
} from '../../core/latency.ts';
import { bucketOfUs, SCALE } from '../generator/tally.ts';
import { buildSeries } from './series.ts';
import { COARSE_SCALE, mergeBeside, type Window } from './window.ts';

/** A second of `ok` answers that all took `ms`. */
const windowAt = (second: number, ok = 100, ms = 2): Window => {
  const heat = buildCounts(COARSE_SCALE);
  heat[bucketOf(COARSE_SCALE, ms * 1000)]! += ok;
  return {
    second,
    seconds: 1,
    planned: ok + 1,
    ok,
    httpError: 1,
    socketError: 0,
    timeout: 0,
    unanswered: 0,
    sent: 0,
    reasons: {},
    dropped: 0,
    wrong: 0,
    reopened: 0,
    p50Ms: ms,
    p99Ms: ms,
    maxMs: ms,
    serviceP50Ms: ms,
    serviceMeanMs: ms,
    heat: encodeCounts(heat),
    slotMs: 10,
    okSlots: new Array<number>(100).fill(ok / 100),
    badSlots: [1, ...new Array<number>(99).fill(0)],
    nOpen: second,
    inFlight: second % 2,
    waiting: 0,
    busy: 0.5,
    starved: 0,
    service: 0.3,
    idle: 0.2,
    rssBytes: 1000,
  };
};

const seriesOf = (windows: readonly Window[], maxWindows?: number): readonly Window[] => {
  const series = buildSeries(maxWindows);
  for (const window of windows) series.add(window);
  return series.windows();
};

const sum = (windows: readonly Window[], read: (window: Window) => number): number =>
  windows.reduce((total, window) => total + read(window), 0);

test('a day of seconds takes no more windows than ten minutes, and no count is lost', () => {
  const seconds = Array.from({ length: 86_400 }, (_, second) => windowAt(second));
  const windows = seriesOf(seconds);
  expect(windows.length).toBeLessThanOrEqual(600);
  expect(sum(windows, ({ ok }) => ok)).toBe(8_640_000);
  expect(sum(windows, ({ httpError }) => httpError)).toBe(86_400);
  expect(sum(windows, ({ seconds }) => seconds)).toBe(86_400);
  expect(sum(windows, ({ heat }) => totalOf(decodeCounts(COARSE_SCALE, heat)))).toBe(8_640_000);
  expect(sum(windows, ({ okSlots }) => totalOf(okSlots))).toBeCloseTo(8_640_000, 3);
  expect(sum(windows, ({ badSlots }) => totalOf(badSlots))).toBe(86_400);
  expect(new Set(windows.map(({ slotMs }) => slotMs)).size).toBe(1);
});

test('a short run keeps its seconds as they are', () => {
  const seconds = Array.from({ length: 600 }, (_, second) => windowAt(second));
  expect(seriesOf(seconds)).toEqual(seconds);
});

test('windows lie at multiples of their length, also after seconds that nobody reported', () => {
  const seconds = [0, 1, 5, 6, 7, 12].map((second) => windowAt(second));
  const windows = seriesOf(seconds, 3);
  expect(windows.map(({ second }) => second)).toEqual([0, 4, 12]);
  expect(windows.map(({ seconds }) => seconds)).toEqual([2, 3, 1]);
  expect(windows[1]!.badSlots.flatMap((count, slot) => (count > 0 ? [slot] : []))).toEqual([
    25, 50, 75,
  ]);
});

test('what is a state keeps its last value, what is a level its mean over time', () => {
  const [window] = seriesOf([windowAt(0), windowAt(1), windowAt(2), windowAt(3)], 1);
  expect(window).toMatchObject({ seconds: 4, nOpen: 3, inFlight: 0.5, service: 0.3 });
});

test('quantiles of seconds put together lie between theirs, near the truth', () => {
  const [window] = seriesOf([windowAt(0, 990, 2), windowAt(1, 10, 80)], 1);
  const fine = buildCounts(SCALE);
  fine[bucketOfUs(2000)]! += 990;
  fine[bucketOfUs(80_000)]! += 10;
  expect(window!.maxMs).toBe(80);
  expect(window!.p50Ms! / 2).toBeLessThan(1.13);
  const truth = quantileOf(SCALE, fine, 0.99) / 1000;
  expect(window!.p99Ms!).toBeGreaterThanOrEqual(2);
  expect(window!.p99Ms! / truth).toBeLessThan(1.13);
});

test('the same second of two generators: counts, connections and requests in flight add up', () => {
  const both = mergeBeside(windowAt(7, 100, 2), windowAt(7, 300, 4));
  expect(both).toMatchObject({ second: 7, seconds: 1, ok: 400, nOpen: 14, inFlight: 2, maxMs: 4 });
  expect(both.okSlots[5]).toBe(4);
  expect(totalOf(decodeCounts(COARSE_SCALE, both.heat))).toBe(400);
});
