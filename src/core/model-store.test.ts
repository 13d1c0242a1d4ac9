import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findModel, modelNames } from './model-store.ts';

const dir = mkdtempSync(join(tmpdir(), 'puntual-store-'));
afterAll(() => rmSync(dir, { recursive: true }));
const at = (name: string): string => join(dir, name);
symlinkSync('gone', at('dangling'));
symlinkSync('loop', at('loop'));
writeFileSync(at('file'), '');

test.each([
  ['dangling', 'is a link to gone, which does not exist'],
  ['loop', 'its symbolic links go in a circle'],
])('a model, or a folder of models, that is a link to nothing is told from one that is not there: %s', (name, says) => {
  expect(() => findModel(dir, at(name))).toThrow(says);
  expect(() => modelNames(at(name))).toThrow(says);
});

test('a folder of models that is not there holds none, and a file is no folder', () => {
  expect(modelNames(at('absent'))).toEqual([]);
  expect(() => modelNames(at('file'))).toThrow('cannot be listed: it is no folder');
  expect(() => findModel(dir, 'absent')).toThrow("there is no model 'absent'");
});
