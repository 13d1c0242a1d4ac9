import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServeConfig } from '../config.ts';
import { buildLog } from '../log.ts';
import { spawnChild } from './child.ts';
import { buildKeptConnections } from './kept-connections.ts';

const sharedDir = mkdtempSync(join(tmpdir(), 'puntual-child-'));
afterAll(() => rmSync(sharedDir, { recursive: true }));

test('a worker that the system refuses to start leaves nothing behind', () => {
  const kept = buildKeptConnections({
    heirs: () => ({ ready: [], isFull: false }),
    log: buildLog('silent'),
  });
  const nDescriptors = (): number => readdirSync('/proc/self/fd').length;
  const before = nDescriptors();
  // Longer than a variable of the environment may be.
  const path = 'x'.repeat(2 ** 20);
  const start = () =>
    spawnChild({
      config: { memoryLimitMb: 100 } as ServeConfig,
      model: { file: path, path, version: 'v', others: [] },
      spawnId: 1,
      sharedDir,
      quotaPath: join(sharedDir, 'quota'),
      warmsUp: false,
      kept,
      snapshot: () => '',
      onLeaving: () => {},
    });
  expect(start).toThrow('E2BIG');
  expect(nDescriptors()).toBeLessThanOrEqual(before);
  expect(readdirSync(sharedDir)).toEqual([]);
  kept.stop();
});
