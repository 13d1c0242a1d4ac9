import { afterAll, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPlantedModel } from '../../test/planted.ts';
import { AppError } from './errors.ts';
import { decodeModel, encodeModel, readModel, writeModel } from './model-file.ts';
import {
  beginVersion,
  checkPlace,
  currentOf,
  findModel,
  modelNames,
  storeModel,
  switchCurrent,
} from './model-store.ts';
import { buildRandom } from './random.ts';

const folder = mkdtempSync(join(tmpdir(), 'puntual-model-'));
afterAll(() => rmSync(folder, { recursive: true }));
const model = buildPlantedModel({ nTrees: 4, nLeaves: 9 });

const codeOf = (act: () => unknown): string | undefined => {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return undefined;
};

describe('a model file', () => {
  test('gives back the model that was written, array types and all', () => {
    expect(decodeModel(encodeModel(model).bytes).model).toEqual(model);
  });

  test('keeps infinities and an empty self-test', () => {
    const infinite = buildPlantedModel({ nTrees: 4, nLeaves: 9 });
    const head = infinite.heads[0]!;
    if (head.score.kind !== 'forest') throw new TypeError('a planted model is a forest');
    head.score.forest.threshold[0] = Number.POSITIVE_INFINITY;
    expect(decodeModel(encodeModel(infinite).bytes).model).toEqual(infinite);
  });

  test('is the same bytes for the same model', () => {
    expect(encodeModel(model).bytes).toEqual(
      encodeModel(buildPlantedModel({ nTrees: 4, nLeaves: 9 })).bytes,
    );
  });

  test('is safetensors that tiles its bytes without holes, as other readers demand', () => {
    const { bytes } = encodeModel(model);
    const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    const header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + length)).toString()) as Record<
      string,
      { data_offsets?: [number, number] }
    >;
    const spans = Object.values(header).flatMap(({ data_offsets }) =>
      data_offsets ? [data_offsets] : [],
    );
    spans.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    let end = 0;
    for (const [from, to] of spans) {
      expect(from).toBe(end);
      end = to;
    }
    expect(8 + length + end).toBe(bytes.length);
  });

  test('with any one bit flipped is refused', () => {
    const { bytes } = encodeModel(model);
    const random = buildRandom(3);
    for (let trial = 0; trial < 400; trial++) {
      const at = trial < 16 ? trial : Math.floor(random() * bytes.length);
      const broken = Uint8Array.from(bytes);
      broken[at]! ^= 1 << Math.floor(random() * 8);
      expect(codeOf(() => decodeModel(broken))).toBe('model-broken');
    }
  });

  test('cut short anywhere is refused', () => {
    const { bytes } = encodeModel(model);
    for (let length = 0; length < bytes.length; length += 1 + (length >> 4)) {
      expect(codeOf(() => decodeModel(bytes.slice(0, length)))).toBe('model-broken');
    }
  });

  test('of another kind is refused with a sentence', () => {
    const path = join(folder, 'text.safetensors');
    writeFileSync(path, 'a,b\n1,2\n'.repeat(9));
    expect(codeOf(() => readModel(path))).toBe('model-broken');
    expect(codeOf(() => readModel(join(folder, 'absent')))).toBe('model-missing');
  });

  test('whose trees go in a circle is refused, even with a right checksum', () => {
    const cyclic = buildPlantedModel({ nTrees: 1, nLeaves: 4 });
    const score = cyclic.heads[0]!.score;
    if (score.kind === 'forest') score.forest.left[1] = 0;
    if (score.kind === 'forest') score.forest.feature[1] = 3;
    expect(codeOf(() => decodeModel(encodeModel(cyclic).bytes))).toBe('model-broken');
  });

  test('that cannot be written leaves nothing behind', () => {
    writeFileSync(join(folder, 'flat'), '');
    expect(codeOf(() => writeModel(model, join(folder, 'flat', 'm.safetensors')))).toBe(
      'file-unwritable',
    );
    const full = mkdtempSync(join(folder, 'full-'));
    chmodSync(full, 0o755);
    writeModel(model, join(full, 'm.safetensors'));
    expect(readdirSync(full)).toEqual(['m.safetensors']);
  });
});

describe('the store of models', () => {
  test('finds the current version, an earlier one, a folder and a file', () => {
    const dir = mkdtempSync(join(folder, 'store-'));
    const first = storeModel(dir, model, new Date('2026-01-01T00:00:00Z'));
    const second = storeModel(
      dir,
      buildPlantedModel({ nTrees: 5 }),
      new Date('2026-01-02T00:00:00Z'),
    );
    expect(first.version).toMatch(/^20260101T000000Z-[0-9a-f]{8}$/);
    expect(readdirSync(join(dir, 'planted')).sort()).toEqual([
      first.version,
      second.version,
      'current',
    ]);
    expect(findModel(dir, 'planted')).toBe(second.path);
    expect(findModel(dir, `planted/${first.version}`)).toBe(first.path);
    expect(findModel(dir, first.path)).toBe(first.path);
    switchCurrent(dir, 'planted', first.version);
    expect(currentOf(dir, 'planted')).toBe(first.version);
    expect(readModel(findModel(dir, 'planted')).version).toBe(first.version);
  });

  test('shows a version whole or not at all: what is being stored, or was left by a kill, is passed over', () => {
    const dir = mkdtempSync(join(folder, 'making-'));
    const making = beginVersion(dir, model, new Date('2026-01-03T00:00:00Z'));
    making.add('report.json', Buffer.from('{}'));
    expect(modelNames(dir)).toEqual([]);
    expect(() => findModel(dir, 'planted')).toThrow("there is no model 'planted'");
    making.finish(true);
    expect(readdirSync(join(dir, 'planted', making.version)).sort()).toEqual([
      'model.safetensors',
      'report.json',
    ]);
    expect(findModel(dir, 'planted')).toBe(making.path);
    beginVersion(dir, model, new Date('2026-01-04T00:00:00Z'));
    rmSync(join(dir, 'planted', 'current'));
    expect(() => findModel(dir, 'planted')).toThrow(
      `the newest that is stored is 'planted/${making.version}'`,
    );
  });

  test('keeps nothing of a version that cannot be written whole, and names the file by its place', () => {
    const dir = mkdtempSync(join(folder, 'half-'));
    const making = beginVersion(dir, model, new Date(0));
    making.add('report.json', Buffer.from('{}'));
    const name = join('report.json', 'below');
    expect(() => making.add(name, Buffer.from(''))).toThrow(
      `${join(dir, 'planted', making.version, name)} cannot be written`,
    );
    expect(readdirSync(join(dir, 'planted'))).toEqual([]);
  });

  test('says before a model is learned that none can be stored', () => {
    const dir = mkdtempSync(join(folder, 'place-'));
    writeFileSync(join(dir, 'flat'), '');
    expect(codeOf(() => checkPlace(join(dir, 'flat'), 'planted'))).toBe('file-unwritable');
    mkdirSync(join(dir, 'planted', 'current'), { recursive: true });
    expect(codeOf(() => checkPlace(dir, 'planted'))).toBe('file-unwritable');
    expect(() => checkPlace(dir, 'other')).not.toThrow();
  });

  test('names what it has when it is asked for what it has not', () => {
    const dir = mkdtempSync(join(folder, 'names-'));
    storeModel(dir, model, new Date(0));
    expect(() => findModel(dir, 'nyc')).toThrow("there is no model 'nyc'");
    expect(() => findModel(dir, 'nyc')).toThrow('planted');
    expect(() => findModel(dir, '../planted')).toThrow(AppError);
  });

  test('says of links in a circle that they are, by path and as a version', () => {
    const dir = mkdtempSync(join(folder, 'circle-'));
    const circle = join(dir, 'circle');
    symlinkSync('circle', circle);
    const why = 'cannot be read: its symbolic links go in a circle';
    expect(() => findModel(dir, circle)).toThrow(`${circle} ${why}`);
    const { path } = storeModel(dir, model, new Date(0));
    rmSync(path);
    symlinkSync('model.safetensors', path);
    expect(() => findModel(dir, 'planted')).toThrow(`${path} ${why}`);
  });

  test('says of a current version that is not there which file names it, and what is stored', () => {
    const dir = mkdtempSync(join(folder, 'dangling-'));
    const { version, path } = storeModel(dir, model, new Date(0));
    const current = join(dir, 'planted', 'current');
    const newest = `the newest that is stored is 'planted/${version}': write that version into it`;
    switchCurrent(dir, 'planted', '20200101T000000Z-00000000');
    for (const wanted of ['planted', 'planted/20200101T000000Z-00000000'])
      expect(() => findModel(dir, wanted)).toThrow(
        `${current} names '20200101T000000Z-00000000', which is not stored; ${newest}`,
      );
    writeFileSync(current, '');
    expect(() => findModel(dir, 'planted')).toThrow(`${current} is empty; ${newest}`);
    expect(() => findModel(dir, 'planted/none')).toThrow(
      `there is no version 'none' of 'planted'; the newest that is stored is 'planted/${version}'`,
    );
    switchCurrent(dir, 'planted', version);
    rmSync(path);
    expect(() => findModel(dir, 'planted')).toThrow(
      `${current} names '${version}', which is not stored, nor is any other version`,
    );
  });

  test('refuses a name that is no file name', () => {
    expect(codeOf(() => storeModel(folder, buildPlantedModel({ name: '../x' }), new Date(0)))).toBe(
      'usage',
    );
  });
});
