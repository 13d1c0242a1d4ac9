import { describe, expect, test } from 'bun:test';
import { buildCalibration } from '../../core/calibrate.ts';
import { buildRandom } from '../../core/random.ts';
import { dayEffects } from '../features/day-effect.ts';
import { calibrateInTheLarge, levelWeights } from './calibration-in-the-large.ts';

const PER_DAY = 100;
/** `rates.length` days of flights, as many late as the rate says. */
const daysOf = (rates: readonly number[]) => ({
  days: Int32Array.from({ length: rates.length * PER_DAY }, (_, i) => Math.floor(i / PER_DAY)),
  labels: Uint8Array.from({ length: rates.length * PER_DAY }, (_, i) =>
    i % PER_DAY < rates[Math.floor(i / PER_DAY)]! * PER_DAY ? 1 : 0,
  ),
});

describe('the level', () => {
  /** Ten good weeks, then a bad one. */
  const { days, labels } = daysOf([...new Array(70).fill(0.2), ...new Array(7).fill(0.4)]);
  const probabilities = new Float64Array(days.length).fill(0.3);
  const levelAt = (horizonDays: number): number =>
    buildCalibration(
      calibrateInTheLarge({ kind: 'none' }, { probabilities, labels, days }, horizonDays),
    )(0.3);

  test.each([
    ['two months ahead it is the rate of all flights known', 60, 0.218],
    ['two weeks ahead the bad week still counts', 14, 0.281],
    ['tomorrow the bad week counts most', 1, 0.299],
  ])('%s', (_, horizonDays, level) => {
    expect(levelAt(horizonDays)).toBeCloseTo(level, 2);
  });

  test('in a split at random it is the rate of all flights', () => {
    const curve = buildCalibration(
      calibrateInTheLarge({ kind: 'none' }, { probabilities, labels }, 1),
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
        7,
      );
      const curve = buildCalibration(shape);
      const weights = levelWeights(days, 7);
      const late = (of: (row: number) => number): number =>
        weights.reduce((sum, weight, row) => sum + weight * of(row), 0);
      const [said, was] = [late((row) => curve(own[row]!)), late((row) => outcomes[row]!)];
      if (rate > 0 && rate < 1) expect(said).toBeCloseTo(was, 9);
      // Never by more than ten in log-odds.
      else if (shape.kind === 'platt') expect(shape.b).toBeCloseTo(rate === 0 ? -10 : 10, 6);
    }
  });

  test('is weighed by shares that sum to one', () => {
    for (const horizonDays of [0, 1, 30, 60, 400])
      expect(levelWeights(days, horizonDays).reduce((sum, share) => sum + share, 0)).toBeCloseTo(
        1,
        9,
      );
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
