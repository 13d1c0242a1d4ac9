import { describe, expect, test } from 'bun:test';
import { type BoostSettings, type BoostTask, boost, growAll } from './boosting.ts';
import { buildPlainLearner } from './growing/learner.ts';
import { joinRows, pickRows } from './growing/training-rows.ts';
import { PLANTED_SETTINGS, plantRows } from '../../test/planted-rows.ts';
import { boostWithEarlyStopping } from './early-stopping.ts';

const SETTINGS: BoostSettings = {
  ...PLANTED_SETTINGS,
  nTrees: 40,
  nLeaves: 8,
  patience: 5,
  featureShare: 1,
  seed: 1,
  nBlocks: 4,
};
const train = plantRows(2000, 1);
/** Labels that say the opposite: by them alone, no tree is worth growing. */
const misleading = {
  ...plantRows(100, 2),
  labels: plantRows(100, 2).labels.map((label) => 1 - label),
};
const TASK: BoostTask = {
  buildLearner: buildPlainLearner,
  train,
  validation: misleading,
  settings: SETTINGS,
};

describe('early stopping', () => {
  test('does not let a few odd flights end what all blocks of the others gain from', async () => {
    const alone = await boost(TASK);
    const together = await boostWithEarlyStopping(TASK);
    expect(alone.trees.length).toBe(1);
    expect(together.trees.length).toBeGreaterThan(20);
  });

  test('keeps the trees that boosting grows, only their number is chosen', async () => {
    const { trees } = await boostWithEarlyStopping(TASK);
    const patient = { ...SETTINGS, patience: Number.POSITIVE_INFINITY };
    const all = await growAll({ ...TASK, settings: patient });
    expect(trees).toEqual(all.trees.slice(0, trees.length));
  });

  test('grows and keeps so many times the trees of the best round as it is asked to', async () => {
    const task = {
      ...TASK,
      validation: plantRows(500, 3),
      settings: { ...SETTINGS, nBlocks: 0, nTrees: 200, learningRate: 0.2 },
    };
    const once = await boost(task);
    const twice = await boost({ ...task, settings: { ...task.settings, treesMore: 2 } });
    const nBest = once.trees.length;
    expect(nBest).toBeGreaterThan(task.settings.patience);
    expect(twice.rounds).toHaveLength(2 * nBest);
    expect(twice.trees).toHaveLength(2 * nBest);
    expect([...twice.trees.slice(0, nBest)]).toEqual([...once.trees]);
  });

  test('is boosting stopped on the validation flights where no blocks are asked for', async () => {
    const settings = { ...SETTINGS, nBlocks: 0 };
    const task = { ...TASK, validation: plantRows(500, 3), settings };
    expect(await boostWithEarlyStopping(task)).toEqual(await boost(task));
  });

  test('stops when it is told to', async () => {
    let nRounds = 0;
    const { rounds } = await boostWithEarlyStopping({ ...TASK, onRound: () => ++nRounds < 3 });
    expect(rounds.length).toBe(3);
    expect(nRounds).toBe(3);
  });
});

describe('picked rows', () => {
  test('keep their bins, answers and days', () => {
    const days = Int32Array.from({ length: 2000 }, (_, row) => row >> 4);
    const { data, labels, days: kept } = pickRows({ ...train, days }, [7, 1999, 40]);
    train.bins.forEach((_, f) => {
      expect(data[3 * f + 1]).toBe(train.data[2000 * f + 1999]!);
    });
    expect([...labels]).toEqual([train.labels[7]!, train.labels[1999]!, train.labels[40]!]);
    expect([...kept!]).toEqual([0, 124, 2]);
  });

  test('become the table again when its parts are joined', () => {
    const days = Int32Array.from({ length: 2000 }, (_, row) => row >> 4);
    const rows = Array.from({ length: 2000 }, (_, row) => row);
    const whole = { ...train, days };
    const parts = [rows.slice(0, 700), rows.slice(700, 701), rows.slice(701)];
    const { data, labels, days: joined } = joinRows(parts.map((part) => pickRows(whole, part)));
    expect(data).toEqual(train.data);
    expect(labels).toEqual(train.labels);
    expect(joined).toEqual(days);
  });
});
