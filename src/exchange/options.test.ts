/**
 * Classes and constructor options of the libraries that change an answer, and models whose answers once differed in
 * silence: each answers as its library, refuses the rows that it refuses, or is refused by name.
 */
import { describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { compareAnswers, readAskedModel } from '../../test/foreign-requests.ts';
import { decodeModel, encodeModel } from '../core/model-file.ts';
import { buildExplainer } from '../predict/explain/explain.ts';
import { importModel } from './import.ts';
import { writeOnnx } from './onnx/write/model.ts';

const FOLDER = join(import.meta.dir, 'fixtures/options');

/** What the refusal of a model names. */
const REFUSED: Readonly<Record<string, string>> = {
  'calibrated-svc-temperature-True.pkl': '_TemperatureScaling',
  'catboost-ctr.cbm': 'statistics of the target (CTRs)',
  'catboost-ctr.json': 'statistics of the target (CTRs)',
  'catboost-focal-plain.cbm': 'the loss Focal',
  'catboost-focal-plain.json': 'the loss Focal',
  'catboost-multiclass-plain.cbm': 'more than one answer',
  'catboost-multiclass-plain.json': 'more than one answer',
  'columns-weights-logistic.pkl': 'transformer_weights',
  'empty-hot.pkl': 'a category of city that is the empty text',
  'empty-ordinal.pkl': 'a category of city that is the empty text',
  'gb-init-plain.pkl': 'starts from another model',
  'lightgbm-linear-plain.pkl': 'linear models in its leaves',
  'scale-function-arguments-logistic.pkl': 'a FunctionTransformer of clip',
  'stack-forest.pkl': 'final_estimator is a RandomForestClassifier',
  'stack-predict.pkl': 'for predict is not supported',
  'step-hot-min-logistic.pkl': 'groups rare categories',
  'step-ordinal-min-forest.pkl': 'groups rare categories',
  'vote-stack.pkl': 'a mean over a StackingClassifier',
  'xgboost-hinge-plain.pkl': 'the objective binary:hinge',
  'xgboost-none-plain.pkl': 'has no trees',
};

const files = new Set(readdirSync(FOLDER));
const names = [...files].filter((name) => files.has(`${name}.json`)).sort();

describe('an option of a library', () => {
  test.each(names.filter((name) => REFUSED[name] === undefined))('is kept: %s', (name) => {
    const { bytes, known } = readAskedModel(FOLDER, name);
    const { wrong, nAnswered } = compareAnswers(importModel(bytes, known.spec, 'option'), known);
    expect(wrong).toEqual([]);
    expect(nAnswered).toBeGreaterThan(0);
  });

  test.each([
    'stack-pass.pkl',
    'stack-decision.pkl',
    'scale-scaled-poly-logistic.pkl',
    'scale-scaled-bins-logistic.pkl',
    'columns-log-logistic.pkl',
  ])('is stored, explained and exported: %s', (name) => {
    const { bytes, known } = readAskedModel(FOLDER, name);
    const { model } = decodeModel(encodeModel(importModel(bytes, known.spec, 'option')).bytes);
    expect(compareAnswers(model, known).wrong).toEqual([]);
    const { raw, answers } = model.selfTest;
    const { base, reasons } = buildExplainer(model).explain(raw, 0);
    const sum = reasons.reduce((total, { points }) => total + points, base);
    expect(Math.abs(sum - answers[0]!)).toBeLessThan(1e-9);
    expect(writeOnnx(model).length).toBeGreaterThan(100);
  });

  test.each(Object.entries(REFUSED))('is refused: %s, %s', (name, text) => {
    const { bytes, known } = readAskedModel(FOLDER, name);
    expect(() => importModel(bytes, known.spec, 'option')).toThrow(text);
  });
});

test('a CatBoost model whose categories have no names asks for all of them', () => {
  const { bytes, known } = readAskedModel(FOLDER, 'catboost-hot.cbm');
  const { positive = '1' } = known.spec;
  expect(() => importModel(bytes, { positive }, 'x')).toThrow(
    /no names of the 2 categories of city, only their hashes, and it names none: \{"name": "city"/,
  );
  const inputs = [{ name: 'city', values: ['Lima', 'Cusco'] }];
  expect(() => importModel(bytes, { positive, inputs }, 'x')).toThrow(
    '1 of them are not among the 2 names given',
  );
});

test('an example of an input lies where its bins, functions and trees behind other steps tell numbers apart', () => {
  const examplesOf = (name: string): (number | undefined)[] => {
    const { bytes, known } = readAskedModel(FOLDER, name);
    return importModel(bytes, known.spec, 'x').inputs.flatMap(({ kind, example }) =>
      kind === 'number' ? [example] : [],
    );
  };
  // Hours from 0 to 23, numbers around 0 with a spread of 3.
  for (const name of ['columns-bins-logistic.pkl', 'columns-log-lightgbm.pkl']) {
    const [hour] = examplesOf(name);
    expect(hour).toBeGreaterThan(0);
    expect(hour).toBeLessThan(24);
  }
  const [hour, other] = examplesOf('scale-thrice-forest.pkl');
  expect(hour).toBeGreaterThan(0);
  expect(hour).toBeLessThan(24);
  expect(Math.abs(other!)).toBeLessThan(9);
});
