import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { buildCalibration } from '../../core/calibrate.ts';
import { logit, sigmoid } from '../../core/logistic.ts';
import { buildRandom } from '../../core/random.ts';
import { dayEffects } from '../features/day-effect.ts';
import { buildDelayQuantile } from '../../core/delay-distribution.ts';
import type { DaysAhead } from './day-levels.ts';
import {
  calibrateByShares,
  calibrateInTheLarge,
  flightShares,
} from './calibration-in-the-large.ts';
import { fitDelayShape } from './delay-shape.ts';

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

/** What each flight says of the level ahead, summing to one. */
const sharesOf = (
  { days, ...known }: ReturnType<typeof daysOf> & { readonly probabilities: Float64Array },
  ahead: DaysAhead,
): Float64Array => {
  const shares = flightShares({ kind: 'none' }, { days, ...known }, ahead);
  return Float64Array.from(days, (day) => shares!.get(day)!);
};

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
      const weights = sharesOf({ probabilities: own, labels: outcomes, days }, next(7));
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
      const weights = sharesOf({ probabilities, labels, days }, next(nDays));
      expect(weights.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
    }
  });
});

describe('the level of how late', () => {
  const STEPS = [15, 30, 60] as const;
  const A_DAY = 60;
  const random = buildRandom(11);
  /** Days of a level that wanders: on a bad one more flights are late, and these are later. */
  const wander = (from: number, nDays: number) => {
    // Evenly spread over what days can be, so that only flights differ by chance.
    const levels = Array.from({ length: nDays }, (_, d) => 0.6 * logit(((d + 0.5) * 0.618034) % 1));
    const n = nDays * A_DAY;
    return {
      days: Int32Array.from({ length: n }, (_, i) => from + Math.floor(i / A_DAY)),
      minutes: Float32Array.from({ length: n }, (_, i) => {
        const bad = levels[Math.floor(i / A_DAY)]!;
        if (random() >= sigmoid(bad - 1.4)) return Math.floor(115 * random()) - 100;
        return 15 + Math.floor(-22 * Math.exp(bad) * Math.log(1 - random()));
      }),
    };
  };
  const known = wander(0, 600);
  const later = wander(600, 600);
  /** Of all known flights, or of those that the step before is about. */
  const outcomesOf = (s: number) => {
    const rows = [...known.minutes.keys()].filter(
      (row) => s === 0 || known.minutes[row]! >= STEPS[s - 1]!,
    );
    return {
      probabilities: new Float64Array(rows.length).fill(0.5),
      labels: Uint8Array.from(rows, (row) => (known.minutes[row]! >= STEPS[s]! ? 1 : 0)),
      days: Int32Array.from(rows, (row) => known.days[row]!),
    };
  };
  const shares = flightShares({ kind: 'none' }, outcomesOf(0), next(60));
  /** Share of the later flights that were at most as late as a quantile says. */
  const coverageOf = (
    level: number,
    probabilityOf: (outcomes: ReturnType<typeof outcomesOf>) => number,
  ): number => {
    let all = 1;
    const survival = Float64Array.from(STEPS, (_, s) => (all *= probabilityOf(outcomesOf(s))));
    const shape = fitDelayShape({
      probabilities: new Float64Array(known.minutes.length).fill(survival[0]!),
      minutes: known.minutes,
      steps: STEPS,
    });
    const minutes = buildDelayQuantile(shape, level)(survival, 0);
    return later.minutes.filter((own) => own <= minutes).length / later.minutes.length;
  };
  const LEVELS = [0.5, 0.8, 0.9];

  test('is that of flights, so that quantiles cover what they are named for on later days', () => {
    for (const level of LEVELS) {
      const covered = coverageOf(level, (outcomes) =>
        buildCalibration(calibrateByShares({ kind: 'none' }, outcomes, shares))(0.5),
      );
      expect(Math.abs(covered - level)).toBeLessThan(0.008);
    }
  });

  test('is less where a day with few late flights counts like one with many', () => {
    const covered = coverageOf(0.9, (outcomes) =>
      buildCalibration(calibrateInTheLarge({ kind: 'none' }, outcomes, next(60)))(0.5),
    );
    expect(covered).toBeLessThan(0.88);
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
