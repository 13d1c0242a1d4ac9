import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_CONFIG } from '../config.ts';
import { bringModels, type CopyPlace } from './model-source.ts';

const MB = 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), 'puntual-source-'));
const copies = join(folder, 'copies');
mkdirSync(copies);
const model = join(folder, 'model.safetensors');
writeFileSync(model, Buffer.alloc(MB));
const config = { ...DEFAULT_CONFIG, model };

let nCopies = 0;
/** Takes no more than two models. */
const place: CopyPlace = {
  sharedDirs: [copies],
  nextNumber: () => ++nCopies,
  shortage: (bytes) => (bytes > 2 * MB ? `no: ${bytes / MB} MB` : undefined),
};
afterAll(() => rmSync(folder, { recursive: true }));

test('models that memory has no room for are refused before anything is copied', async () => {
  const wanted = { first: model, named: [model], shadow: model };
  const bringing = bringModels(config, place, wanted);
  await expect(bringing).rejects.toMatchObject({ code: 'limit-system', message: 'no: 3 MB' });
  expect(readdirSync(copies)).toEqual([]);
  const { file } = await bringModels(config, place, { ...wanted, shadow: undefined });
  expect(readdirSync(copies)).toHaveLength(2);
  expect(file).toStartWith(copies);
});
