import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { type BoostSettings, boost, growAll } from '../boosting.ts';
import { buildParallelLearner } from './parallel-learner.ts';
import { buildPlainLearner } from '../growing/learner.ts';
import { PLANTED_SETTINGS, plantRows } from '../../../test/planted-rows.ts';
import { buildTrainingPool } from './training-pool.ts';
import { leafOfBins } from '../growing/tree.ts';

/** A machine may be busy. */
setDefaultTimeout(60_000);

const one = buildTrainingPool(1);
const two = buildTrainingPool(2);
const three = buildTrainingPool(3);
afterAll(() => {
  for (const pool of [one, two, three]) pool.dismiss();
});

const SETTINGS: BoostSettings = {
  ...PLANTED_SETTINGS,
  nTrees: 6,
  patience: 100,
  nBlocks: 0,
  featureShare: 0.8,
  seed: 5,
};

describe('the fast learner', () => {
  const cases: [string, number, Partial<BoostSettings>][] = [
    ['on few rows', 700, {}],
    ['on many rows', 90_000, { nLeaves: 63 }],
    ['with many leaves', 30_000, { nLeaves: 400, minRowsPerLeaf: 5 }],
    ['with a sample of the rows', 12_000, { rowShare: 0.6 }],
    ['with all features in every tree', 12_000, { featureShare: 1 }],
    ['with two features a tree', 12_000, { featureShare: 0.1 }],
    ['with monotone constraints', 20_000, { monotone: Int8Array.of(1, -1, 0, 1, 0, 0) }],
  ];
  test.each(
    cases,
  )('grows the same trees as the plain one, on 1, 2 and 3 threads, %s', async (_, nRows, changes) => {
    const rows = plantRows(nRows, 11);
    const validation = plantRows(500, 12);
    const settings = { ...SETTINGS, ...changes };
    const task = {
      train: rows,
      validation: { ...validation, ...rebinned(rows, validation) },
      settings,
    };
    const plain = await boost({ ...task, buildLearner: buildPlainLearner });
    expect(plain.trees.length).toBeGreaterThan(0);
    for (const pool of [one, two, three]) {
      const fast = await boost({ ...task, buildLearner: buildParallelLearner(pool) });
      expect(fast).toEqual(plain);
    }
  });
});

describe('finished trees', () => {
  const rows = plantRows(20_011, 31);
  const effects = Float64Array.from({ length: rows.nRows }, (_, row) => (row % 7) / 5 - 0.6);

  test('are what the learner holds of its rows at the end, beside the effects of their days', async () => {
    const known = { ...rows, effects };
    const grown = await growAll({
      buildLearner: buildParallelLearner(two),
      train: known,
      validation: null,
      settings: SETTINGS,
    });
    expect(grown.trees).toHaveLength(SETTINGS.nTrees);
    const walked = await one.score(grown, rows);
    for (let row = 0; row < rows.nRows; row++)
      expect(Math.abs(grown.scores[row]! - effects[row]! - walked[row]!)).toBeLessThan(1e-12);
  });

  test.each([
    2, 32, 33, 200,
  ])('of %d leaves score rows to the same bits on 1, 2 and 3 threads', async (nLeaves) => {
    const { trees, base } = await boost({
      buildLearner: buildParallelLearner(one),
      train: rows,
      validation: null,
      settings: { ...SETTINGS, nLeaves },
    });
    expect(trees.map(({ nNodes }) => nNodes)).toContain(2 * nLeaves - 1);
    const later = plantRows(9_001, 32);
    const expected = new Float64Array(later.nRows).fill(base);
    for (const tree of trees)
      for (let row = 0; row < later.nRows; row++)
        expected[row]! += tree.value[leafOfBins(tree, later.data, row, later.nRows)]!;
    for (const pool of [one, two, three])
      expect(await pool.score({ trees, base }, later)).toEqual(expected);
  });
});

describe('a monotone constraint', () => {
  test('holds for every row: as the value rises, the answer never turns back', async () => {
    const rows = plantRows(15_000, 21);
    const monotone = Int8Array.of(-1, 1, 0, 0, 0, 0);
    const settings = { ...SETTINGS, nTrees: 20, monotone };
    const { trees } = await boost({
      buildLearner: buildParallelLearner(one),
      train: rows,
      validation: null,
      settings,
    });
    const bins = new Uint8Array(6);
    const scoreWith = (feature: number, bin: number): number => {
      const kept = bins[feature]!;
      bins[feature] = bin;
      const score = trees.reduce((sum, tree) => sum + tree.value[leafOfBins(tree, bins, 0, 1)]!, 0);
      bins[feature] = kept;
      return score;
    };
    for (let row = 0; row < 40; row++) {
      for (let f = 0; f < 6; f++) bins[f] = rows.data[f * rows.nRows + row]!;
      for (const feature of [0, 1]) {
        for (let bin = 2; bin < rows.bins[feature]!.nBins; bin++) {
          const rise = scoreWith(feature, bin) - scoreWith(feature, bin - 1);
          expect(rise * monotone[feature]!).toBeGreaterThanOrEqual(-1e-12);
        }
      }
    }
  });
});

/** The later rows, in the bins of the earlier. */
const rebinned = (rows: ReturnType<typeof plantRows>, later: ReturnType<typeof plantRows>) => ({
  bins: rows.bins,
  data: later.data,
});
