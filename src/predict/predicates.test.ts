/** Questions against their definition: equal exactly where the nodes ask the same. */
import { expect, test } from 'bun:test';
import { buildPlantedForest } from '../../test/planted.ts';
import type { Forest } from '../core/forest.ts';
import { findQuestions } from './predicates.ts';

const textOf = (forest: Forest, node: number): string => {
  const start = forest.categoryStart[node]!;
  const set = forest.categories.slice(start, start + forest.categoryWords[node]!);
  const what = start >= 0 ? `set ${set.join(' ')}` : `threshold ${forest.threshold[node]}`;
  return `${forest.feature[node]} ${forest.missingLeft[node]} ${what}`;
};

test('nodes share a question exactly when they ask the same', () => {
  const forest = buildPlantedForest(40, 127, 3);
  const { of, askedBy } = findQuestions(forest);
  const known = new Map<string, number>();
  of.forEach((question, node) => {
    if (forest.feature[node] === -1) {
      expect(question).toBe(-1);
      return;
    }
    const text = textOf(forest, node);
    expect(known.get(text) ?? question).toBe(question);
    known.set(text, question);
    expect(textOf(forest, askedBy[question]!)).toBe(text);
  });
  expect(known.size).toBe(askedBy.length);
  expect(known.size).toBeGreaterThan(100);
});
