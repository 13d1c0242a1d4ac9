/** TreeSHAP against brute force, and reasons that add up. */
import { describe, expect, test } from 'bun:test';
import { buildPlantedForest, buildPlantedModel } from '../../../test/planted.ts';
import type { Forest } from '../../core/forest.ts';
import type { Model } from '../../core/model.ts';
import { buildRandom } from '../../core/random.ts';
import { buildReferencePredictor, decide, scoreOf } from '../reference.ts';
import { buildExplainer } from './explain.ts';
import { attributeRows } from './sample-shap.ts';
import { buildAttribution } from './shap.ts';

/** The slow twin: a tree's expected value when only the features in `known` (a bit set) are known. */
const expectation = (
  forest: Forest,
  node: number,
  features: Float64Array,
  known: number,
): number => {
  const feature = forest.feature[node]!;
  if (feature === -1) return forest.value[node]!;
  const [left, right] = [forest.left[node]!, forest.right[node]!];
  if ((known >> feature) & 1) {
    return expectation(
      forest,
      decide(forest, node, features[feature]!) ? left : right,
      features,
      known,
    );
  }
  const share = forest.cover[left]! / (forest.cover[left]! + forest.cover[right]!);
  return (
    share * expectation(forest, left, features, known) +
    (1 - share) * expectation(forest, right, features, known)
  );
};

const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));

const bruteForce = (forest: Forest, features: Float64Array): Float64Array => {
  const n = forest.nFeatures;
  const worth = Float64Array.from({ length: 2 ** n }, (_, known) =>
    forest.roots.reduce((sum, root) => sum + expectation(forest, root, features, known), 0),
  );
  return Float64Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let known = 0; known < 2 ** n; known++) {
      if ((known >> i) & 1) continue;
      const size = known.toString(2).replaceAll('0', '').length;
      const weight = (factorial(size) * factorial(n - 1 - size)) / factorial(n);
      sum += weight * (worth[known | (1 << i)]! - worth[known]!);
    }
    return sum * forest.scale;
  });
};

const RANGES = [5, 3, 6, 1440, 7, 366, 2500];
const randomFeatures = (random: () => number): Float64Array =>
  Float64Array.from(RANGES, (range) =>
    random() < 0.1 ? Number.NaN : Math.floor(random() * range),
  );

describe('TreeSHAP', () => {
  test.each([
    [1, 2],
    [3, 8],
    [4, 60],
    [2, 300],
  ])('of %d trees with %d leaves equals the Shapley sum over all sets', (nTrees, nLeaves) => {
    const random = buildRandom(nLeaves);
    const forest = { ...buildPlantedForest(nTrees, nLeaves, 7), scale: 0.5 };
    const attribution = buildAttribution({ kind: 'forest', forest }, new Float64Array(7));
    for (let i = 0; i < 5; i++) {
      const features = randomFeatures(random);
      const out = new Float64Array(7);
      attribution.addInto(features, out);
      const expected = bruteForce(forest, features);
      for (let f = 0; f < 7; f++) expect(out[f]).toBeCloseTo(expected[f]!, 12);
    }
  });

  test('sums to the raw score within 1e-9 on deep trees', () => {
    const forest = buildPlantedForest(100, 255, 3);
    const score = { kind: 'forest', forest } as const;
    const attribution = buildAttribution(score, new Float64Array(7));
    const random = buildRandom(1);
    for (let i = 0; i < 50; i++) {
      const features = randomFeatures(random);
      const out = new Float64Array(7);
      attribution.addInto(features, out);
      const sum = out.reduce((a, b) => a + b, attribution.expected);
      expect(Math.abs(sum - scoreOf(score, features, 0))).toBeLessThan(1e-9);
    }
  });
});

describe('an explanation', () => {
  const raw = Float64Array.of(2, 1, 4, 22_618_080 + 18 * 60 + 30, 2475);
  const steps = Float64Array.from({ length: 20 }, (_, i) => (i + 1) / 21);
  const model = buildPlantedModel();
  const calibrated = (calibration: unknown): Model => {
    return { ...model, heads: [{ ...model.heads[0]!, calibration } as Model['heads'][0]] };
  };

  test.each([
    ['no calibration', { kind: 'none' }],
    ['platt', { kind: 'platt', a: 0.7, b: -0.2 }],
    ['isotonic', { kind: 'isotonic', from: steps, to: steps.map((p) => p * p) }],
    ['a flat isotonic', { kind: 'isotonic', from: steps, to: steps.map(() => 0.25) }],
  ])('adds up to the probability with %s, each input once, largest first', (_, calibration) => {
    const some = calibrated(calibration);
    const out = new Float64Array(1);
    buildReferencePredictor(some).predictInto(raw, 1, out);
    const { base, reasons } = buildExplainer(some).explain(raw, 0);
    const sum = reasons.reduce((total, { points }) => total + points, base);
    expect(Math.abs(sum - out[0]!)).toBeLessThan(1e-9);
    expect(reasons.map(({ input }) => input).sort()).toEqual(
      some.inputs.map(({ name }) => name).sort(),
    );
    const sizes = reasons.map(({ points }) => Math.abs(points));
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  });

  test('of a mean adds up to the mean of its members', () => {
    const head = model.heads[0]!;
    if (head.kind !== 'probability' || head.score.kind !== 'forest') throw new Error('a forest');
    const { score, link } = head;
    const weights = Float64Array.from(model.features, (_, f) => (f % 3) / 100);
    const members = [
      { weight: 0.3, score, link, calibration: { kind: 'sigmoid', a: 3, b: -1 } },
      {
        weight: 0.7,
        score: { kind: 'linear', weights, intercept: -1 },
        link: 'logistic',
        calibration: { kind: 'isotonic', from: steps, to: steps.map((p) => p * p) },
      },
    ] as const;
    const mean: Model = {
      ...model,
      heads: [{ ...head, link: 'identity', score: { kind: 'mean', members } }],
    };
    const out = new Float64Array(1);
    buildReferencePredictor(mean).predictInto(raw, 1, out);
    const { base, reasons } = buildExplainer(mean).explain(raw, 0);
    const sum = reasons.reduce((total, { points }) => total + points, base);
    expect(Math.abs(sum - out[0]!)).toBeLessThan(1e-9);
    expect(new Set(reasons.map(({ points }) => points)).size).toBeGreaterThan(2);
  });

  test('says in a line what each input did', () => {
    const { reasons } = buildExplainer(model).explain(raw, 0);
    const texts = reasons.map(({ text }) => text.replace(/: [+-].*/, ': x'));
    expect(texts.sort()).toEqual([
      'flies 2,475 miles: x',
      'flies with DL: x',
      'goes to ORD: x',
      'leaves JFK: x',
      'leaves at 18:30 on Wednesday 2013-01-02: x',
    ]);
    for (const { text } of reasons) expect(text).toMatch(/: [+-](\d\d?|0\.\d) points?$/);
  });

  test('names what is missing', () => {
    const { reasons } = buildExplainer(model).explain(new Float64Array(5).fill(Number.NaN), 0);
    expect(reasons.map(({ text }) => text).join('\n')).toContain('airline is not known: ');
  });

  test('of a linear model starts from the shares of its categories', () => {
    const linear: Model = {
      ...model,
      features: [{ name: 'JFK', step: 'equals', input: 'origin', value: 'JFK' }],
      heads: [
        {
          ...model.heads[0]!,
          score: { kind: 'linear', weights: Float64Array.of(3), intercept: 0 },
        } as Model['heads'][0],
      ],
    };
    const { base, reasons } = buildExplainer(linear).explain(raw, 0);
    expect(reasons[0]!.input).toBe('origin');
    expect(base + reasons[0]!.points).toBeCloseTo(1 / (1 + Math.exp(-3)), 12);
    expect(base).toBeCloseTo(1 / (1 + Math.exp(-1)), 12);
  });

  test('over many flights gives each input its mean size', () => {
    const explainer = buildExplainer(model);
    const importance = explainer.importance(raw, 1);
    const { reasons } = explainer.explain(raw, 0);
    for (const [i, { name }] of model.inputs.entries()) {
      const points = reasons.find(({ input }) => input === name)!.points;
      expect(importance[i]).toBeCloseTo(Math.abs(points), 15);
    }
  });
});

test.each([
  ['of few features', 20, 31, 1, 300],
  ['with more features on a path than are remembered', 3, 4000, 4, 64],
])('many rows get the bits that each gets by itself: trees %s', (_, nTrees, nLeaves, times, n) => {
  const random = buildRandom(9);
  const planted = buildPlantedForest(nTrees, nLeaves, 5);
  const width = planted.nFeatures;
  const forest = {
    ...planted,
    nFeatures: times * width,
    feature: planted.feature.map((f) => (f < 0 ? f : f + width * Math.floor(times * random()))),
  };
  const score = { kind: 'forest', forest } as const;
  const means = new Float64Array(forest.nFeatures);
  const matrix = Float64Array.from(
    Array.from({ length: n * times }, () => [...randomFeatures(random)]).flat(),
  );
  const { addInto } = buildAttribution(score, means);
  const one = new Float64Array(matrix.length);
  for (let at = 0; at < matrix.length; at += means.length)
    addInto(matrix.subarray(at, at + means.length), one.subarray(at, at + means.length));
  const effects = attributeRows(score, matrix, means);
  expect(one.map((_, i) => effects[i % means.length]![Math.floor(i / means.length)]!)).toEqual(one);
});

test('blocks of flights, small and large, get the bits that each flight gets by itself', () => {
  const model = buildPlantedModel({ nTrees: 20, nLeaves: 31 });
  const nInputs = model.inputs.length;
  const random = buildRandom(13);
  const { pointsInto, pointsOfRows } = buildExplainer(model);
  for (const [nRows, nValues] of [
    [70, 2],
    [3, 3],
    [300, 3],
    [300, 40],
  ] as const) {
    const raw = Float64Array.from({ length: nRows * nInputs }, (_, i) => {
      if (random() < 0.1) return Number.NaN;
      const isTime = model.inputs[i % nInputs]!.kind === 'time';
      return isTime ? 22_618_800 + Math.floor(random() * 500_000) : Math.floor(random() * nValues);
    });
    const points = new Float64Array(nRows * nInputs);
    const bases = new Float64Array(nRows);
    pointsOfRows(raw, nRows, points, bases);
    const one = points.map(() => 0);
    const oneBases = bases.map((_, row) =>
      pointsInto(raw, row * nInputs, one.subarray(row * nInputs, (row + 1) * nInputs)),
    );
    expect(points).toEqual(one);
    expect(bases).toEqual(oneBases);
  }
});
