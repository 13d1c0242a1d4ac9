/** Files as people hand them over: each with the answers of its library, or the refusal that names what is wrong. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildInputReader } from '../core/inputs.ts';
import type { Model } from '../core/model.ts';
import { compilePredictor } from '../predict/compile.ts';
import { importModel, importWithProposals } from './import.ts';

const fixture = (name: string): Buffer => readFileSync(join(import.meta.dir, 'fixtures', name));

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
  const { model, proposals } = importWithProposals(fixture('field/flags.txt'), {}, 'flags');
  expect(requestsOf('field/flags.ndjson').map((request) => answer(model, request))).toEqual([
    0.671836, 0.342688, 0.591474, 0.462304,
  ]);
  expect(proposals).toEqual([]);
});

test.each([
  'field/xgb-early.json',
  'field/xgb-early.pkl',
])('%s, whose training stopped early, answers by its best rounds', (name) => {
  const model = importModel(fixture(name), {}, 'early');
  expect(requestsOf('field/xgb-early.ndjson').map((request) => answer(model, request))).toEqual([
    0.273955, 0.709188, 0.893875,
  ]);
  expect(model.provenance.notes?.join()).toMatch(/best 5 of \d+ trees count/);
});

test('a booster that was saved without its wrapper counts all rounds, and says so', () => {
  const text = fixture('field/xgb-early.json').toString().replace('"scikit_learn":', '"somebody":');
  const model = importModel(Buffer.from(text), {}, 'early');
  expect(model.provenance.notes?.join()).toMatch(/all \d+ trees count, .* first 5 best/);
});

test('a model of a library that refuses missing values asks for all of its inputs', () => {
  const model = importModel(fixture('field/gradient-boosting.pkl'), {}, 'gb');
  expect(model.inputs.every(({ required }) => required)).toBe(true);
  const raw = new Float64Array(model.inputs.length);
  const { faults } = buildInputReader(model.inputs)({}, raw, 0);
  expect(faults.map(({ detail }) => detail)).toEqual(
    model.inputs.map(({ name }) => `${name} is required`),
  );
});

test.each([
  'xgboost-accents.json',
  'xgboost-accents.ubj',
  'xgboost-accents.pkl',
])('%s, in which XGBoost cut the names of its categories, has to be told them', (name) => {
  expect(() => importModel(fixture(name), {}, 'x')).toThrow(/column 'city'.*name its 6 categories/);
  const few = { inputs: [{ name: 'city', values: ['Lima', 'Arica'] }] };
  expect(() => importModel(fixture(name), few, 'x')).toThrow('name its 6 categories');
});

test('a value that an encoder refuses is a fault, as is a missing one; dropped columns are not asked', () => {
  const { inputs } = importModel(fixture('encoded-closed.pkl'), {}, 'closed');
  expect(inputs.map(({ name }) => name)).toEqual(['airline']);
  const faultsOf = (request: Record<string, unknown>): string[] =>
    buildInputReader(inputs)(request, new Float64Array(1), 0).faults.map(({ detail }) => detail);
  expect(faultsOf({ airline: 'Iberia' })).toEqual([]);
  expect(faultsOf({})).toEqual(['airline is required']);
  expect(faultsOf({ airline: 'KLM' })).toEqual([
    'airline must be one of Avianca, Copa Air, Grupo LATAM, Iberia, Sky Airline',
  ]);
});

describe('a model inside something else', () => {
  test.each([
    ['handed-scaler.pkl', undefined, 'StandardScaler (scaler) beside the model'],
    ['handed-scaler.pkl', undefined, '--path model takes the model alone'],
    ['handed-two.pkl', undefined, 'say which with --path models.0 or --path models.1'],
    ['handed-own-class.pkl', undefined, '--path ATTRIBUTE takes the model out of it'],
    ['handed-own-class.pkl', 'features', 'leads to a list, not to a model'],
    ['handed-own-class.pkl', 'model', 'the pickle has no model there, but _model'],
    ['handed-dictionary.pkl', 'columns.7', 'has no 7 there'],
    ['field/search-no-refit.pkl', undefined, 'refit=False'],
    ['lightgbm.txt', 'model', '--path is for a pickle'],
  ])('%s with the path %p is refused: %s', (name, path, text) => {
    expect(() => importModel(fixture(name), { ...(path && { path }) }, 'x')).toThrow(text);
  });

  test('takes the names of its columns from beside it', () => {
    for (const name of ['handed-dictionary.pkl', 'handed-index.pkl', 'handed-list.pkl'])
      expect(importModel(fixture(name), {}, 'x').inputs.map((input) => input.name)).toEqual([
        'hour',
        'distanceMiles',
      ]);
  });

  test('keeps the threshold at which it decides, for either class', () => {
    const bytes = fixture('threshold-fixed.pkl');
    expect(importModel(bytes, {}, 'x').threshold).toBe(0.3);
    expect(importModel(bytes, { positive: '0' }, 'x').threshold).toBe(0.7);
    expect(importModel(bytes, { threshold: 0.4 }, 'x').threshold).toBe(0.4);
    const tuned = importModel(fixture('threshold-tuned.pkl'), {}, 'x');
    expect(tuned.provenance.notes?.join()).toContain(`decides from ${tuned.threshold} on`);
  });
});

test('a number for an example flight lies where the trees of the model compare', () => {
  const { inputs, heads } = importModel(fixture('forest.pkl'), {}, 'x');
  const { score } = heads[0]!;
  if (score.kind !== 'forest') throw new Error('a forest is expected');
  const { feature, threshold } = score.forest;
  inputs.forEach(({ example }, i) => {
    const compared = threshold.filter((_, node) => feature[node] === i);
    expect(example).toBeGreaterThanOrEqual(Math.min(...compared));
    expect(example).toBeLessThanOrEqual(Math.max(...compared));
  });
});

test('a CatBoost model with categories is refused, with what is read instead', () => {
  const read = () => importModel(fixture('field/catboost-text.json'), {}, 'x');
  expect(read).toThrow(/has categorical features.*one-hot columns/);
});

test('a column that somebody called Column_1 keeps its name; columns without one are x0, x1, ...', () => {
  const text = fixture('field/flags.txt').toString();
  const namesOf = (names: string): string[] => {
    const named = text.replace(/^feature_names=.*$/m, `feature_names=${names}`);
    return importModel(Buffer.from(named), {}, 'x').inputs.map(({ name }) => name);
  };
  expect(namesOf('Column_1 a b c d')).toEqual(['Column_1', 'a', 'b', 'c', 'd']);
  expect(namesOf('Column_0 Column_1 Column_2 Column_3 Column_4')[1]).toBe('x1');
});

describe('a file that an old scikit-learn wrote', () => {
  test('is read where its layout is known, and says the version', () => {
    const { provenance } = importModel(fixture('field/old-tree.pkl'), {}, 'x');
    expect(provenance.madeBy).toBe('scikit-learn 0.22.1 DecisionTreeClassifier');
  });

  test('is refused with the version where it is not', () => {
    const text = fixture('sklearn-0.20/forest.pkl').toString('latin1');
    const renamed = Buffer.from(
      text.replaceAll('RandomForestClassifier', 'RandomForestZlassifier'),
      'latin1',
    );
    expect(() => importModel(renamed, {}, 'x')).toThrow(
      /Zlassifier.*scikit-learn 0\.20\.4 wrote the file/,
    );
    const lost = Buffer.from(text.replaceAll('n_features_', 'n_features!'), 'latin1');
    expect(() => importModel(lost, {}, 'x')).not.toThrow(/was it fitted/);
  });
});
