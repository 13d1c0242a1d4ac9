/** Files that mean harm, or are damaged: each is refused with its code, fast, and the offending name is said. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { BROKEN_CATBOOST, SOUND_CATBOOST } from '../../test/hostile-catboost.ts';
import { ESTIMATORS } from '../../test/hostile-estimators.ts';
import { DAMAGED, WANTING } from '../../test/hostile-files.ts';
import { ascii, protocol4, RUNNING, stackGlobal } from '../../test/hostile-pickles.ts';
import { AppError } from '../core/errors.ts';
import { importModel } from './import.ts';
import type { InputsFile } from './inputs-file.ts';

const FIXTURES = join(import.meta.dir, 'fixtures');
const fixture = (name: string): Buffer => readFileSync(join(FIXTURES, name));

/** The refusal of a file; anything but an AppError is a bug and fails the test. */
const refusalOf = (bytes: Uint8Array, spec: InputsFile = {}): AppError => {
  try {
    importModel(bytes, spec, 'hostile');
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
};

describe('a pickle that tries to run code', () => {
  test.each(RUNNING)('is refused: %s', (_, bytes, name) => {
    const { code, message } = refusalOf(bytes);
    expect(message).toContain(name);
    expect(code).toBe('model-unsafe');
  });

  test.each(RUNNING)('is refused also where a path leads into it: %s', (_, bytes, name) => {
    const { code, message } = refusalOf(bytes, { path: 'model' });
    expect(message).toContain(name);
    expect(code).toBe('model-unsafe');
  });

  test("a known library's other class is named as unsupported, not as an attack", () => {
    const { code, message } = refusalOf(
      protocol4(stackGlobal('sklearn.svm._classes', 'SVC'), [0x29, 0x81, 0x2e]),
    );
    expect(code).toBe('model-unsupported');
    expect(message).toContain('sklearn.svm._classes.SVC');
    expect(message).toContain('a CalibratedClassifierCV around a LinearSVC is read');
  });

  test('a known class of another kind is named as unsupported', () => {
    const { code, message } = refusalOf(fixture('dummy.pkl'));
    expect(code).toBe('model-unsupported');
    expect(message).toContain('DummyClassifier');
  });
});

describe('a file that wants too much', () => {
  test.each(WANTING)('is refused: %s', (_, bytes, code) => {
    expect(refusalOf(bytes).code).toBe(code);
  });
});

describe('a joined model that no library writes', () => {
  test.each(ESTIMATORS)('is refused: %s', (_, bytes, code, named) => {
    const refusal = refusalOf(bytes);
    expect(refusal.message).toContain(named);
    expect(refusal.code).toBe(code);
  });
});

describe('a CatBoost file that no library writes', () => {
  test.each(BROKEN_CATBOOST)('is refused: %s', (_, bytes, text) => {
    const { code, message } = refusalOf(bytes);
    expect(message).toContain(text);
    expect(code).toBe(
      message.includes('FlabuffersModel_v9') ? 'model-unsupported' : 'model-broken',
    );
  });

  test('is one change away from one that is read', () => {
    expect(importModel(SOUND_CATBOOST, {}, 'x').inputs.map(({ name }) => name)).toEqual(['x0']);
  });
});

describe('a damaged tree', () => {
  test.each(DAMAGED)('that %s is refused', (_, bytes, text) => {
    const { code, message } = refusalOf(bytes);
    expect(code).toBe('model-broken');
    expect(message).toContain(text);
  });

  test('with __proto__ keys changes nothing outside itself', () => {
    const text = fixture('xgboost.json')
      .toString()
      .replace('{"learner":', '{"__proto__":{"polluted":1},"learner":');
    importModel(ascii(text), {}, 'x');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

const SMALL = [
  'logistic-labels.pkl',
  'tree-stump.pkl',
  'xgboost-stump.ubj',
  'xgboost-stump.json',
  'onnx-logistic.onnx',
  'lightgbm-leaf.txt',
  'onnx-5-members.onnx',
  'onnx-columns-logistic.onnx',
  'calibrated-svc.pkl',
  'forest-zlib.joblib',
  'sklearn-1.8/forest-xz.joblib',
  'sklearn-1.8/forest-lzma.joblib',
  'sklearn-1.8/forest-lz4.joblib',
  'handed-dictionary.pkl',
  'handed-own-class.pkl',
  'catboost.json',
  'options/sklearn-0.24-poly-2-True.pkl',
  'options/scale-bins-ordinal-logistic.pkl',
  'sound.cbm',
];

/** CatBoost keeps the whole story of a training: here its first tree and what a reader asks. */
const smallCatBoost = (bytes: Buffer): Buffer => {
  const { model_info, oblivious_trees, ...rest } = JSON.parse(bytes.toString());
  const { params, class_params } = model_info;
  const { loss_function } = params;
  return Buffer.from(
    JSON.stringify({
      ...rest,
      oblivious_trees: oblivious_trees.slice(0, 1),
      model_info: { params: { loss_function }, class_params },
    }),
  );
};

const smallFixture = (name: string): Buffer => {
  if (name === 'sound.cbm') return Buffer.from(SOUND_CATBOOST);
  return name === 'catboost.json' ? smallCatBoost(fixture(name)) : fixture(name);
};

/** Of a packed file all cuts in its head, then every fifth: what follows is one stream. */
const nextCut = (name: string, length: number): number =>
  length + (length > 300 && name.endsWith('.joblib') ? 5 : 1);

/** Anything but a model or an AppError is a bug. */
const survives = (bytes: Uint8Array): void => {
  try {
    importModel(bytes, Buffer.from(bytes).includes('_model') ? { path: '_model' } : {}, 'fuzz');
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
};

describe('a file that is cut or altered never breaks the reader', () => {
  test.each(SMALL)('%s, cut short, is refused or read', (name) => {
    const bytes = smallFixture(name);
    for (let length = 0; length < bytes.length; length = nextCut(name, length))
      survives(bytes.subarray(0, length));
  });

  test.each(SMALL)('%s, with bytes altered, inserted and left out', (name) => {
    const bytes = smallFixture(name);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(3)), {
          minLength: 1,
          maxLength: 6,
        }),
        (changes) => survives(alter(bytes, changes)),
      ),
      { numRuns: 150, seed: 1 },
    );
  });
});

const alter = (
  bytes: Buffer,
  changes: readonly (readonly [number, number, number])[],
): Uint8Array => {
  let altered = [...bytes];
  for (const [at, byte, kind] of changes) {
    if (kind === 0) altered.splice(at, 1);
    else if (kind === 1) altered.splice(at, 0, byte);
    else if (kind === 2) altered[at] = byte;
    else altered = [...altered.slice(0, at), ...altered.slice(at / 2)];
  }
  return Uint8Array.from(altered);
};
