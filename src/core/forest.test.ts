import { expect, test } from 'bun:test';
import { buildPlantedForest } from '../../test/planted.ts';
import { checkForest, type Forest } from './forest.ts';

const changed = (change: (forest: Forest) => void): Forest => {
  const forest = buildPlantedForest(2, 4, 1);
  change(forest);
  return forest;
};

test('a planted forest can be walked', () => {
  expect(() => checkForest(changed(() => {}))).not.toThrow();
});

test.each([
  ['points to itself', (forest) => forest.left.fill(0, 0, 1), 'points to node 0'],
  ['points past its end', (forest) => forest.right.fill(99, 0, 1), 'points to node 99'],
  ['shares a child', (forest) => forest.right.fill(forest.left[0]!, 0, 1), 'has two parents'],
  ['asks what is not there', (forest) => forest.feature.fill(7, 0, 1), 'asks feature 7 of 7'],
  ['has no number', (forest) => forest.value.fill(Number.NaN, 0, 1), 'not finite'],
  ['weighs less than nothing', (forest) => forest.cover.fill(-1, 0, 1), 'not a weight'],
  ['shares a root', (forest) => forest.roots.fill(0), 'starts where another does'],
  ['starts inside a tree', (forest) => forest.roots.fill(forest.left[0]!, 1, 2), 'has two parents'],
  ['has a limit that is none', (forest) => forest.threshold.fill(Number.NaN), 'not a number'],
  [
    'names a set past the table',
    (forest) => forest.categoryStart.fill(99, 0, 1),
    'outside the table',
  ],
  ['starts outside', (forest) => forest.roots.fill(-1, 0, 1), 'starts at node -1'],
] as [
  string,
  (forest: Forest) => void,
  string,
][])('a forest that %s is refused', (_, change, text) => {
  expect(() => checkForest(changed(change))).toThrow(text);
});
