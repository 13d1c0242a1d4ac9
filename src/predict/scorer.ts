/**
 * Scores of many rows of features at once, by emitted WebAssembly where a forest allows it.
 */
import type { Forest } from '../core/forest.ts';
import type { HeadScore } from '../core/model.ts';
import { emitModule, type Func } from '../wasm/module.ts';
import { buildColumns, type Column } from './columns.ts';
import { emitForestKernels, type ForestKernel, ROW_MULTIPLE } from './kernels/kernels.ts';
import { buildMemoryLayout } from './kernels/memory-layout.ts';
import { scoreOf } from './reference.ts';

/** Rows that are scored in one go; a multiple of `ROW_MULTIPLE`. */
export const BATCH_ROWS = 256;

/** What a score is computed by. */
export type Kernel = ForestKernel | 'reference';

export interface Scorer {
  /** float64, shape (BATCH_ROWS, nFeatures): the caller fills the first rows. */
  readonly features: Float64Array;
  /** float64, shape (BATCH_ROWS, nScores): raw scores of the first rows after `score`. */
  readonly scores: Float64Array;
  readonly score: (nRows: number) => void;
  /** Of each score. */
  readonly kernels: readonly Kernel[];
  /** What the emitted search finds, for the check at load; absent where nothing is emitted. */
  readonly search?: Search;
}

export interface Search {
  readonly columns: readonly Column[];
  /** int32, shape (BATCH_ROWS, nColumns): bins of the first rows after `findBins`. */
  readonly bins: Int32Array;
  readonly findBins: Pass;
}

/** A function that goes over the first rows once. */
type Pass = (nRows: number) => void;

/**
 * With so many trees to walk, the rows of a batch are scored one by one: a single row goes through all trees in rounds,
 * in which short paths do not wait for long ones, and eight rows of one tree always wait for the longest. Fewer trees
 * make up for that by staying in the cache from row to row.
 */
const ONE_BY_ONE_TREES = 200;

/** The search over columns is unrolled; past this the code itself would be the cost. */
const MAX_COLUMNS = 1000;

/**
 * @param force uses this kernel where it fits, for benches and tests
 * @cost O(nodes + table bytes)
 */
export const buildScorer = (
  scores: readonly HeadScore[],
  nFeatures: number,
  force?: Kernel,
): Scorer => {
  const nScores = scores.length;
  const layout = buildMemoryLayout();
  const featuresAt = layout.take(BATCH_ROWS * nFeatures * 8);
  const scoresAt = layout.take(BATCH_ROWS * nScores * 8);
  const found = scores.flatMap((score, s) =>
    score.kind === 'forest' && hasSplits(score.forest) ? [{ s, forest: score.forest }] : [],
  );
  const binned = buildColumns(found.map(({ forest }) => forest));
  const columns = binned && binned.columns.length <= MAX_COLUMNS ? binned.columns : [];
  const binsAt = layout.take(BATCH_ROWS * columns.length * 4);
  const isEmitted = binned && columns.length > 0 && force !== 'reference';
  const outAt = found.map(({ s }) => scoresAt + s * 8);
  const places = { featuresAt, nFeatures, binsAt, maxRows: BATCH_ROWS, outAt };
  const emitted = isEmitted
    ? emitForestKernels(binned, layout, { ...places, outStride: nScores * 8 }, force)
    : { kernels: [], one: [], many: [] };
  const kernels = scores.map((): Kernel => 'reference');
  found.forEach(({ s }, f) => {
    kernels[s] = emitted.kernels[f] ?? 'reference';
  });
  const memory = layout.build();
  const features = new Float64Array(memory.buffer, featuresAt, BATCH_ROWS * nFeatures);
  const out = new Float64Array(memory.buffer, scoresAt, BATCH_ROWS * nScores);
  const { passesOfOne, passesOfMany } = instantiate(emitted.one, emitted.many, memory);
  const referencePasses = scores.flatMap((score, s): Pass[] =>
    kernels[s] !== 'reference'
      ? []
      : [
          (nRows) => {
            for (let row = 0; row < nRows; row++)
              out[row * nScores + s] = scoreOf(score, features, row * nFeatures);
          },
        ],
  );
  const nWalked = scores.reduce(
    (sum, score, s) =>
      score.kind === 'forest' && (kernels[s] === 'walk' || kernels[s] === 'slot-walk')
        ? sum + score.forest.nTrees
        : sum,
    0,
  );
  const isOneByOne = nWalked >= ONE_BY_ONE_TREES;
  const firstFeatures = new Float64Array(nFeatures);
  const firstScores = new Float64Array(nScores);
  /** Each row goes through the place of the first. */
  const scoreOneByOne = (nRows: number): void => {
    const scoreFirst = (): void => {
      for (let i = 0; i < passesOfOne.length; i++) passesOfOne[i]!(1);
    };
    scoreFirst();
    firstFeatures.set(features.subarray(0, nFeatures));
    firstScores.set(out.subarray(0, nScores));
    for (let row = 1; row < nRows; row++) {
      features.copyWithin(0, row * nFeatures, (row + 1) * nFeatures);
      scoreFirst();
      out.copyWithin(row * nScores, 0, nScores);
    }
    features.set(firstFeatures);
    out.set(firstScores);
  };
  return {
    features,
    scores: out,
    kernels,
    score: (nRows) => {
      if (isOneByOne && nRows > 1) {
        scoreOneByOne(nRows);
        for (let i = 0; i < referencePasses.length; i++) referencePasses[i]!(nRows);
        return;
      }
      const own = nRows === 1 ? passesOfOne : passesOfMany;
      // Rows past the last are scored too, and ignored.
      const rounded = nRows === 1 ? 1 : Math.ceil(nRows / ROW_MULTIPLE) * ROW_MULTIPLE;
      for (let i = 0; i < own.length; i++) own[i]!(rounded);
      for (let i = 0; i < referencePasses.length; i++) referencePasses[i]!(nRows);
    },
    ...(passesOfOne.length > 0 && {
      search: {
        columns,
        bins: new Int32Array(memory.buffer, binsAt, BATCH_ROWS * columns.length),
        findBins: passesOfOne[0]!,
      },
    }),
  };
};

/** The functions for one row and for many, each in order; those that are the same are compiled once. */
const instantiate = (one: readonly Func[], many: readonly Func[], memory: WebAssembly.Memory) => {
  if (one.length === 0) return { passesOfOne: [], passesOfMany: [] };
  const funcs = [...new Set([...one, ...many])];
  const named = funcs.map((func, i) => ({ ...func, name: `f${i}` }));
  const module = new WebAssembly.Module(emitModule(named));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const passOf = (func: Func) => exports[`f${funcs.indexOf(func)}`] as Pass;
  return { passesOfOne: one.map(passOf), passesOfMany: many.map(passOf) };
};

const hasSplits = ({ feature }: Forest): boolean => feature.some((tested) => tested !== -1);
