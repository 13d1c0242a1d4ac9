import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeModel } from '../../core/model-file.ts';
import type { MemoryUse } from '../../host/memory-limit.ts';
import { buildPlantedModel } from '../../../test/planted.ts';
import { until } from '../../../test/service/running.ts';
import { DEFAULT_CONFIG } from '../config.ts';
import { QUOTA_CELLS } from '../guard/quota.ts';
import { buildLog } from '../log.ts';
import { createCells } from '../telemetry/shared-counters.ts';
import { buildFleet } from './fleet.ts';
import { freePort } from './ports.ts';

const MB = 2 ** 20;
const sharedDir = mkdtempSync(join(tmpdir(), 'puntual-fleet-'));
const quotaPath = join(sharedDir, 'quota');
createCells(quotaPath, QUOTA_CELLS);
const file = join(sharedDir, 'model.safetensors');
writeModel(buildPlantedModel({ nTrees: 10 }), file);

let use: MemoryUse = { usedBytes: 199 * MB, limitBytes: 200 * MB };
const fleet = buildFleet({
  config: { ...DEFAULT_CONFIG, logLevel: 'silent' },
  workerConfig: () => ({ ...DEFAULT_CONFIG, logLevel: 'silent' }),
  nWorkers: 1,
  isOneByOne: () => true,
  sharedDir,
  quotaPath,
  log: buildLog('silent'),
  onChange: () => {},
  memoryUse: () => use,
  snapshot: () => '{}',
});
afterAll(async () => {
  fleet.end();
  const left = [...fleet.children()];
  for (const child of left) child.kill();
  await Promise.all(left.map(({ exited }) => exited));
  rmSync(sharedDir, { recursive: true });
});

test('a fleet without room for more keeps no standby, and refuses another model before the kernel ends processes', async () => {
  const model = { file, path: file, version: 'one', others: [] };
  await fleet.start(model, freePort('127.0.0.1', 0, '--port'));
  expect(fleet.children().size).toBe(1);
  await expect(fleet.makeRoom(MB)).rejects.toThrow('memory is too little: 200 MB for all');
  await expect(fleet.tryModel(model)).rejects.toThrow('memory is too little');
  expect(fleet.children().size).toBe(1);
  use = { usedBytes: 100 * MB, limitBytes: 2000 * MB };
  // A model a thousand times as large does not make a worker of a thousand times the size.
  await fleet.makeRoom(10 * MB);
  use = { usedBytes: 1850 * MB, limitBytes: 2000 * MB };
  await expect(fleet.makeRoom(10 * MB)).rejects.toThrow('memory is too little');
  use = { usedBytes: 100 * MB, limitBytes: 2000 * MB };
  const { child } = await fleet.tryModel(model);
  await fleet.roll(model, child);
  await until(() => fleet.children().size === 2);
});
