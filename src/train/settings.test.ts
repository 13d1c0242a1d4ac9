import { describe, expect, test } from 'bun:test';
import { boostSettings, DEFAULT_OPTIONS, treeSearch } from './settings.ts';

const features = (n: number) => Array.from({ length: n }, (_, f) => ({ name: `feature ${f}` }));

describe('the search for the number of trees', () => {
  const wide = features(25);
  const rows = { nRows: 250_000, nSearched: 200_000 };

  test('takes larger steps where there is much to learn, and more rows bear more trees', () => {
    const settings = boostSettings(rows.nSearched, wide, { ...DEFAULT_OPTIONS, nTrees: 600 });
    const { settings: searched, treesPerTree } = treeSearch(settings, wide, rows);
    expect(searched.learningRate).toBe(0.15);
    expect(treesPerTree).toBeCloseTo((0.15 / settings.learningRate) * 1.25, 10);
    expect(searched.nTrees).toBe(Math.ceil(600 / treesPerTree));
    expect(searched.patience).toBeLessThan(settings.patience);
    const { learningRate, nTrees, patience } = settings;
    const { treesMore, ...others } = { ...searched, learningRate, nTrees, patience };
    expect(treesMore).toBe(2);
    expect(others).toEqual(settings);
  });

  test('keeps steps that are larger still', () => {
    const settings = boostSettings(200_000, wide, { ...DEFAULT_OPTIONS, learningRate: 0.3 });
    const { settings: searched, treesPerTree } = treeSearch(settings, wide, rows);
    expect(searched.learningRate).toBe(0.3);
    expect(treesPerTree).toBe(1.25);
  });

  test.each([
    ['few rows', 25, { nRows: 19_000, nSearched: 15_000 }],
    ['few features', 8, rows],
  ])('is the learning itself with %s', (_, nFeatures, of) => {
    const settings = boostSettings(of.nSearched, features(nFeatures), DEFAULT_OPTIONS);
    expect(treeSearch(settings, features(nFeatures), of)).toEqual({ settings, treesPerTree: 1 });
  });

  test('is the learning itself, in small steps, where the weather is known', () => {
    const rainy = [...wide, { name: 'precipitationInches' }];
    const settings = boostSettings(rows.nSearched, rainy, DEFAULT_OPTIONS);
    expect(settings.learningRate).toBe(0.03);
    expect(treeSearch(settings, rainy, rows)).toEqual({ settings, treesPerTree: 1 });
  });
});
