import { describe, expect, test } from 'bun:test';
import { buildRandom } from '../../core/random.ts';
import { compare } from './comparison.ts';
import {
  areaOfDays,
  rankFlights,
  ratioInterval,
  resampleDays,
  weightedArea,
  winsByDay,
} from './day-resampling.ts';
import { auc, logLoss } from './metrics.ts';

const N_DAYS = 60;
const PER_DAY = 100;

/** Flights whose days are good or bad as a whole, and two answers that differ by noise or by skill. */
const contest = (seed: number, skill: number, nDays = N_DAYS) => {
  const random = buildRandom(seed);
  const n = nDays * PER_DAY;
  const days = Int32Array.from({ length: n }, (_, i) => Math.floor(i / PER_DAY));
  const ofDay = Array.from({ length: nDays }, () => 0.1 + 0.3 * random());
  const truth = Float64Array.from(days, (day) => ofDay[day]! * (random() < 0.5 ? 0.6 : 1.4));
  const labels = Uint8Array.from(truth, (p) => (random() < p ? 1 : 0));
  const own = truth.map((p) => 0.25 + skill * (p - 0.25) + 0.02 * (random() - 0.5));
  const other = truth.map(() => 0.25 + 0.02 * (random() - 0.5));
  return { own, other, labels, resampling: resampleDays(days), against: 'other' };
};

describe('a comparison', () => {
  test('says better only where chance cannot have made the difference, and worse the other way round', () => {
    const skilled = contest(1, 0.8);
    const result = compare(skilled);
    expect(result.standing).toBe('better');
    expect(result.logLoss.interval!.low).toBeGreaterThan(0);
    expect(compare({ ...skilled, own: skilled.other, other: skilled.own }).standing).toBe('worse');
    expect(result).toMatchObject({ flights: N_DAYS * PER_DAY, days: N_DAYS });
    expect(result.logLoss.value).toBeCloseTo(
      1 - logLoss(skilled.own, skilled.labels) / logLoss(skilled.other, skilled.labels),
      12,
    );
    expect(result.auc.value).toBeCloseTo(
      auc(skilled.own, skilled.labels) - auc(skilled.other, skilled.labels),
      12,
    );
  });

  test('of two equally good answers lies off 0 one time of twenty', () => {
    let nOff = 0;
    for (let trial = 0; trial < 100; trial++) {
      const random = buildRandom(1000 + 7919 * trial);
      const days = Int32Array.from({ length: 6000 }, (_, i) => Math.floor(i / PER_DAY));
      const differences = Float64Array.from(days, () => random() - 0.5);
      const { low, high } = ratioInterval(
        resampleDays(days),
        (i) => differences[i]!,
        () => 1,
      )!;
      if (low > 0 || high < 0) nOff++;
    }
    expect(nOff).toBeLessThanOrEqual(11);
    expect(nOff).toBeGreaterThanOrEqual(1);
  });

  test('says nothing of chance where the days are few', () => {
    const result = compare(contest(3, 0.8, 9));
    expect(result.logLoss.interval).toBeNull();
    expect(result.standing).toBe('undecided');
  });
});

test('days that go one way together widen an interval; drawing flights would not see it', () => {
  const n = N_DAYS * PER_DAY;
  const together = (i: number): number => Math.floor(i / PER_DAY) % 2;
  const apart = (i: number): number => i % 2;
  const resampling = resampleDays(
    Int32Array.from({ length: n }, (_, i) => Math.floor(i / PER_DAY)),
  );
  const width = (of: (i: number) => number): number => {
    const { low, high } = ratioInterval(resampling, of, () => 1)!;
    return high - low;
  };
  expect(width(apart)).toBeLessThan(1e-9);
  // 1.96 standard errors of a share of 60 days on both sides.
  expect(width(together)).toBeGreaterThan(0.2);
  expect(width(together)).toBeLessThan(0.3);
});

test('the AUC of drawn days is to the bit that of their flights, ties counting half', () => {
  for (const digits of [1, 2, 6]) {
    const { own, labels, resampling } = contest(5, 0.8, 15);
    const tied = own.map((p) => Number(p.toFixed(digits)));
    const flights = rankFlights(tied, labels, resampling.places);
    const wins = winsByDay(flights, resampling.nDays);
    for (const times of resampling.draws.slice(0, 50))
      expect(areaOfDays(wins, times)).toBe(weightedArea(flights, times));
    const once = new Uint16Array(resampling.nDays).fill(1);
    expect(areaOfDays(wins, once)).toBe(auc(tied, labels));
  }
});
