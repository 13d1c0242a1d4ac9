/** Predicates against their definition: equal exactly where the nodes test the same. */
import { expect, test } from 'bun:test';
import { buildPlantedForest } from '../../test/planted.ts';
import type { Forest } from '../core/forest.ts';
import { findPredicates } from './predicates.ts';

const textOf = (forest: Forest, node: number): string => {
  const start = forest.categoryStart[node]!;
  const set = forest.categories.slice(start, start + forest.categoryWords[node]!);
  const what = start >= 0 ? `set ${set.join(' ')}` : `threshold ${forest.threshold[node]}`;
  return `${forest.feature[node]} ${forest.missingLeft[node]} ${what}`;
};

test('nodes share a predicate exactly when they test the same', () => {
  const forest = buildPlantedForest(40, 127, 3);
  const { ofNode, firstNode } = findPredicates(forest);
  const known = new Map<string, number>();
  ofNode.forEach((predicate, node) => {
    if (forest.feature[node] === -1) {
      expect(predicate).toBe(-1);
      return;
    }
    const text = textOf(forest, node);
    expect(known.get(text) ?? predicate).toBe(predicate);
    known.set(text, predicate);
    expect(textOf(forest, firstNode[predicate]!)).toBe(text);
  });
  expect(known.size).toBe(firstNode.length);
  expect(known.size).toBeGreaterThan(100);
});
