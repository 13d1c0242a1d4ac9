/** Files as people hand them over: each with the answers of its library, or the refusal that names what is wrong. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildInputReader } from '../core/inputs.ts';
import type { Model } from '../core/model.ts';
import { compilePredictor } from '../predict/compile.ts';
import { importModel, importWithProposals } from './import.ts';

const fixture = (name: string): Buffer =>
  readFileSync(join(import.meta.dir, 'fixtures/field', name));

const answer = (model: Model, request: Record<string, unknown>): number => {
  const raw = new Float64Array(model.inputs.length);
  expect(buildInputReader(model.inputs)(request, raw, 0).faults).toEqual([]);
  const out = new Float64Array(1);
  compilePredictor(model).predictInto(raw, 1, out);
  return Math.round(out[0]! * 1e6) / 1e6;
};

const requestsOf = (name: string): Record<string, unknown>[] =>
  fixture(name)
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('columns that begin alike, of which each is its own flag or rate, stay apart', () => {
  const { model, proposals } = importWithProposals(fixture('flags.txt'), {}, 'flags');
  expect(requestsOf('flags.ndjson').map((request) => answer(model, request))).toEqual([
    0.671836, 0.342688, 0.591474, 0.462304,
  ]);
  expect(proposals).toEqual([]);
});

test.each([
  'xgb-early.json',
  'xgb-early.pkl',
])('%s, whose training stopped early, answers by its best rounds', (name) => {
  const model = importModel(fixture(name), {}, 'early');
  expect(requestsOf('xgb-early.ndjson').map((request) => answer(model, request))).toEqual([
    0.273955, 0.709188, 0.893875,
  ]);
  expect(model.provenance.notes?.join()).toMatch(/best 5 of \d+ trees count/);
});

test('a booster that was saved without its wrapper counts all rounds, and says so', () => {
  const text = fixture('xgb-early.json').toString().replace('"scikit_learn":', '"somebody":');
  const model = importModel(Buffer.from(text), {}, 'early');
  expect(model.provenance.notes?.join()).toMatch(/all \d+ trees count, .* first 5 best/);
});

test('a model of a library that refuses missing values asks for all of its inputs', () => {
  const model = importModel(fixture('gradient-boosting.pkl'), {}, 'gb');
  expect(model.inputs.every(({ required }) => required)).toBe(true);
  const raw = new Float64Array(model.inputs.length);
  const { faults } = buildInputReader(model.inputs)({}, raw, 0);
  expect(faults.map(({ detail }) => detail)).toEqual(
    model.inputs.map(({ name }) => `${name} is required`),
  );
});
