import { expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDrift, driftCells, retireDrift, sumDrift } from './drift-counters.ts';

test('drift counts of a model are summed over its workers, and outlive them without piling up', () => {
  const dir = mkdtempSync(join(tmpdir(), 'puntual-drift-'));
  const [sha, other] = ['a'.repeat(64), 'b'.repeat(64)];
  const nCells = driftCells([{ shares: [0, 0] }, { shares: [0] }]);
  createDrift(dir, sha, 1, nCells).set([1, 2, 3]);
  createDrift(dir, sha, 2, nCells).set([10, 20, 30]);
  createDrift(dir, other, 3, nCells).set([5, 5, 5]);
  expect([...sumDrift(dir, sha, nCells)]).toEqual([11, 22, 33]);
  retireDrift(dir, 1);
  retireDrift(dir, 2);
  expect([...sumDrift(dir, sha, nCells)]).toEqual([11, 22, 33]);
  expect([...sumDrift(dir, other, nCells)]).toEqual([5, 5, 5]);
  expect(readdirSync(dir)).toHaveLength(2);
  rmSync(dir, { recursive: true });
});
