import { expect, test } from 'bun:test';
import { bucketOf, buildCounts, highOf, lowOf } from '../../core/latency.ts';
import { buildRandom } from '../../core/random.ts';
import type { Window } from '../coordinator/window.ts';
import { bucketOfUs, SCALE } from '../generator/tally.ts';
import { minSamples, quantileInterval, rankInterval } from './interval.ts';
import { findCostlyStep, findKnee, findPower, type LoadPoint, reportKnee } from './knee.ts';
import { auditLittle, inFlightOf } from './little.ts';
import { judgeSteadiness, mser5, slopeOf } from './steady.ts';
import { fitUsl, throughputAt } from './usl.ts';

const truth = { gamma: 1500, alpha: 0.03, beta: 0.0004 };
const LOADS = [1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128];

test('USL: exact points give their parameters back', () => {
  const fit = fitUsl(LOADS.map((n) => ({ n, x: throughputAt(truth, n) })))!;
  expect(fit.gamma).toBeCloseTo(1500, 4);
  expect(fit.alpha).toBeCloseTo(0.03, 8);
  expect(fit.beta).toBeCloseTo(0.0004, 9);
  expect(fit.peakN!).toBeCloseTo(Math.sqrt(0.97 / 0.0004), 3);
  expect(fit.r2).toBeCloseTo(1, 9);
});

test('USL: eleven points with 2 % noise give the parameters within a few percent', () => {
  const random = buildRandom(3);
  const points = LOADS.map((n) => ({
    n,
    x: throughputAt(truth, n) * (1 + 0.04 * (random() - 0.5)),
  }));
  const fit = fitUsl(points)!;
  expect(Math.abs(fit.gamma / 1500 - 1)).toBeLessThan(0.03);
  expect(Math.abs(fit.peakN! / 49.2 - 1)).toBeLessThan(0.05);
  expect(fit.peakXRange![0]).toBeLessThan(fit.peakX!);
  expect(fit.peakXRange![1]).toBeGreaterThan(fit.peakX!);
});

test('USL: without coherency there is a ceiling and no peak', () => {
  const flat = { gamma: 1000, alpha: 0.1, beta: 0 };
  const fit = fitUsl(LOADS.map((n) => ({ n, x: throughputAt(flat, n) })))!;
  expect(fit.peakN).toBeNull();
  expect(fit.peakX!).toBeCloseTo(10_000, 0);
});

test('USL: a curve that the points do not follow says so itself', () => {
  const measured = [32_746, 18_914, 38_431, 37_502, 37_466, 42_101, 58_687, 78_424];
  const points = measured.map((x, i) => ({ n: 2 ** i, x }));
  expect(fitUsl(points)!.sentence).toContain('do not rely on it');
  const level = points.map(({ n }) => ({ n, x: n % 3 === 1 ? 498 : 502 }));
  expect(fitUsl(level)!.r2).toBeLessThan(0.9);
  expect(fitUsl(level)!.sentence).not.toContain('do not rely');
});

test('USL: five points are too few', () => {
  expect(fitUsl(LOADS.slice(0, 5).map((n) => ({ n, x: n * 100 })))).toBeNull();
});

test("Kneedle: the reference's figure has its knee at 0.222", () => {
  const x = Array.from({ length: 10 }, (_, i) => i / 9);
  const y = x.map((value) => -1 / (value + 0.1) + 5);
  expect(x[findKnee(x, y)!]).toBeCloseTo(0.222, 3);
});

test('Kneedle: a straight line has no knee', () => {
  const x = [1, 2, 3, 4, 5];
  expect(findKnee(x, x)).toBeNull();
});

const POINTS: readonly LoadPoint[] = [
  { load: 1, throughput: 100, meanMs: 10, p99Ms: 12 },
  { load: 2, throughput: 198, meanMs: 10.1, p99Ms: 13 },
  { load: 4, throughput: 380, meanMs: 10.5, p99Ms: 15 },
  { load: 8, throughput: 400, meanMs: 20, p99Ms: 50 },
];

test('power is greatest where throughput over time is', () => {
  expect(findPower(POINTS)).toBe(2);
});

test('the costly step is the one that doubles p99 for a tenth of the gain', () => {
  expect(findCostlyStep(POINTS)).toBe(2);
});

test('MSER-5 cuts a planted beginning off, and nothing from a level series', () => {
  const random = buildRandom(7);
  const noise = () => 100 + 4 * (random() - 0.5);
  const level = Array.from({ length: 200 }, noise);
  const rising = Array.from({ length: 30 }, (_, i) => 3 * i);
  expect(mser5([...rising, ...level])).toBe(30);
  expect(mser5(level)).toBeLessThanOrEqual(50);
  expect(mser5(Array.from({ length: 100 }, (_, i) => i))).toBeGreaterThan(0);
});

test('a level series is steady, a drifting one and a short one are not', () => {
  const level = new Array<number>(200).fill(100);
  expect(judgeSteadiness(level, 0.1)).toMatchObject({ steady: true, settledAfterS: 0 });
  const drifting = level.map((value, i) => value * (1 + i / 100));
  expect(judgeSteadiness(drifting, 0.1).steady).toBe(false);
  expect(judgeSteadiness(level.slice(0, 50), 0.1).steady).toBe(false);
  expect(slopeOf([1, 3, 5, 7])).toBe(2);
});

test("Little's law: N = X R, and a window that breaks it is flagged", () => {
  expect(inFlightOf(1000, 50)).toBe(50);
  const window = (inFlight: number): Window =>
    ({
      seconds: 1,
      ok: 1000,
      serviceMeanMs: 50,
      inFlight,
      httpError: 0,
      socketError: 0,
      timeout: 0,
    }) as Window;
  const audit = auditLittle([window(1), window(50), window(51), window(70), window(1)]);
  expect(audit).toMatchObject({ nWindows: 3, nFlagged: 1 });
});

test.each([
  [0.99, 299],
  [0.999, 2995],
  [0.9999, 29_956],
])('an upper bound on the %f quantile needs %d samples', (p, n) => {
  expect(minSamples(p)).toBe(n);
});

test('the ranks around a quantile are n p plus and minus 1.96 deviations', () => {
  expect(rankInterval(10_000, 0.5)).toEqual([4902, 5099]);
  expect(rankInterval(100, 0.99)).toBeNull();
});

test('the interval of a quantile covers the truth about 95 times in 100', () => {
  const random = buildRandom(11);
  let covered = 0;
  for (let round = 0; round < 200; round++) {
    const counts = buildCounts(SCALE);
    for (let i = 0; i < 1000; i++) counts[bucketOfUs(-10_000 * Math.log(1 - random()))]!++;
    const [low, high] = quantileInterval(counts, 0.9)!;
    const truthMs = 10 * Math.log(10);
    if (low <= truthMs && truthMs <= high) covered++;
  }
  expect(covered).toBeGreaterThan(180);
});

test("the shard's bucket is the core's bucket, for every power of two and its neighbours", () => {
  for (let power = 0; power <= 30; power++) {
    for (const near of [-1, 0, 1]) {
      const us = 2 ** power + near;
      if (us < 0) continue;
      expect(bucketOfUs(us)).toBe(bucketOf(SCALE, us));
      if (us < 2 ** 30) {
        expect(lowOf(SCALE, bucketOfUs(us))).toBeLessThanOrEqual(us);
        expect(highOf(SCALE, bucketOfUs(us))).toBeGreaterThanOrEqual(us);
      }
    }
  }
  expect(bucketOfUs(-3)).toBe(0);
  expect(bucketOfUs(1234.9)).toBe(1234);
});

test('where nothing was answered there is no knee to report', () => {
  const silent = LOADS.map((load) => ({ load, throughput: 0, meanMs: 0, p99Ms: 0 }));
  expect(reportKnee(silent)).toBeNull();
});
