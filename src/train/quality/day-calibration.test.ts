import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { buildCalibration } from '../../core/calibrate.ts';
import { logit, sigmoid } from '../../core/logistic.ts';
import { buildRandom } from '../../core/random.ts';
import { calibrateOverDays, hasDaysEnough, weightsBesideDays } from './day-calibration.ts';

/** A machine may be busy. */
setDefaultTimeout(60_000);

interface Planted {
  readonly slope: number;
  /** Standard deviation of the days' levels, in log-odds. */
  readonly spread: number;
  readonly nDays: number;
  readonly seed: number;
}

const FLIGHTS_A_DAY = 200;

/** Flights whose scores are right but for a slope and the level of their day. */
const plant = ({ slope, spread, nDays, seed }: Planted) => {
  const random = buildRandom(seed);
  const n = nDays * FLIGHTS_A_DAY;
  const probabilities = new Float64Array(n);
  const labels = new Uint8Array(n);
  const days = new Int32Array(n);
  for (let day = 0; day < nDays; day++) {
    const level = spread * normal(random);
    for (let i = 0; i < FLIGHTS_A_DAY; i++) {
      const row = day * FLIGHTS_A_DAY + i;
      const score = normal(random) - 1;
      days[row] = 15_000 + day;
      probabilities[row] = sigmoid(score);
      labels[row] = random() < sigmoid(slope * score + level) ? 1 : 0;
    }
  }
  return { probabilities, labels, days };
};

const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** How steep a curve is around a probability, in log-odds. */
const steepness = (answer: (p: number) => number, at: number): number => {
  const score = logit(at);
  return (logit(answer(sigmoid(score + 0.5))) - logit(answer(sigmoid(score - 0.5)))) / 1;
};

describe('calibration over the days', () => {
  test('is the mean over the levels that days can have, flatter than on any day', () => {
    const known = plant({ slope: 1, spread: 1, nDays: 200, seed: 1 });
    const answer = buildCalibration(calibrateOverDays(known.probabilities, known));
    const random = buildRandom(3);
    const levels = Float64Array.from({ length: 20_000 }, () => normal(random));
    for (const score of [-3, -1, 0, 2]) {
      const mean = levels.reduce((sum, level) => sum + sigmoid(score + level), 0) / levels.length;
      expect(Math.abs(answer(sigmoid(score)) - mean)).toBeLessThan(0.03);
    }
    expect(steepness(answer, 0.3)).toBeLessThan(0.93);
    expect(steepness(answer, 0.3)).toBeGreaterThan(0.7);
  });

  test('pulls scores apart by their weight', () => {
    const known = plant({ slope: 1.5, spread: 0.3, nDays: 120, seed: 4 });
    const answer = buildCalibration(calibrateOverDays(known.probabilities, known, 1.5));
    expect(Math.abs(steepness(answer, 0.3) - 1.5)).toBeLessThan(0.1);
  });

  test('rises everywhere, and asks for days enough', () => {
    const known = plant({ slope: 1, spread: 1, nDays: 80, seed: 7 });
    const later = plant({ slope: 1, spread: 1, nDays: 10, seed: 8 });
    const answer = buildCalibration(calibrateOverDays(known.probabilities, known));
    for (let p = 0.01; p < 0.99; p += 0.01) expect(answer(p + 0.01)).toBeGreaterThan(answer(p));
    expect(hasDaysEnough(later.days, known.days)).toBeTrue();
    const few = plant({ slope: 1, spread: 1, nDays: 9, seed: 9 });
    expect(hasDaysEnough(few.days, known.days)).toBeFalse();
    expect(hasDaysEnough(later.days, later.days)).toBeFalse();
  });
});

describe('the weights of the parts of a score', () => {
  const weightOf = (later: ReturnType<typeof plant>): number =>
    weightsBesideDays([later.probabilities.map(logit)], later)[0]!;

  test('pull apart what later days show to be too close', () => {
    const weight = weightOf(plant({ slope: 1.5, spread: 0.5, nDays: 150, seed: 5 }));
    expect(Math.abs(weight - 1.5)).toBeLessThan(0.15);
  });

  test('stay near 1 where later days contradict each other', () => {
    const stretches = [0.5, 1.6, 0.5, 1.6].map((slope, s) =>
      plant({ slope, spread: 0.3, nDays: 10, seed: 10 + s }),
    );
    const weight = weightOf({
      probabilities: Float64Array.from(stretches.flatMap((one) => [...one.probabilities])),
      labels: Uint8Array.from(stretches.flatMap((one) => [...one.labels])),
      days: Int32Array.from(
        stretches.flatMap((one, s) => [...one.days].map((day) => day + 10 * s)),
      ),
    });
    expect(Math.abs(weight - 1)).toBeLessThan(0.15);
  });

  test('stay near 1 where flights are few', () => {
    const few = plant({ slope: 3, spread: 0.3, nDays: 1, seed: 20 });
    const first = {
      probabilities: few.probabilities.slice(0, 40),
      labels: few.labels.slice(0, 40),
      days: few.days.slice(0, 40),
    };
    expect(Math.abs(weightOf(first) - 1)).toBeLessThan(0.2);
  });

  test('are found one by one: a part that is chance falls, one that grew rises', () => {
    const random = buildRandom(21);
    const n = 20_000;
    const holds = Float64Array.from({ length: n }, () => normal(random));
    const grew = Float64Array.from({ length: n }, () => normal(random));
    const chance = Float64Array.from({ length: n }, () => normal(random));
    const labels = Uint8Array.from({ length: n }, (_, row) =>
      random() < sigmoid(holds[row]! + 1.5 * grew[row]! - 1) ? 1 : 0,
    );
    const days = Int32Array.from({ length: n }, (_, row) => Math.floor(row / 500));
    const weights = weightsBesideDays([holds, grew, chance], { labels, days });
    for (const [i, weight] of [1, 1.5, 0].entries())
      expect(Math.abs(weights[i]! - weight)).toBeLessThan(0.2);
  });
});
