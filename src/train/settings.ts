/**
 * How a model is learned, with defaults that need no tuning: they depend on how much there is to learn from.
 */
import type { BoostSettings } from './boosting.ts';

export interface TrainOptions {
  readonly name: string;
  readonly lateMinutes: number;
  readonly seed: number;
  readonly split: 'time' | 'random';
  readonly nThreads?: number | undefined;
  readonly nTrees?: number | undefined;
  readonly nLeaves?: number | undefined;
  readonly learningRate?: number | undefined;
}

export const DEFAULT_OPTIONS: TrainOptions = {
  name: 'flights',
  lateMinutes: 15,
  seed: 1,
  split: 'time',
};

/** Settings for `nRows` training rows: few leaves and strong smoothing where rows are few. */
export const boostSettings = (
  nRows: number,
  nFeatures: number,
  options: TrainOptions,
): BoostSettings => {
  const small = nRows < 20_000;
  const share = Math.min(1, nRows / 200_000);
  return {
    nTrees: options.nTrees ?? 300,
    nLeaves: options.nLeaves ?? (small ? Math.max(4, Math.round(nRows / 600)) : 63),
    learningRate: options.learningRate ?? (small ? 0.05 : 0.1),
    maxDepth: small ? 6 : 12,
    patience: 20,
    rowShare: 0.8,
    featureShare: 0.8,
    seed: options.seed,
    l2: small ? 10 : 5,
    minRowsPerLeaf: small ? 20 : 50,
    minHessianPerLeaf: 1,
    minGain: 1e-6,
    categorySmooth: 10 + 40 * share,
    categoryL2: 10 + 20 * share,
    maxCategoriesPerSet: 32,
    minRowsPerCategory: Math.round(50 + 150 * share),
    monotone: new Int8Array(nFeatures),
  };
};
