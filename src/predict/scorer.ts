/**
 * Scores of many rows of features at once, by emitted WebAssembly where a forest allows it.
 * Stands between `compile` and the kernels: it decides which kernel each head gets.
 */
import type { Forest } from '../core/forest.ts';
import type { Score } from '../core/model.ts';
import { buildModule, type Func } from './assembler.ts';
import { emitBinning } from './bin-kernel.ts';
import { buildColumns } from './columns.ts';
import { buildLayout } from './layout.ts';
import { emitMaskScore, MASK_LEAVES } from './mask-kernel.ts';
import { scoreOf } from './reference.ts';
import { emitWalkScores } from './walk-kernel.ts';
import { LANES } from './walk-layout.ts';
import { emitSlots, planWalk } from './walk-plan.ts';

/** Rows that are scored in one go; a multiple of the kernels' lanes. */
export const BLOCK_ROWS = 256;

export type Kernel = 'mask' | 'walk' | 'plain';

export interface Scorer {
  /** float64, shape (BLOCK_ROWS, nFeatures): the caller fills the first rows. */
  readonly features: Float64Array;
  /** float64, shape (BLOCK_ROWS, nScores): raw scores of the first rows after `score`. */
  readonly scores: Float64Array;
  readonly score: (nRows: number) => void;
  /** What each score is computed by. */
  readonly kernels: readonly Kernel[];
}

type Step = (nRows: number) => void;

/** The search over columns is unrolled; past this the code itself would be the cost. */
const MOST_COLUMNS = 1000;
/** Columns of a table kernel, which keeps an address for each. */
const MOST_TABLE_COLUMNS = 128;

/** A table larger than this costs more in cache misses than the walk that it saves. */
const TABLE_LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * @param force uses this kernel where it fits, for benches and tests
 * @cost O(nodes + table bytes)
 */
export const buildScorer = (
  scores: readonly Score[],
  nFeatures: number,
  force?: Kernel,
): Scorer => {
  const nScores = scores.length;
  const emittable = scores.flatMap((score, s) =>
    score.kind === 'forest' && isEmittable(score.forest) ? [{ s, forest: score.forest }] : [],
  );
  const columns = buildColumns(emittable.map(({ forest }) => forest));
  const layout = buildLayout();
  const featuresAt = layout.take(BLOCK_ROWS * nFeatures * 8);
  const scoresAt = layout.take(BLOCK_ROWS * nScores * 8);
  const kernels: Kernel[] = scores.map(() => 'plain');
  const funcs: Func[] = [];
  if (columns && columns.columns.length > 0 && columns.columns.length <= MOST_COLUMNS) {
    const nColumns = columns.columns.length;
    const binsAt = layout.take(BLOCK_ROWS * nColumns * 4);
    funcs.push({
      ...emitBinning(columns.columns, nFeatures, layout, featuresAt, binsAt),
      name: 'bin',
    });
    const nBins = columns.columns.reduce((sum, column) => sum + column.nBins, 0);
    emittable.forEach(({ s, forest }, f) => {
      const fits =
        nColumns <= MOST_TABLE_COLUMNS &&
        mostLeaves(forest) <= MASK_LEAVES &&
        nBins * forest.nTrees * 4 <= TABLE_LIMIT_BYTES;
      if (force ? force !== 'mask' : !fits) return;
      const places = { binsAt, outAt: scoresAt + s * 8, outStride: nScores * 8 };
      kernels[s] = 'mask';
      funcs.push({
        ...emitMaskScore(forest, columns.columns, columns.ofForest[f]!, layout, places),
        name: `mask${s}`,
      });
    });
    const walkable = emittable
      .map(({ s, forest }, f) => ({ s, forest, columnOf: columns.ofForest[f]! }))
      .filter(({ s }) => kernels[s] === 'plain' && force !== 'plain');
    const plan = planWalk(
      walkable.map(({ forest }) => forest),
      columns.columns,
      walkable.map(({ columnOf }) => columnOf),
    );
    if (plan && walkable.length > 0) {
      const slotStride = plan.slots.length * 4;
      const slotsAt = layout.take(BLOCK_ROWS * slotStride);
      funcs.push({ ...emitSlots(plan, layout, binsAt, slotsAt), name: 'slots' });
      walkable.forEach(({ s }, w) => {
        const places = { slotsAt, slotStride, outAt: scoresAt + s * 8, outStride: nScores * 8 };
        const { one, many } = emitWalkScores(plan.forests[w]!, layout, places);
        kernels[s] = 'walk';
        funcs.push({ ...one, name: `one${s}` }, { ...many, name: `many${s}` });
      });
    }
  }
  const memory = layout.build();
  const features = new Float64Array(memory.buffer, featuresAt, BLOCK_ROWS * nFeatures);
  const out = new Float64Array(memory.buffer, scoresAt, BLOCK_ROWS * nScores);
  const exports = instantiate(funcs, memory);
  const plainSteps = scores.flatMap((score, s): Step[] =>
    kernels[s] !== 'plain'
      ? []
      : [
          (nRows) => {
            for (let row = 0; row < nRows; row++)
              out[row * nScores + s] = scoreOf(score, features, row * nFeatures);
          },
        ],
  );
  const walks = exports['slots'] !== undefined;
  const single = stepsOf(exports, ['bin', 'slots', 'mask', 'one']);
  const batch = stepsOf(exports, ['bin', 'slots', 'mask', 'many']);
  return {
    features,
    scores: out,
    kernels,
    score: (nRows) => {
      const steps = nRows === 1 ? single : batch;
      // Walks go eight rows at a time; rows past the last are scored and ignored.
      const rounded = nRows === 1 || !walks ? nRows : Math.ceil(nRows / LANES) * LANES;
      for (let i = 0; i < steps.length; i++) steps[i]!(rounded);
      for (let i = 0; i < plainSteps.length; i++) plainSteps[i]!(nRows);
    },
  };
};

const instantiate = (funcs: readonly Func[], memory: WebAssembly.Memory): Record<string, Step> => {
  if (funcs.length === 0) return {};
  const module = new WebAssembly.Module(buildModule(funcs));
  return new WebAssembly.Instance(module, { m: { m: memory } }).exports as Record<string, Step>;
};

/** The exported functions whose names start with these words, in the order of the words. */
const stepsOf = (exports: Record<string, Step>, words: readonly string[]): Step[] =>
  words.flatMap((word) =>
    Object.keys(exports)
      .filter((name) => name.replace(/\d+$/, '') === word)
      .map((name) => exports[name]!),
  );

/** Whether a forest is made of trees (a file may hold nodes with two parents) that ask something. */
const isEmittable = (forest: Forest): boolean => {
  const seen = new Uint8Array(forest.feature.length);
  const isNew = (node: number): boolean => {
    const first = seen[node] === 0;
    seen[node] = 1;
    return first;
  };
  if (!forest.roots.every(isNew)) return false;
  let asks = false;
  for (let node = 0; node < forest.feature.length; node++) {
    if (forest.feature[node] === -1) continue;
    asks = true;
    if (!isNew(forest.left[node]!) || !isNew(forest.right[node]!)) return false;
  }
  return asks;
};

/** Leaves of the largest tree. */
const mostLeaves = (forest: Forest): number => {
  const leaves = new Int32Array(forest.feature.length);
  for (let node = forest.feature.length - 1; node >= 0; node--)
    leaves[node] =
      forest.feature[node] === -1 ? 1 : leaves[forest.left[node]!]! + leaves[forest.right[node]!]!;
  return forest.roots.reduce((most, root) => Math.max(most, leaves[root]!), 0);
};
