import { describe, expect, test } from 'bun:test';
import { buildCalibration } from '../../core/calibrate.ts';
import { buildRandom } from '../../core/random.ts';
import { splitByTime } from '../features/time-split.ts';
import { anchor, fitCalibration, fitIsotonic } from './calibration.ts';
import { auc, ece, logLoss, reliability } from './metrics.ts';

describe('the measures', () => {
  test('agree with counting pairs', () => {
    const random = buildRandom(1);
    const p = Float64Array.from({ length: 200 }, () => Math.round(random() * 20) / 20);
    const y = Uint8Array.from(p, (one) => (random() < one ? 1 : 0));
    let wins = 0;
    let pairs = 0;
    for (let i = 0; i < 200; i++)
      for (let j = 0; j < 200; j++)
        if (y[i] === 1 && y[j] === 0) {
          pairs++;
          wins += p[i]! > p[j]! ? 1 : p[i] === p[j] ? 0.5 : 0;
        }
    expect(auc(p, y)).toBeCloseTo(wins / pairs, 12);
  });

  test('give a coin ln 2 and no calibration error', () => {
    const y = Uint8Array.from({ length: 1500 }, (_, i) => i & 1);
    const p = new Float64Array(1500).fill(0.5);
    expect(logLoss(p, y)).toBeCloseTo(Math.LN2, 12);
    expect(ece(p, y)).toBeLessThan(0.006);
  });

  test.each([
    [30, 1],
    [149, 2],
    [332, 6],
    [750, 15],
    [9000, 15],
  ])('group %d flights by probability into %d bins, so that each has fifty or more', (n, nBins) => {
    const y = Uint8Array.from({ length: n }, (_, i) => (i % 5 === 0 ? 1 : 0));
    const bins = reliability(new Float64Array(n).fill(0.2), y);
    expect(bins).toHaveLength(nBins);
    expect(bins.reduce((sum, { rows }) => sum + rows, 0)).toBe(n);
    // Few flights alone are no calibration error.
    if (n < 100) expect(ece(new Float64Array(n).fill(0.2), y)).toBeLessThan(0.01);
  });
});

describe('a calibration', () => {
  const random = buildRandom(2);
  const truth = Float64Array.from({ length: 120_000 }, () => random() ** 2);
  const labels = Uint8Array.from(truth, (p) => (random() < p ? 1 : 0));
  /** The truth, bent: its log-odds halved and moved. */
  const bent = truth.map((p) => 1 / (1 + Math.exp(-(Math.log(p / (1 - p)) / 2 + 0.7))));

  test.each([
    ['isotonic, from much data', 120_000],
    ['beta, from less', 5000],
    ['Platt, from little', 800],
  ])('mends bent probabilities: %s', (_, nRows) => {
    const curve = buildCalibration(fitCalibration(bent.slice(0, nRows), labels.slice(0, nRows)));
    const mended = bent.map(curve);
    expect(logLoss(mended, labels)).toBeLessThan(logLoss(bent, labels) - 0.03);
    expect(ece(mended, labels)).toBeLessThan(0.02);
  });

  test('never falls', () => {
    const curve = buildCalibration(fitIsotonic(bent, labels));
    let last = 0;
    for (let p = 0; p <= 1; p += 0.001) {
      expect(curve(p)).toBeGreaterThanOrEqual(last);
      last = curve(p);
    }
  });

  test('can be moved so that it calls as many late as were among weighted flights', () => {
    const fifth = labels.map((_, i) => (i % 5 === 0 ? 1 : 0));
    const curve = buildCalibration(
      anchor(fitIsotonic(bent, labels), bent, fifth, new Float64Array(bent.length).fill(1)),
    );
    const mean = bent.map(curve).reduce((sum, p) => sum + p, 0) / bent.length;
    expect(mean).toBeCloseTo(0.2, 3);
  });
});

describe('a split by time', () => {
  test('keeps whole days together, newest last', () => {
    const departures = Float64Array.from(
      { length: 1000 },
      (_, i) => ((i * 37) % 50) * 1440 + (i % 24) * 60,
    );
    const { rows } = splitByTime(departures, {
      train: 0.6,
      validation: 0.1,
      calibration: 0.1,
      test: 0.2,
    });
    const days = (part: Int32Array) =>
      Array.from(part, (row) => Math.floor(departures[row]! / 1440));
    const parts = [rows.train, rows.validation, rows.calibration, rows.test];
    expect(parts.reduce((sum, part) => sum + part.length, 0)).toBe(1000);
    for (let i = 1; i < parts.length; i++)
      expect(Math.max(...days(parts[i - 1]!))).toBeLessThan(Math.min(...days(parts[i]!)));
  });
});
