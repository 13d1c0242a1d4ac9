import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPlantedContext } from '../../../test/planted-service.ts';
import { readTrainingReport } from './training-report.ts';

const dir = mkdtempSync(join(tmpdir(), 'puntual-report-'));
afterAll(() => rmSync(dir, { recursive: true }));

const path = join(dir, 'report.json');
const read = () =>
  readTrainingReport({ ...buildPlantedContext().loaded, path: join(dir, 'model.safetensors') });

test('the report beside a model is shown when it is of this version, and never waited for', () => {
  expect(read()).toBe(undefined);
  writeFileSync(path, JSON.stringify({ version: 'v0' }));
  expect(read()).toBe(undefined);
  writeFileSync(path, JSON.stringify({ version: 'v1', reliability: [null, 5], heads: {} }));
  expect(read()).toMatchObject({ reliability: [], gains: [], coverage: [] });
  rmSync(path);
  expect(Bun.spawnSync(['mkfifo', path]).exitCode).toBe(0);
  expect(read()).toBe(undefined);
});
