/**
 * Scores of many rows of features at once, by emitted WebAssembly where a forest allows it.
 */
import type { Forest } from '../core/forest.ts';
import type { Score } from '../core/model.ts';
import { buildModule, type Func } from '../wasm/assembler.ts';
import { emitBinning } from './kernels/bin-kernel.ts';
import { buildColumns, type Column } from './columns.ts';
import { buildLayout } from './kernels/memory-layout.ts';
import { emitMaskScore, MASK_LEAVES } from './kernels/bitvector-kernel.ts';
import { scoreOf } from './reference.ts';
import { LANES } from './kernels/walk-layout.ts';
import { takeWalks, type WalkKernel } from './kernels/walks.ts';

/** Rows that are scored in one go; a multiple of the kernels' lanes. */
export const BLOCK_ROWS = 256;

export type Kernel = 'mask' | WalkKernel | 'plain';

export interface Scorer {
  /** float64, shape (BLOCK_ROWS, nFeatures): the caller fills the first rows. */
  readonly features: Float64Array;
  /** float64, shape (BLOCK_ROWS, nScores): raw scores of the first rows after `score`. */
  readonly scores: Float64Array;
  readonly score: (nRows: number) => void;
  /** What each score is computed by. */
  readonly kernels: readonly Kernel[];
  /** What the emitted search finds, for the check at load; absent where nothing is emitted. */
  readonly search?: Search;
}

export interface Search {
  readonly columns: readonly Column[];
  /** int32, shape (BLOCK_ROWS, nColumns): bins of the first rows after `findBins`. */
  readonly bins: Int32Array;
  readonly findBins: Step;
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
  const layout = buildLayout();
  const featuresAt = layout.take(BLOCK_ROWS * nFeatures * 8);
  const scoresAt = layout.take(BLOCK_ROWS * nScores * 8);
  const placeOf = (s: number) => ({ outAt: scoresAt + s * 8, outStride: nScores * 8 });
  const kernels: Kernel[] = scores.map(() => 'plain');
  const one: Func[] = [];
  const many: Func[] = [];
  const forests = scores.flatMap((score, s) =>
    score.kind === 'forest' && asksSomething(score.forest) ? [{ s, forest: score.forest }] : [],
  );
  const asked = buildColumns(forests.map(({ forest }) => forest));
  const columns = asked && asked.columns.length <= MOST_COLUMNS ? asked.columns : [];
  const binsAt = layout.take(BLOCK_ROWS * columns.length * 4);
  if (asked && columns.length > 0) {
    const bin = emitBinning(columns, nFeatures, layout, featuresAt, binsAt);
    one.push(bin);
    many.push(bin);
    const nBins = columns.reduce((sum, column) => sum + column.nBins, 0);
    forests.forEach(({ s, forest }, f) => {
      const fits =
        columns.length <= MOST_TABLE_COLUMNS &&
        nBins * forest.nTrees * 4 <= TABLE_LIMIT_BYTES &&
        mostLeaves(forest) <= MASK_LEAVES;
      if (!fits || (force && force !== 'mask')) return;
      const places = { binsAt, ...placeOf(s) };
      const mask = emitMaskScore(asked.ofForest[f]!, columns, layout, places);
      kernels[s] = 'mask';
      one.push(mask);
      many.push(mask);
    });
    const walked = forests.flatMap(({ s }, f) =>
      kernels[s] === 'plain' && force !== 'plain'
        ? [{ s, asking: asked.ofForest[f]!, ...placeOf(s) }]
        : [],
    );
    const places = { binsAt, blockRows: BLOCK_ROWS };
    const isLong = force === 'long-walk' ? force : undefined;
    const walks =
      walked.length > 0 ? takeWalks(walked, columns, layout, places, isLong) : undefined;
    if (walks) {
      for (const { s } of walked) kernels[s] = walks.kernel;
      one.push(...walks.one);
      many.push(...walks.many);
    }
  }
  const memory = layout.build();
  const features = new Float64Array(memory.buffer, featuresAt, BLOCK_ROWS * nFeatures);
  const out = new Float64Array(memory.buffer, scoresAt, BLOCK_ROWS * nScores);
  const { steps, manySteps } = instantiate(one, many, memory);
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
  return {
    features,
    scores: out,
    kernels,
    score: (nRows) => {
      const emitted = nRows === 1 ? steps : manySteps;
      // Walks go eight rows at a time; rows past the last are scored and ignored.
      const rounded = nRows === 1 ? 1 : Math.ceil(nRows / LANES) * LANES;
      for (let i = 0; i < emitted.length; i++) emitted[i]!(rounded);
      for (let i = 0; i < plainSteps.length; i++) plainSteps[i]!(nRows);
    },
    ...(steps.length > 0 && {
      search: {
        columns,
        bins: new Int32Array(memory.buffer, binsAt, BLOCK_ROWS * columns.length),
        findBins: steps[0]!,
      },
    }),
  };
};

/** The functions for one row and for many, each in order; those that are the same are compiled once. */
const instantiate = (one: readonly Func[], many: readonly Func[], memory: WebAssembly.Memory) => {
  if (one.length === 0) return { steps: [], manySteps: [] };
  const funcs = [...new Set([...one, ...many])];
  const named = funcs.map((func, i) => ({ ...func, name: `f${i}` }));
  const module = new WebAssembly.Module(buildModule(named));
  const { exports } = new WebAssembly.Instance(module, { m: { m: memory } });
  const stepOf = (func: Func) => exports[`f${funcs.indexOf(func)}`] as Step;
  return { steps: one.map(stepOf), manySteps: many.map(stepOf) };
};

const asksSomething = ({ feature }: Forest): boolean => feature.some((asked) => asked !== -1);

/** Leaves of the largest tree, or a number past `MASK_LEAVES`. */
const mostLeaves = ({ feature, left, right, roots, nTrees }: Forest): number => {
  if (feature.length > (2 * MASK_LEAVES - 1) * nTrees) return MASK_LEAVES + 1;
  const leaves = new Int32Array(feature.length);
  for (let node = feature.length - 1; node >= 0; node--)
    leaves[node] = feature[node] === -1 ? 1 : leaves[left[node]!]! + leaves[right[node]!]!;
  return roots.reduce((most, root) => Math.max(most, leaves[root]!), 0);
};
