import { expect, test } from 'bun:test';
import { buildPlantedForest } from '../../test/planted.ts';
import { buildRandom } from '../core/random.ts';
import { type ExplainedScore, importanceOfScore } from './importance.ts';
import { importanceBeside } from './importance-beside.ts';

const forest = buildPlantedForest(5, 8, 1);
const names = Array.from({ length: forest.nFeatures }, (_, f) => `x${f}`);
const explained: ExplainedScore = {
  inputs: names.map((name) => ({ name, kind: 'number', required: false, description: name })),
  features: names.map((name) => ({ name, step: 'number', input: name })),
  score: { kind: 'forest', forest },
};
const random = buildRandom(2);
const raw = Float64Array.from({ length: 40 * forest.nFeatures }, () => 100 * random());

test('a thread of its own finds the same importance, to the bit', async () => {
  const found = await importanceBeside(explained, raw);
  expect(found).toEqual([...importanceOfScore(explained, raw)]);
  expect(found[0]!.meanAbsolute).toBeGreaterThan(0);
});

test('what fails in the thread is told whoever waits', async () => {
  const strange: ExplainedScore = {
    ...explained,
    features: [{ name: 'x', step: 'number', input: 'no' }],
  };
  await expect(importanceBeside(strange, raw)).rejects.toThrow('no input is named no');
});
