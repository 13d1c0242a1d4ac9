import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { plantRows } from '../../../test/planted-rows.ts';
import { buildParallelLearner } from '../engine/parallel-learner.ts';
import { buildTrainingPool } from '../engine/training-pool.ts';
import { binOffsets } from '../growing/histogram.ts';
import type { BoostRows } from '../growing/training-rows.ts';
import { learnHeads } from './head-training.ts';
import type { OnRound } from './learned-heads.ts';
import type { Learnable } from '../preparation.ts';
import { boostSettings, DEFAULT_OPTIONS, type TrainOptions, treeSearch } from '../settings.ts';

/** A machine may be busy. */
setDefaultTimeout(60_000);

const pool = buildTrainingPool(2);
afterAll(pool.dismiss);

const TIMES = 4;

/** Every column several times: as many features as make a table wide. */
const wideRows = (nRows: number, seed: number, bins?: BoostRows['bins']): BoostRows => {
  const { data, ...rows } = plantRows(nRows, seed);
  const wide = new Uint8Array(TIMES * data.length);
  for (let time = 0; time < TIMES; time++) wide.set(data, time * data.length);
  const own = bins ?? Array.from({ length: TIMES }, () => rows.bins).flat();
  return { ...rows, bins: own, offsets: binOffsets(own), data: wide };
};

const train = wideRows(21_000, 1);
const part = (nRows: number, seed: number): BoostRows => wideRows(nRows, seed, train.bins);
const parts = { train, validation: part(2500, 2), calibration: part(2500, 3), test: part(2000, 4) };
const LEARNABLE: Learnable = {
  split: { kind: 'random', rows: {}, dates: {} } as unknown as Learnable['split'],
  known: new Int32Array(0),
  inputs: [],
  bins: train.bins,
  features: train.bins.map((_, f) => ({ name: `f${f}`, step: 'number', input: 'x' })),
  parts,
};

const learn = async (options: Partial<TrainOptions>, onRound: OnRound = () => true) => {
  const { probabilities } = await learnHeads(
    LEARNABLE,
    { ...DEFAULT_OPTIONS, nLeaves: 6, lateMinutes: 60, quantiles: false, ...options },
    { buildLearner: buildParallelLearner(pool), score: pool.score, free: pool.free, onRound },
  );
  return probabilities[0]!;
};

const nKnown = 26_000;
const { treesPerTree } = treeSearch(
  boostSettings(train.nRows, LEARNABLE.features, DEFAULT_OPTIONS),
  LEARNABLE.features,
  { nRows: nKnown, nSearched: train.nRows },
);

test('a head has as many trees as its search stands for, grown on all known rows in smaller steps', async () => {
  const seen: { head: string; round: number; nRounds: number; nRows: number }[] = [];
  const { boosted, isRelearned, treesPerRound } = await learn({ nTrees: 60 }, (round) => {
    seen.push(round);
    return true;
  });
  const searched = seen.filter(({ head }) => head === 'late 60');
  const grown = seen.filter(({ head }) => head === 'late 60, all flights');
  expect(searched[0]!.nRows).toBe(train.nRows);
  expect(searched[0]!.nRounds).toBe(Math.ceil(60 / treesPerTree));
  expect(grown[0]!.nRows).toBe(nKnown);
  expect(grown).toHaveLength(boosted.trees.length);
  expect(isRelearned).toBe(true);
  expect(treesPerRound).toBeCloseTo(treesPerTree, 10);
  const losses = boosted.rounds.map(({ validation }) => validation);
  const found = Math.min(losses.length, 2 * (1 + losses.indexOf(Math.min(...losses))));
  expect(boosted.trees).toHaveLength(Math.min(60, Math.round(found * treesPerTree)));
});

test('never more trees than were asked for', async () => {
  const { boosted } = await learn({ nTrees: 7 });
  expect(boosted.trees).toHaveLength(7);
});

test('told to stop while it searches, keeps the trees of the search as they are', async () => {
  const { boosted, isRelearned, treesPerRound } = await learn({}, ({ round }) => round < 5);
  expect(boosted.trees.length).toBeLessThanOrEqual(5);
  expect(isRelearned).toBe(false);
  expect(treesPerRound).toBe(1);
});
