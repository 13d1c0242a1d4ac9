/**
 * Live counts of the bins of a model's inputs: one shared file per model and worker, so that a reload starts afresh.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { mergeInto } from '../../core/latency.ts';
import { createCells, mapCells } from './shared-counters.ts';

/** Cells of a model: its bins, at least one so that the file can be mapped. */
export const driftCells = (shares: readonly { readonly shares: ArrayLike<number> }[]): number =>
  Math.max(
    1,
    shares.reduce((n, { shares: bins }) => n + bins.length, 0),
  );

const prefixOf = (sha256: string): string => `drift-${sha256.slice(0, 16)}-`;

/** @throws AppError file-unwritable */
export const createDrift = (
  sharedDir: string,
  sha256: string,
  spawnId: number,
  nCells: number,
): Float64Array => {
  const path = join(sharedDir, `${prefixOf(sha256)}${spawnId}`);
  createCells(path, nCells);
  return mapCells(path);
};

/** None of a folder that somebody has removed: see `supervisor/shared-dir.ts`. */
const namesIn = (dir: string): readonly string[] => {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
};

/** Sum over every worker that served the model, those that are gone included. */
export const sumDrift = (sharedDir: string, sha256: string, nCells: number): Float64Array => {
  const sum = new Float64Array(nCells);
  for (const name of namesIn(sharedDir)) {
    if (!name.startsWith(prefixOf(sha256))) continue;
    try {
      const cells = mapCells(join(sharedDir, name));
      if (cells.length === nCells) mergeInto(sum, cells);
    } catch {
      // Its worker ended this very moment, and its counts are moving to the file of worker 0.
    }
  }
  return sum;
};

/** Moves the counts of a worker that is gone into the file of worker 0, so that files do not pile up. */
export const retireDrift = (sharedDir: string, spawnId: number): void => {
  for (const name of namesIn(sharedDir)) {
    const match = /^drift-([0-9a-f]+)-(\d+)$/.exec(name);
    if (!match || Number(match[2]) !== spawnId || spawnId === 0) continue;
    const gone = mapCells(join(sharedDir, name));
    const path = join(sharedDir, `drift-${match[1]}-0`);
    try {
      mergeInto(mapCells(path), gone);
    } catch {
      createCells(path, gone.length);
      mergeInto(mapCells(path), gone);
    }
    rmSync(join(sharedDir, name));
  }
};
