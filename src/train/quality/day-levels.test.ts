import { expect, setDefaultTimeout, test } from 'bun:test';
import { buildRandom } from '../../core/random.ts';
import { dayWeights } from './day-levels.ts';

/** A machine may be busy. */
setDefaultTimeout(60_000);

const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Days of which each keeps a share of the one before it. */
const daysOf = (n: number, kept: number, seed: number) => {
  const random = buildRandom(seed);
  let level = normal(random);
  return {
    days: Int32Array.from({ length: n }, (_, d) => 15_000 + d),
    excess: Float64Array.from({ length: n }, () => {
      level = kept * level + Math.sqrt(1 - kept ** 2) * normal(random);
      return 0.1 * level;
    }),
    chance: new Float64Array(n).fill(1e-4),
  };
};

/** Of the last days, how much more than a day in the mean. */
const lastOf = (weights: Float64Array): number => weights.at(-1)! - 1 / weights.length;

test('the last day counts as far as days were like the day before', () => {
  const tomorrow = { first: 1, last: 1 };
  const apart = dayWeights(daysOf(400, 0, 1), tomorrow);
  const alike = dayWeights(daysOf(400, 0.5, 2), tomorrow);
  expect(Math.abs(lastOf(apart))).toBeLessThan(0.05);
  // The best guess of tomorrow keeps half of today.
  expect(lastOf(alike)).toBeGreaterThan(0.35);
  expect(lastOf(alike)).toBeLessThan(0.65);
  const month = dayWeights(daysOf(400, 0.5, 2), { first: 1, last: 30 });
  expect(lastOf(month)).toBeLessThan(0.06);
});

test('a season that lasts is seen through days that differ', () => {
  const shareOfLast = (seed: number, more: number): number => {
    const known = daysOf(240, 0, seed);
    const excess = known.excess.map((one, d) => one + (d < 180 ? 0 : more));
    const weights = dayWeights({ ...known, excess }, { first: 1, last: 7 });
    return weights.slice(180).reduce((sum, weight) => sum + weight, 0);
  };
  const seeds = [3, 4, 5, 6];
  const meanOf = (more: number): number =>
    seeds.reduce((sum, seed) => sum + shareOfLast(seed, more) / seeds.length, 0);
  expect(meanOf(0.25)).toBeGreaterThan(0.6);
  // A quarter of the days, and now and then chance that looks like a season.
  expect(meanOf(0)).toBeLessThan(0.45);
});

test('days with few flights count less, gaps are time that passed, and one day is enough', () => {
  const known = daysOf(100, 0, 4);
  const uneven = { ...known, chance: known.chance.map((one, d) => (d < 50 ? 1 : one)) };
  const weights = dayWeights(uneven, { first: 1, last: 30 });
  expect(weights.slice(0, 50).reduce((sum, weight) => sum + weight, 0)).toBeLessThan(0.1);
  const gap = daysOf(100, 0.5, 5);
  gap.days.forEach((day, d) => {
    gap.days[d] = d < 99 ? day : day + 200;
  });
  for (const weight of dayWeights(gap, { first: 1, last: 30 }))
    expect(weight).toBeGreaterThanOrEqual(0);
  const one = { days: Int32Array.of(3), excess: Float64Array.of(0.1), chance: Float64Array.of(1) };
  expect([...dayWeights(one, { first: 1, last: 1 })]).toEqual([1]);
});
