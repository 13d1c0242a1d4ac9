import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { buildCalibration } from '../../core/calibrate.ts';
import { buildRandom } from '../../core/random.ts';
import { dayEffects } from '../features/day-effect.ts';
import { calibrateInTheLarge, levelWeights } from './calibration-in-the-large.ts';

/** A machine may be busy. */
setDefaultTimeout(60_000);

const PER_DAY = 100;
/** `rates.length` days of flights, as many late as the rate says. */
const daysOf = (rates: readonly number[]) => ({
  days: Int32Array.from({ length: rates.length * PER_DAY }, (_, i) => Math.floor(i / PER_DAY)),
  labels: Uint8Array.from({ length: rates.length * PER_DAY }, (_, i) =>
    i % PER_DAY < rates[Math.floor(i / PER_DAY)]! * PER_DAY ? 1 : 0,
  ),
});

/** The next days, so many. */
const next = (nDays: number) => ({ first: 1, last: nDays });

describe('the level', () => {
  /** Ten good weeks, then a bad one. */
  const { days, labels } = daysOf([...new Array(70).fill(0.2), ...new Array(7).fill(0.4)]);
  const probabilities = new Float64Array(days.length).fill(0.3);
  const levelOf = (of: ReturnType<typeof daysOf>, ahead: { first: number; last: number }): number =>
    buildCalibration(
      calibrateInTheLarge(
        { kind: 'none' },
        { ...of, probabilities: new Float64Array(of.days.length).fill(0.3) },
        ahead,
      ),
    )(0.3);

  test('where a bad spell lasts it counts most for tomorrow, and less from week to week', () => {
    const levels = [next(1), next(14), next(60), { first: 61, last: 121 }].map((ahead) =>
      levelOf({ days, labels }, ahead),
    );
    expect(levels[0]!).toBeGreaterThan(0.3);
    for (let i = 1; i < levels.length; i++) expect(levels[i]!).toBeLessThan(levels[i - 1]!);
    // Two months on nothing tells more than all days together; those that say the same count as one.
    expect(levels[3]!).toBeLessThan(0.26);
    expect(levels[3]!).toBeGreaterThan(0.2);
  });

  test('where days do not hang together a bad week is no news', () => {
    const random = buildRandom(5);
    const rates = Array.from({ length: 200 }, (): number => (random() < 0.5 ? 0.1 : 0.4));
    rates.splice(193, 7, ...new Array<number>(7).fill(0.4));
    const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
    for (const nDays of [1, 7, 30])
      expect(Math.abs(levelOf(daysOf(rates), next(nDays)) - mean)).toBeLessThan(0.03);
  });

  test('in a split at random it is the rate of all flights', () => {
    const curve = buildCalibration(
      calibrateInTheLarge({ kind: 'none' }, { probabilities, labels }, next(1)),
    );
    expect(curve(0.3)).toBeCloseTo(0.218, 3);
  });

  test('is met to nine digits, wherever it lies, and where no flight or every flight was late', () => {
    const random = buildRandom(3);
    for (const rate of [0, 1e-3, 0.3, 0.97, 1]) {
      const own = Float64Array.from(days, () => 0.02 + 0.9 * random());
      const outcomes = Uint8Array.from(days, () => (random() < rate ? 1 : 0));
      const shape = calibrateInTheLarge(
        { kind: 'none' },
        { probabilities: own, labels: outcomes, days },
        next(7),
      );
      const curve = buildCalibration(shape);
      const weights = levelWeights({ probabilities: own, labels: outcomes, days }, next(7));
      const late = (of: (row: number) => number): number =>
        weights.reduce((sum, weight, row) => sum + weight * of(row), 0);
      const [said, was] = [late((row) => curve(own[row]!)), late((row) => outcomes[row]!)];
      if (rate > 0 && rate < 1) expect(said).toBeCloseTo(was, 9);
      // Never by more than ten in log-odds.
      else if (shape.kind === 'platt') expect(shape.b).toBeCloseTo(rate === 0 ? -10 : 10, 6);
    }
  });

  test('is weighed by shares that sum to one', () => {
    for (const nDays of [1, 30, 60, 400]) {
      const weights = levelWeights({ probabilities, labels, days }, next(nDays));
      expect(weights.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    }
  });
});

describe('the effect of a day', () => {
  test('is what sets it apart from other days of its weekday', () => {
    const rates: number[] = Array.from({ length: 70 }, (_, day) => (day % 7 === 4 ? 0.4 : 0.2));
    rates[10] = 0.6;
    const { days, labels } = daysOf(rates);
    const effects = dayEffects(days, labels);
    expect(effects[10 * PER_DAY]!).toBeGreaterThan(1);
    for (const usual of [0, 4, 11, 60])
      expect(Math.abs(effects[usual * PER_DAY]!)).toBeLessThan(0.2);
  });
});
