/** What is written for other libraries gives the same answers when it is read again. */
import { describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { buildPlantedModel } from '../../test/planted.ts';
import type { Forest } from '../core/forest.ts';
import type { Calibration, Model } from '../core/model.ts';
import { buildRandom } from '../core/random.ts';
import { buildHeadTransform } from '../predict/heads.ts';
import { scoreOf } from '../predict/reference.ts';
import { lastLeft } from './canonical-forest.ts';
import { parseForeign } from './import.ts';
import { writeLightGbm } from './lightgbm/write.ts';
import { writeOnnx } from './onnx/write/model.ts';

const variant = (forest: Partial<Forest>, calibration: Calibration = { kind: 'none' }): Model => {
  const model = buildPlantedModel({ nTrees: 12, nLeaves: 31 });
  const head = model.heads[0]!;
  if (head.kind !== 'probability' || head.score.kind !== 'forest') throw new Error('unexpected');
  const score = { ...head.score, forest: { ...head.score.forest, ...forest } };
  return { ...model, heads: [{ ...head, calibration, score }] };
};

const RANGES = [5, 3, 6, 1440, 7, 366, 2500];
const random = buildRandom(11);
const ROWS = Float64Array.from({ length: 400 * 7 }, (_, i) => {
  const range = RANGES[i % 7]!;
  return random() < 0.1
    ? Number.NaN
    : Math.floor(random() * range * (i % 7 < 3 ? 1 : 2)) / (i % 7 < 3 ? 1 : 2);
});

describe("LightGBM's text", () => {
  test.each([
    ['a plain forest', variant({})],
    ['strict comparisons', variant({ comparison: '<' })],
    ['float32 values', variant({ precision: 'float32' })],
    ['float32 values, strictly compared', variant({ precision: 'float32', comparison: '<' })],
    ['a scale', variant({ scale: 0.3, base: 0.7 })],
    ['a Platt calibration', variant({}, { kind: 'platt', a: 0.8, b: -0.3 })],
  ])('of %s answers as the model does', (_, model) => {
    const foreign = parseForeign(Buffer.from(writeLightGbm(model)));
    const head = model.heads[0]!;
    const curve = buildHeadTransform(head);
    for (let row = 0; row < 400; row++) {
      const expected = curve(scoreOf(head.score, ROWS, row * 7));
      const actual = 1 / (1 + Math.exp(-scoreOf(foreign.score, ROWS, row * 7)));
      expect(Math.abs(actual - expected)).toBeLessThan(1e-12);
    }
  });

  test('says the size of every tree in bytes', () => {
    const text = writeLightGbm(variant({}));
    const sizes = /^tree_sizes=(.*)$/m.exec(text)![1]!.split(' ').map(Number);
    let at = text.indexOf('Tree=0');
    for (const [tree, size] of sizes.entries()) {
      expect(text.slice(at).startsWith(`Tree=${tree}\n`)).toBe(true);
      at += size;
    }
    expect(text.slice(at).startsWith('end of trees')).toBe(true);
  });

  test('is refused for what it cannot hold', () => {
    const isotonic = {
      kind: 'isotonic',
      from: Float64Array.of(0, 1),
      to: Float64Array.of(0, 1),
    } as const;
    expect(() => writeLightGbm(variant({}, isotonic))).toThrow('isotonic');
    const linear: Model = {
      ...variant({}),
      heads: [
        {
          ...variant({}).heads[0]!,
          score: { kind: 'linear', weights: new Float64Array(7), intercept: 0 },
        },
      ],
    };
    expect(() => writeLightGbm(linear)).toThrow('linear');
  });
});

describe('the last number that goes left', () => {
  test.each([
    ['<=', 'float64'],
    ['<', 'float64'],
    ['<=', 'float32'],
    ['<', 'float32'],
  ] as const)('of %s over %s is exact for every threshold', (comparison, precision) => {
    const goesLeft = (x: number, limit: number): boolean => {
      const value = precision === 'float32' ? Math.fround(x) : x;
      return comparison === '<=' ? value <= limit : value < limit;
    };
    const limits = [0, 1, -1, 0.1, -0.1, 1e-40, -1e-40, 16_777_217, Math.fround(0.1), 1e30, -1e30];
    for (let i = 0; i < 200; i++)
      limits.push((random() - 0.5) * 10 ** Math.floor(random() * 12 - 6));
    for (const limit of limits) {
      const last = lastLeft(limit, comparison, precision);
      expect(goesLeft(last, limit)).toBe(true);
      const bits = new BigInt64Array(Float64Array.of(last).buffer);
      bits[0] = bits[0]! + (last >= 0 && !Object.is(last, -0) ? 1n : -1n);
      const next = last === 0 ? Number.MIN_VALUE : new Float64Array(bits.buffer)[0]!;
      expect(goesLeft(next, limit)).toBe(false);
    }
  });
});

const STEPS = Float64Array.from({ length: 9 }, (_, i) => (i + 1) / 10);
const linear: Model = {
  ...variant({}),
  heads: [
    {
      ...variant({}).heads[0]!,
      score: {
        kind: 'linear',
        weights: Float64Array.of(0.1, -0.2, 0.3, 0.001, 0.05, -0.002, 0.0001),
        intercept: 0.5,
      },
    },
  ],
};

const averageModels = (): Model => {
  const head = variant({}).heads[0]!;
  const [forest, line] = [head.score, linear.heads[0]!.score];
  if (head.kind !== 'probability' || forest.kind !== 'forest' || line.kind !== 'linear')
    throw new Error('unexpected');
  const members = [
    {
      weight: 0.25,
      score: forest,
      link: 'logistic',
      calibration: { kind: 'sigmoid', a: 3, b: -1 },
    },
    {
      weight: 0.75,
      score: line,
      link: 'identity',
      calibration: { kind: 'isotonic', from: STEPS.map((x) => x * 9), to: STEPS },
    },
  ] as const;
  return { ...linear, heads: [{ ...head, link: 'identity', score: { kind: 'mean', members } }] };
};
const mean = averageModels();

// onnx.checker accepted these very bytes, and onnxruntime 1.32 answered 3,000 rows (missing values
// among them) within 2e-7 of the model.
test.each([
  [
    'a plain forest',
    variant({}),
    'ad125151f05e8b7227902bc2c92acdce52d7c741bdb95de6439095a48347124b',
  ],
  [
    'float32 values, strictly compared',
    variant({ precision: 'float32', comparison: '<', scale: 0.5 }),
    'cb9ea63443f2df5d26ce2c6f551c4739c1e23b442fd9e3fb2f7a3d5ed1347fb3',
  ],
  [
    'a Platt calibration',
    variant({}, { kind: 'platt', a: 0.8, b: 0.1 }),
    '0ac1c209f6e1527f3db1890c257fdc5c16d1de1d6ca9685a16d307ff2f060b67',
  ],
  [
    'a beta calibration',
    variant({}, { kind: 'beta', a: 0.8, b: 0.9, c: 0.1 }),
    'ec9a1638999abad122e2535040576585ce4f1b9be5831d75263959d0929b885b',
  ],
  [
    'an isotonic calibration',
    variant({}, { kind: 'isotonic', from: STEPS, to: STEPS.map((p) => p * p) }),
    '9cbbc0d214793c50c110a4c2585f14fa830eb98b9804d3efdfce8198511eadb8',
  ],
  ['a line', linear, '62e34b1a90dd9174f52ecb2372899e071d5cf99b6458b38322fd585117a14549'],
  [
    'a mean of a forest and a line',
    mean,
    '24bc4fdffb13940ee46f156c0735f971833817b4f2dfe0a45c818a6d526b8528',
  ],
] as [
  string,
  Model,
  string,
][])('the ONNX graph of %s is the one that onnxruntime was checked with', (_, model, sha256) => {
  expect(createHash('sha256').update(writeOnnx(model)).digest('hex')).toBe(sha256);
});
