/** `puntual model` as a person calls it. */
import { afterAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPlantedModel } from '../../../test/planted.ts';
import type { Head } from '../../core/model.ts';
import { writeModel } from '../../core/model-file.ts';
import { storeModel } from '../../core/model-store.ts';

const emptySelfTest = { nRows: 0, raw: new Float64Array(0), answers: new Float64Array(0) };
const FOLDER = mkdtempSync(join(tmpdir(), 'puntual-model-'));
const FIXTURES = join(import.meta.dir, '../../exchange/fixtures');
afterAll(() => rmSync(FOLDER, { recursive: true }));

const puntual = (...args: string[]) => {
  const run = Bun.spawnSync([process.execPath, join(import.meta.dir, '../main.ts'), ...args], {
    cwd: FOLDER,
  });
  return { code: run.exitCode, out: run.stdout.toString(), err: run.stderr.toString() };
};

test('a pickle of unnamed columns and an inputs file become a model that show, verify and export know', () => {
  const values = Array.from({ length: 12 }, (_, i) => i + 1);
  writeFileSync(
    join(FOLDER, 'inputs.json'),
    JSON.stringify([
      { name: 'OPERA', values: ['Avianca', 'Copa Air', 'Grupo LATAM', 'Iberia', 'Sky Airline'] },
      { name: 'TIPOVUELO', values: ['I', 'N'] },
      { name: 'MES', values },
    ]),
  );
  const file = join(FIXTURES, 'logistic-unnamed.pkl');
  const imported = puntual('model', 'import', file, '--inputs', 'inputs.json', '--name', 'latam');
  expect(imported.err).toBe('');
  expect(imported.out).toContain('puntual serve --model latam');
  const shown = JSON.parse(puntual('model', 'show', 'latam', '--json').out);
  expect(shown.inputs.map((input: { name: string }) => input.name)).toEqual([
    'OPERA',
    'TIPOVUELO',
    'MES',
  ]);
  expect(puntual('model', 'show', 'latam').out).toContain("P(class '1')  linear");
  expect(puntual('model', 'verify', 'latam').out).toContain('is sound');
  const exported = puntual('model', 'export', 'latam', '--to', 'onnx', '-o', 'latam.onnx');
  expect(exported.code).toBe(0);
  expect(readFileSync(join(FOLDER, 'latam.onnx')).length).toBeGreaterThan(200);
}, 180_000);

test('a calibration that LightGBM cannot hold is refused, and left out where that is asked for', () => {
  const planted = buildPlantedModel({ nTrees: 5 });
  const head = planted.heads[0]!;
  const calibration = { kind: 'beta', a: 0.8, b: 0.9, c: 0.1 } as const;
  const calibrated = { ...planted, heads: [{ ...head, calibration } as Head] };
  writeModel({ ...calibrated, selfTest: emptySelfTest }, join(FOLDER, 'beta.safetensors'));
  const words = ['model', 'export', 'beta.safetensors', '--to', 'lightgbm', '-o', 'beta.txt'];
  const refused = puntual(...words);
  expect(refused.code).toBe(2);
  expect(refused.err).toContain('a calibration (beta)');
  expect(refused.err).toContain('--uncalibrated');
  expect(puntual(...words, '--uncalibrated').code).toBe(0);
  expect(readFileSync(join(FOLDER, 'beta.txt'), 'utf8')).toStartWith('tree\n');
}, 180_000);

describe('an import that is asked for more', () => {
  const labelled = join(FIXTURES, 'logistic-labels.pkl');
  const named = join(FIXTURES, 'logistic-named.pkl');
  const { columns, rows, probabilities } = JSON.parse(
    readFileSync(`${named}.json`, 'utf8'),
  ) as Record<'columns' | 'rows' | 'probabilities', readonly (string | number)[]>;
  const csvOf = (answers: readonly (string | number)[]): string =>
    [[...columns, 'probability'], ...rows.map((row, r) => [row, answers[r]])]
      .map((cells) => cells.join(','))
      .join('\n');

  test('says which class is late, and refuses where nothing tells', () => {
    const refused = puntual('model', 'import', labelled);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("say --positive 'late' or --positive 'on time'");
    const words = ['model', 'import', labelled, '--positive', 'late', '--name', 'labelled'];
    expect(puntual(...words).out).toContain("that of the class 'late' (not 'on time')");
    expect(puntual('model', 'show', 'labelled').out).toContain("that of the class 'late'");
    const listed = puntual('model', 'list').out;
    expect(listed).toMatch(/^labelled +\d{8}T\d{6}Z-[0-9a-f]{8} +scikit-learn/m);
  }, 180_000);

  test('proposes groups in a line that accepts them, and writes nothing on a dry run', () => {
    const dry = puntual('model', 'import', named, '--dry-run', '--name', 'dry', '--models', 'none');
    expect(dry.out).toContain('not written');
    expect(dry.out).toContain('OPERA_Iberia  number');
    const spec = /--inputs '(.*)'/.exec(dry.out)![1]!;
    expect(existsSync(join(FOLDER, 'none'))).toBe(false);
    const accepted = puntual('model', 'import', named, '--dry-run', '--inputs', spec);
    expect(accepted.out).toContain('OPERA  category: Avianca, Copa Air');
    expect(accepted.out).not.toContain('may be one-hot');
  }, 180_000);

  test('compares the answers with those of the library, and refuses a model that gives others', () => {
    writeFileSync(join(FOLDER, 'rows.csv'), csvOf(probabilities));
    const wrong = probabilities.map((p, i) => (i === 7 ? Number(p) + 1e-4 : p));
    writeFileSync(join(FOLDER, 'wrong.csv'), csvOf(wrong));
    const words = ['model', 'import', named, '--name', 'checked', '--check'];
    const groups = '[{"name":"OPERA","columns":"OPERA_*"}]';
    expect(puntual(...words, 'rows.csv').out).toMatch(/150 rows checked: .* is \d/);
    expect(puntual(...words, 'rows.csv', '--inputs', groups).out).toContain('150 rows checked');
    const refused = puntual(...words, 'wrong.csv', '-o', 'wrong.safetensors');
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('row 8 of the check answers');
    expect(existsSync(join(FOLDER, 'wrong.safetensors'))).toBe(false);
  }, 180_000);
});

describe('a mistake gives one line and the exit code 2', () => {
  test.each([
    [['model', 'show', 'nothing'], "there is no model 'nothing'"],
    [['model', 'verify', 'nothing'], "there is no model 'nothing'"],
    [['model', 'import', 'nothing.pkl'], 'nothing.pkl does not exist'],
    [['model', 'import', join(FIXTURES, 'dummy.pkl')], 'DummyClassifier'],
    [['model', 'import', join(FIXTURES, 'make.py')], 'no known format'],
    [['predict', 'nothing', 'x.csv', '-o', 'o.csv'], "there is no model 'nothing'"],
  ])(
    '%p',
    (args, text) => {
      const { code, out, err } = puntual(...args);
      expect(code).toBe(2);
      expect(out).toBe('');
      expect(err).toContain(text);
      expect(err.trim().split('\n')).toHaveLength(1);
    },
    180_000,
  );
});

test('a model file with a flipped byte is refused', () => {
  const file = join(FOLDER, 'tree.safetensors');
  expect(puntual('model', 'import', join(FIXTURES, 'tree.pkl'), '-o', file).code).toBe(0);
  const bytes = readFileSync(file);
  bytes[bytes.length - 20]! ^= 1;
  writeFileSync(file, bytes);
  const { code, err } = puntual('model', 'verify', file);
  expect(code).toBe(2);
  expect(err).toContain('checksum');
}, 180_000);

test('a model of which no version is current is named with the version that there is', () => {
  const models = join(FOLDER, 'kept');
  const { version } = storeModel(models, buildPlantedModel({ nTrees: 2 }), new Date(), false);
  const { err, code } = puntual('model', 'show', 'planted', '--models', models);
  expect(err).toContain(`no version of 'planted' is current`);
  expect(err).toContain(`'planted/${version}'`);
  expect(code).toBe(2);
  expect(puntual('model', 'show', `planted/${version}`, '--models', models).code).toBe(0);
});

test('a model whose current version cannot be told stands in the list with why, beside the others', () => {
  const models = join(FOLDER, 'told');
  storeModel(models, buildPlantedModel({ nTrees: 2 }), new Date());
  mkdirSync(join(models, 'broken', 'current'), { recursive: true });
  const { out, code } = puntual('model', 'list', '--models', models);
  expect(out).toMatch(/broken +cannot be used: .*current is a directory/);
  expect(out).toContain('planted');
  expect(code).toBe(0);
});
