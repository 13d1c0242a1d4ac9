/** What another program's trees are made into. */
import { expect, test } from 'bun:test';
import { SMALLEST_MODEL } from '../../test/smallest-model.ts';
import { buildRandom } from '../core/random.ts';
import type { MatrixPart } from '../flights/output/matrix-folder.ts';
import { finishLearnedElsewhere } from './learned-elsewhere.ts';

const random = buildRandom(5);

/** A hundred flights a day, of which a share is late. */
const partOf = (name: string, first: number, nDays: number, rate: number): MatrixPart => {
  const n = nDays * 100;
  const labels = Uint8Array.from({ length: n }, () => (random() < rate ? 1 : 0));
  return {
    name,
    nRows: n,
    features: [Float64Array.from(labels, (late) => late + 3 * random())],
    labels,
    minutes: Float32Array.from(labels, (late) => 40 * late),
    departures: Float64Array.from(
      { length: n },
      (_, i) => (first + Math.floor(i / 100)) * 1440 + 600,
    ),
    airlineCodes: new Int32Array(n).fill(-1),
    airlines: [],
    climatology: new Float64Array(n).fill(0.3),
    logistic: new Float64Array(n).fill(0.3),
  };
};

const ELSEWHERE = {
  madeBy: 'another program',
  notes: [],
  classes: { late: '1', other: '0' },
  score: { kind: 'linear', weights: Float64Array.of(1), intercept: -3 },
  link: 'logistic',
  calibration: { kind: 'none' },
} as const;

test.each([
  ['few flights', 100],
  ['many', 240],
])('its level is that of all flights before the test, not that of one good month: %s', async (_, nDays) => {
  const train = partOf('train', 0, nDays, 0.3);
  const pieces = async function* () {
    yield train;
  };
  const { evaluation, partRates } = await finishLearnedElsewhere(SMALLEST_MODEL, ELSEWHERE, {
    train: pieces(),
    validation: partOf('validation', nDays, 20, 0.3),
    calibration: partOf('calibration', nDays + 20, 20, 0.1),
    test: partOf('test', nDays + 40, 60, 0.28),
  });
  const predicted =
    evaluation.reliability.reduce((sum, bin) => sum + bin.rows * bin.predicted, 0) / 6000;
  // Twenty good days in a row after none may be a season that begins: some of it counts, see `train/quality/day-levels`.
  expect(predicted).toBeGreaterThan(0.18);
  expect(predicted).toBeLessThan(0.3);
  expect(partRates['train']!.rows).toBe(100 * nDays);
  expect(partRates['train']!.baseRate).toBeCloseTo(0.3, 1);
  expect(partRates['calibration']!.baseRate).toBeCloseTo(0.1, 1);
});

/** The same flights in another order. */
const shuffled = (part: MatrixPart): MatrixPart => {
  const order = Uint32Array.from(
    { length: part.nRows },
    (_, row) => (row * 7919 + 3000) % part.nRows,
  );
  return {
    ...part,
    features: part.features.map((column) => column.map((_, at) => column[order[at]!]!)),
    labels: part.labels.map((_, at) => part.labels[order[at]!]!),
    minutes: Float32Array.from(order, (row) => part.minutes[row]!),
    departures: part.departures.map((_, at) => part.departures[order[at]!]!),
  };
};

test('flights that come in another order than by day say the same', async () => {
  const parts = {
    train: partOf('train', 0, 101, 0.3),
    validation: partOf('validation', 101, 20, 0.3),
    calibration: partOf('calibration', 121, 20, 0.1),
    test: partOf('test', 141, 60, 0.28),
  };
  const lossOf = async (change: (part: MatrixPart) => MatrixPart): Promise<number> => {
    const train = async function* () {
      yield change(parts.train);
    };
    const { evaluation } = await finishLearnedElsewhere(SMALLEST_MODEL, ELSEWHERE, {
      train: train(),
      validation: change(parts.validation),
      calibration: change(parts.calibration),
      test: change(parts.test),
    });
    return evaluation.test.logLoss;
  };
  const loss = await lossOf((part) => part);
  expect(loss).toBeGreaterThan(0);
  expect(await lossOf(shuffled)).toBeCloseTo(loss, 9);
});

test('a model that answers 0 and 1 is calibrated all the same, one that gives no number is refused', async () => {
  const parts = {
    validation: partOf('validation', 240, 20, 0.3),
    calibration: partOf('calibration', 260, 20, 0.3),
    test: partOf('test', 280, 60, 0.3),
  };
  const known = partOf('train', 0, 240, 0.3);
  const judged = (intercept: number) => {
    const train = async function* () {
      yield known;
    };
    const score = { kind: 'linear', weights: Float64Array.of(0.5), intercept } as const;
    const elsewhere = { ...ELSEWHERE, score, link: 'identity' } as const;
    return finishLearnedElsewhere(SMALLEST_MODEL, elsewhere, { ...parts, train: train() });
  };
  const { evaluation } = await judged(-0.6);
  expect(evaluation.test.logLoss).toBeLessThan(0.61);
  expect(evaluation.test.auc).toBeGreaterThan(0.7);
  await expect(judged(Number.NaN)).rejects.toThrow(
    'no probability for 24,000 of 24,000 flights of the part train',
  );
});
