/** The promises of every predictor, held by both of them. */
import { describe, expect, test } from 'bun:test';
import { buildPlantedForest, buildPlantedModel } from '../../test/planted.ts';
import type { Forest } from '../core/forest.ts';
import { sigmoid } from '../core/logistic.ts';
import type { Head, Model } from '../core/model.ts';
import { buildRandom } from '../core/random.ts';
import { compilePredictor } from './compile.ts';
import type { Predictor } from './predictor.ts';
import { buildReferencePredictor, scoreOf } from './reference.ts';
import { buildScorer } from './scorer.ts';

const IMPLEMENTATIONS = { reference: buildReferencePredictor, compile: compilePredictor };

/** One number input `x`, one feature, one tree: left 1, right 2. */
const stump = (parts: Partial<Forest>): Model => ({
  ...buildPlantedModel({ nTrees: 1, nLeaves: 2 }),
  inputs: [{ name: 'x', kind: 'number', required: false, description: 'x' }],
  features: [{ name: 'x', step: 'number', input: 'x' }],
  heads: [
    {
      kind: 'quantile',
      level: 0.5,
      score: { kind: 'forest', forest: { ...STUMP, ...parts } },
    },
  ],
});

const STUMP: Forest = {
  nFeatures: 1,
  nTrees: 1,
  roots: Int32Array.of(0),
  feature: Int32Array.of(0, -1, -1),
  threshold: Float64Array.of(0.1, 0, 0),
  left: Int32Array.of(1, -1, -1),
  right: Int32Array.of(2, -1, -1),
  value: Float64Array.of(0, 1, 2),
  cover: Float64Array.of(10, 5, 5),
  missingLeft: Uint8Array.of(0, 0, 0),
  categoryStart: Int32Array.of(-1, -1, -1),
  categoryWords: Int32Array.of(0, 0, 0),
  categories: new Uint32Array(0),
  comparison: '<=',
  precision: 'float64',
  zeroIsMissing: false,
  base: 0,
  scale: 1,
};

const isCategoryStump: Partial<Forest> = {
  categoryStart: Int32Array.of(0, -1, -1),
  categoryWords: Int32Array.of(2, 0, 0),
  categories: Uint32Array.of(0x8000_0001, 2),
};

const predictOne = (predictor: Predictor, ...raw: number[]): number => {
  const out = new Float64Array(predictor.model.heads.length);
  predictor.predictInto(Float64Array.from(raw), 1, out);
  return out[0]!;
};

const above = (x: number): number => nextTo(x, 1);
const below = (x: number): number => nextTo(x, -1);
const nextTo = (x: number, step: 1 | -1): number => {
  const bits = new BigInt64Array(Float64Array.of(x).buffer);
  bits[0] = bits[0]! + BigInt(x >= 0 ? step : -step);
  return new Float64Array(bits.buffer)[0]!;
};

const probability = (parts: Partial<Head & { kind: 'probability' }>): Head => ({
  kind: 'probability',
  minutes: 15,
  link: 'identity',
  calibration: { kind: 'none' },
  given: 'nothing',
  score: { kind: 'linear', weights: Float64Array.of(1), intercept: 0 },
  ...parts,
});

const withHeads = (...heads: Head[]): Model => ({ ...stump({}), heads });

for (const [name, build] of Object.entries(IMPLEMENTATIONS)) {
  describe(`the ${name} predictor`, () => {
    test.each([
      ['goes left on the threshold itself with <=', {}, 0.1, 1],
      ['goes right just above the threshold', {}, above(0.1), 2],
      ['goes left just below the threshold', {}, below(0.1), 1],
      ['goes right on the threshold itself with <', { comparison: '<' }, 0.1, 2],
      ['goes left just below the threshold with <', { comparison: '<' }, below(0.1), 1],
      ['rounds the value to float32 first', { precision: 'float32' }, 0.1, 2],
      ['keeps float64 values as they are', {}, Math.fround(0.1), 2],
      ['sends a missing value right', {}, Number.NaN, 2],
      ['sends a missing value left where learned', { missingLeft: Uint8Array.of(1, 0, 0) }, NaN, 1],
      ['sends infinity right', {}, Infinity, 2],
      ['sends minus infinity left', {}, -Infinity, 1],
      ['treats -0 as 0', { threshold: Float64Array.of(0, 0, 0) }, -0, 1],
      ['treats a tiny value as missing where zero is', { zeroIsMissing: true }, 1e-36, 2],
      ['keeps a tiny value where zero is not missing', {}, 1e-36, 1],
      ['sends a code in the set left', isCategoryStump, 31, 1],
      ['reads the second word of a set', isCategoryStump, 33, 1],
      ['sends a code outside the set right', isCategoryStump, 32, 2],
      ['sends a code past the words right', isCategoryStump, 64, 2],
      ['sends a huge code right', isCategoryStump, 2 ** 40, 2],
      ['sends a negative code right', isCategoryStump, -1, 2],
      ['sends a missing category right', isCategoryStump, Number.NaN, 2],
    ] as [string, Partial<Forest>, number, number][])('%s', (_, parts, x, expected) => {
      expect(predictOne(build(stump(parts)), x)).toBe(expected);
    });

    test('adds base and scale around the sum of the leaves', () => {
      expect(predictOne(build(stump({ base: 10, scale: 0.5 })), 0)).toBe(10.5);
    });

    test('a linear score skips missing features', () => {
      const weights = Float64Array.of(0.25);
      const model = withHeads(
        probability({ score: { kind: 'linear', weights, intercept: 0.125 } }),
      );
      expect(predictOne(build(model), 2)).toBe(0.625);
      expect(predictOne(build(model), Number.NaN)).toBe(0.125);
    });

    test('a mean weighs the calibrated probabilities of its members', () => {
      const line = { kind: 'linear', weights: Float64Array.of(1), intercept: 0 } as const;
      const isotonic = { from: Float64Array.of(-5, 5), to: Float64Array.of(0, 1) };
      const members = [
        {
          weight: 0.75,
          score: { kind: 'forest', forest: STUMP },
          link: 'logistic',
          calibration: { kind: 'sigmoid', a: 2, b: -1 },
        },
        // Isotonic points lie where the score does, far beyond 0 to 1.
        {
          weight: 0.25,
          score: line,
          link: 'identity',
          calibration: { kind: 'isotonic', ...isotonic },
        },
      ] as const;
      const model = withHeads(probability({ score: { kind: 'mean', members } }));
      for (const [x, leaf] of [
        [-3, 1],
        [4, 2],
      ] as const) {
        const expected = 0.75 * sigmoid(2 * sigmoid(leaf) - 1) + 0.25 * ((x + 5) / 10);
        expect(predictOne(build(model), x)).toBeCloseTo(expected, 15);
      }
    });

    test('a chained probability never exceeds the one before it', () => {
      const model = withHeads(
        probability({}),
        probability({
          minutes: 30,
          given: 'previous',
          score: { kind: 'linear', weights: Float64Array.of(0), intercept: 0.5 },
        }),
      );
      const out = new Float64Array(2);
      build(model).predictInto(Float64Array.of(0.5), 1, out);
      expect([...out]).toEqual([0.5, 0.25]);
    });

    test('a later quantile is never below an earlier one', () => {
      const constant = (intercept: number) =>
        ({ kind: 'linear', weights: Float64Array.of(0), intercept }) as const;
      const model = withHeads(
        probability({}),
        { kind: 'quantile', level: 0.5, score: constant(12) },
        { kind: 'quantile', level: 0.8, score: constant(7) },
        { kind: 'quantile', level: 0.9, score: constant(40) },
      );
      const out = new Float64Array(4);
      build(model).predictInto(Float64Array.of(0.5), 1, out);
      expect([...out]).toEqual([0.5, 12, 12, 40]);
    });

    test.each([
      ['none', { kind: 'none' }, 0.3, 0.3],
      ['platt', { kind: 'platt', a: 2, b: 0 }, 0.25, 0.1],
      ['beta', { kind: 'beta', a: 1, b: 1, c: 0 }, 0.25, 0.25],
      [
        'isotonic',
        { kind: 'isotonic', from: Float64Array.of(0.25, 0.75), to: Float64Array.of(0, 0.5) },
        0.5,
        0.25,
      ],
    ] as const)('calibrates with %s', (_, calibration, x, expected) => {
      expect(predictOne(build(withHeads(probability({ calibration }))), x)).toBeCloseTo(
        expected,
        14,
      );
    });

    test('gives every row of a batch the answer that it gets alone', () => {
      const model = buildPlantedModel({ nTrees: 20, nLeaves: 63 });
      const predictor = build(model);
      const raw = randomRaw(model, 97, 3);
      const batch = new Float64Array(97);
      predictor.predictInto(raw, 97, batch);
      const alone = new Float64Array(1);
      for (let row = 0; row < 97; row++) {
        predictor.predictInto(raw.subarray(row * 5, row * 5 + 5), 1, alone);
        expect(batch[row]).toBe(alone[0]!);
      }
    });

    test('answers a tree that is a single leaf', () => {
      const model = stump({
        feature: Int32Array.of(-1, -1, -1),
        value: Float64Array.of(7, 0, 0),
      });
      expect(predictOne(build(model), 1)).toBe(7);
    });

    test('refuses nothing and writes nothing for zero rows', () => {
      const out = Float64Array.of(42);
      build(stump({})).predictInto(new Float64Array(0), 0, out);
      expect(out[0]).toBe(42);
    });
  });
}

const randomRaw = (model: Model, nRows: number, seed: number): Float64Array => {
  const random = buildRandom(seed);
  const raw = new Float64Array(nRows * model.inputs.length);
  for (let i = 0; i < raw.length; i++) {
    const input = model.inputs[i % model.inputs.length]!;
    raw[i] =
      random() < 0.1
        ? Number.NaN
        : input.kind === 'category'
          ? Math.floor(random() * (input.values!.length + 1))
          : input.kind === 'time'
            ? 22_618_080 + Math.floor(random() * 525_600)
            : Math.floor(random() * 5000) / 2;
  }
  return raw;
};

describe('the compiled predictor against the reference', () => {
  test.each([
    [1, 2],
    [7, 31],
    [100, 31],
    [5, 255],
    [13, 1000],
    [3, 40],
    [210, 40],
  ])('%d trees of %d leaves give the same bits', (nTrees, nLeaves) => {
    const planted = buildPlantedModel({ nTrees, nLeaves, seed: nTrees * nLeaves });
    for (const parts of [
      {},
      { comparison: '<' },
      { precision: 'float32' },
      { zeroIsMissing: true, scale: 0.1 },
    ] as Partial<Forest>[]) {
      const head = planted.heads[0]!;
      const forest = { ...buildPlantedForest(nTrees, nLeaves, 5), ...parts };
      const model: Model = { ...planted, heads: [{ ...head, score: { kind: 'forest', forest } }] };
      const raw = randomRaw(model, 500, nLeaves);
      const [fast, slow] = [new Float64Array(500), new Float64Array(500)];
      compilePredictor(model).predictInto(raw, 500, fast);
      buildReferencePredictor(model).predictInto(raw, 500, slow);
      expect(fast).toEqual(slow);
    }
  });

  test.each([
    ['walk', 300],
    ['reference', 1500],
  ] as const)('a forest is scored by %s when it tests %d columns', (kernel, nColumns) => {
    const planted = buildPlantedForest(200, 16, 3);
    const feature = planted.feature.map((f, node) => (f < 0 ? -1 : node % nColumns));
    const forest = {
      ...planted,
      nFeatures: nColumns,
      feature,
      categoryStart: planted.categoryStart.map(() => -1),
    };
    const scorer = buildScorer([{ kind: 'forest', forest }], nColumns);
    expect(scorer.kernels).toEqual([kernel]);
    const random = buildRandom(9);
    for (let i = 0; i < 8 * nColumns; i++)
      scorer.features[i] = random() < 0.1 ? Number.NaN : random() * 1500;
    scorer.score(8);
    for (let row = 0; row < 8; row++)
      expect(scorer.scores[row]).toBe(
        scoreOf({ kind: 'forest', forest }, scorer.features, row * nColumns),
      );
  });

  test.each([
    ['bitvector', 31],
    ['walk', 31],
    ['walk', 255],
    ['slot-walk', 31],
    ['slot-walk', 255],
    ['reference', 31],
  ] as const)('%s gives the same bits for trees of %d leaves, whatever a row holds', (kernel, nLeaves) => {
    const planted = buildPlantedModel({ nTrees: 21, nLeaves, seed: 4 });
    const raw = randomRaw(planted, 300, 8);
    const [fast, slow] = [new Float64Array(300), new Float64Array(300)];
    compilePredictor(planted, kernel).predictInto(raw, 300, fast);
    buildReferencePredictor(planted).predictInto(raw, 300, slow);
    expect(fast).toEqual(slow);
    const scorer = buildScorer([planted.heads[0]!.score], planted.features.length, kernel);
    expect(scorer.kernels).toEqual([kernel]);
  });

  test('a forest of more predicates than can be written out beforehand is walked by slots', () => {
    const planted = buildPlantedForest(80, 512, 6);
    const threshold = planted.threshold.map((limit, node) => limit + node / 1e6);
    const forest = { ...planted, threshold };
    const scorer = buildScorer([{ kind: 'forest', forest }], 7);
    expect(scorer.kernels).toEqual(['slot-walk']);
    const random = buildRandom(2);
    for (let i = 0; i < 64 * 7; i++) scorer.features[i] = Math.floor(random() * 400);
    scorer.score(64);
    for (let row = 0; row < 64; row++)
      expect(scorer.scores[row]).toBe(
        scoreOf({ kind: 'forest', forest }, scorer.features, row * 7),
      );
  });

  test('a model whose self-test is wrong may not serve', () => {
    const model = buildPlantedModel({ nTrees: 3 });
    const raw = randomRaw(model, 1, 1);
    const selfTest = { nRows: 1, raw, answers: Float64Array.of(0.987) };
    expect(() => compilePredictor({ ...model, selfTest })).toThrow('failed its self-test');
  });
});
