import { describe, expect, setDefaultTimeout, test } from 'bun:test';

import { boost } from '../boosting.ts';
import { buildPlainLearner } from './learner.ts';
import { logisticGradient, logLossOfScores } from './loss.ts';
import { PLANTED_SETTINGS, type PlantedRows, plantRows } from '../../../test/planted-rows.ts';
import { leafOfBins } from './tree.ts';

/** Exhaustive is slow, and a machine may be busy. */
setDefaultTimeout(60_000);

/** Quantities only: their splits can be enumerated. */
const quantities = (rows: PlantedRows): PlantedRows => ({
  ...rows,
  bins: rows.bins.slice(0, 4),
  offsets: rows.offsets.slice(0, 5),
  data: rows.data.slice(0, 4 * rows.nRows),
});

interface Cut {
  gain: number;
  goesLeft: (row: number) => boolean;
}

/** Every bin, both sides for the missing, exact gradients, each row looked at each time. */
const bestCut = (
  data: PlantedRows,
  rows: number[],
  g: Float64Array,
  h: Float64Array,
): Cut | null => {
  const nFeatures = data.bins.length;
  const score = (of: number[]): number => {
    const sumG = of.reduce((sum, row) => sum + g[row]!, 0);
    const sumH = of.reduce((sum, row) => sum + h[row]!, 0);
    return (sumG * sumG) / (sumH + PLANTED_SETTINGS.l2);
  };
  const whole = score(rows);
  let best: Cut | null = null;
  for (let f = 0; f < nFeatures; f++) {
    for (const missingLeft of [false, true]) {
      for (let bin = 1; bin < data.bins[f]!.nBins; bin++) {
        const goesLeft = (row: number): boolean => {
          const own = data.data[f * data.nRows + row]!;
          return own === 0 ? missingLeft : own <= bin;
        };
        const left = rows.filter(goesLeft);
        const right = rows.filter((row) => !goesLeft(row));
        if (left.length < 20 || right.length < 20) continue;
        const gain = score(left) + score(right) - whole;
        if (gain > 1e-6 && (best === null || gain > best.gain + 1e-9)) best = { gain, goesLeft };
      }
    }
  }
  return best;
};

/** Leaf-wise growth by exhaustive search; returns the value of each row's leaf. */
const growExhaustively = (
  data: PlantedRows,
  scores: Float64Array,
  nLeaves: number,
  learningRate: number,
): Float64Array => {
  const g = new Float64Array(data.nRows);
  const h = new Float64Array(data.nRows);
  for (let row = 0; row < data.nRows; row++) {
    const gradient = logisticGradient(scores[row]!, data.labels[row]!);
    g[row] = gradient.g;
    h[row] = gradient.h;
  }
  const all = Array.from({ length: data.nRows }, (_, row) => row);
  const leaves = [{ rows: all, cut: bestCut(data, all, g, h) }];
  while (leaves.length < nLeaves) {
    leaves.sort((a, b) => (b.cut?.gain ?? 0) - (a.cut?.gain ?? 0));
    const { rows, cut } = leaves[0]!;
    if (!cut) break;
    const left = rows.filter(cut.goesLeft);
    const right = rows.filter((row) => !cut.goesLeft(row));
    leaves.splice(
      0,
      1,
      { rows: left, cut: bestCut(data, left, g, h) },
      { rows: right, cut: bestCut(data, right, g, h) },
    );
  }
  const values = new Float64Array(data.nRows);
  for (const { rows } of leaves) {
    const sumG = rows.reduce((sum, row) => sum + g[row]!, 0);
    const sumH = rows.reduce((sum, row) => sum + h[row]!, 0);
    for (const row of rows) values[row] = (-learningRate * sumG) / (sumH + PLANTED_SETTINGS.l2);
  }
  return values;
};

const SETTINGS = {
  ...PLANTED_SETTINGS,
  minHessianPerLeaf: 0,
  patience: 100,
  nBlocks: 0,
  featureShare: 1,
  seed: 1,
  monotone: new Int8Array(4),
};

describe('a tree', () => {
  test('answers as an exhaustive search over all splits of exact gradients does', async () => {
    const rows = quantities(plantRows(400, 3));
    const settings = { ...SETTINGS, nTrees: 1, nLeaves: 8, minRowsPerLeaf: 20 };
    const { trees, base } = await boost({
      buildLearner: buildPlainLearner,
      train: rows,
      validation: null,
      settings,
    });
    const exact = growExhaustively(rows, new Float64Array(rows.nRows).fill(base), 8, 0.1);
    for (let row = 0; row < rows.nRows; row++) {
      const value = trees[0]!.value[leafOfBins(trees[0]!, rows.data, row, rows.nRows)]!;
      expect(Math.abs(value - exact[row]!)).toBeLessThan(1e-4);
    }
  });

  test('of whole-number gradients loses less than .0005 against exact ones, over many rounds', async () => {
    const rows = quantities(plantRows(400, 4));
    const settings = { ...SETTINGS, nTrees: 6, nLeaves: 6, learningRate: 0.3 };
    const { trees, base } = await boost({
      buildLearner: buildPlainLearner,
      train: rows,
      validation: null,
      settings,
    });
    const exact = new Float64Array(rows.nRows).fill(base);
    const quantised = new Float64Array(rows.nRows).fill(base);
    for (const tree of trees) {
      const step = growExhaustively(rows, exact, 6, 0.3);
      for (let row = 0; row < rows.nRows; row++) {
        exact[row]! += step[row]!;
        quantised[row]! += tree.value[leafOfBins(tree, rows.data, row, rows.nRows)]!;
      }
    }
    const difference =
      logLossOfScores(quantised, rows.labels) - logLossOfScores(exact, rows.labels);
    expect(Math.abs(difference)).toBeLessThan(0.0005);
  });
});
