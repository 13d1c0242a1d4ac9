/**
 * What the sums of an ONNX tree ensemble mean (aggregation, post transform, a Sigmoid or Softmax after it), and whether
 * that is a probability.
 */
import { AppError } from '../../core/errors.ts';
import type { Link, Score } from '../../core/model.ts';
import { buildForest, COLUMNS_LIMIT, type ForeignTree } from '../build-forest.ts';
import { unsupported } from './errors.ts';
import type { GraphInput } from './node.ts';

/** From a leaf's target and weight to what it adds to the one score. */
export interface EnsembleOutput {
  readonly link: Link;
  readonly base: number;
  readonly scale: number;
  readonly weightOf: (target: number, weight: number) => number;
}

export interface ForestScore {
  readonly score: Score & { readonly kind: 'forest' };
  readonly link: Link;
  readonly trees: readonly ForeignTree[];
}

export type OutputActivation = 'Sigmoid' | 'Softmax';

interface EnsembleTargets {
  readonly nTargets: number;
  readonly transform: string;
  readonly aggregate: string;
  readonly bases: readonly number[];
  readonly nTrees: number;
  /** The step that follows in the graph, if one turns numbers into probabilities. */
  readonly after: OutputActivation | undefined;
}

/** @throws AppError model-unsupported where no probability of two classes comes out */
export const outputOfTargets = (targets: EnsembleTargets): EnsembleOutput => {
  const { nTargets, aggregate, bases, nTrees } = targets;
  if (nTargets !== 1 && nTargets !== 2)
    throw unsupported(`has ${nTargets} targets; one or two are expected`);
  if (aggregate !== 'SUM' && aggregate !== 'AVERAGE' && nTrees > 1)
    throw unsupported(`joins its trees by ${aggregate}; SUM or AVERAGE is expected`);
  if (bases.length > 0 && bases.length !== nTargets && bases.some((base) => base !== 0))
    throw unsupported(`has ${bases.length} base values for ${nTargets} targets`);
  const { transform } = effectiveTransform(targets);
  const scale = aggregate === 'AVERAGE' ? 1 / Math.max(1, nTrees) : 1;
  if (transform === 'SOFTMAX' && nTargets === 2) {
    return {
      link: 'logistic',
      base: (bases[1] ?? 0) - (bases[0] ?? 0),
      scale,
      weightOf: (target, weight) => (target === 1 ? weight : -weight),
    };
  }
  if (transform !== 'NONE' && transform !== 'LOGISTIC')
    throw unsupported(`ends in ${transform} over ${nTargets} targets, which is not supported`);
  const wanted = nTargets - 1;
  return {
    link: transform === 'LOGISTIC' ? 'logistic' : 'identity',
    base: bases[wanted] ?? 0,
    scale,
    weightOf: (target, weight) => (target === wanted ? weight : 0),
  };
};

/** A step after the ensemble does what a transform inside it would. */
const effectiveTransform = ({
  nTargets,
  transform,
  after,
}: EnsembleTargets): { readonly transform: string } => {
  // The specification transforms one target too, onnxruntime does not: what was meant is not known.
  if (transform !== 'NONE' && nTargets === 1)
    throw unsupported(`ends in ${transform} over one target; a Sigmoid after it is expected`);
  if (after === undefined) return { transform };
  if (transform !== 'NONE') throw unsupported(`ends in ${transform} and then in a ${after}`);
  return { transform: after === 'Sigmoid' ? 'LOGISTIC' : 'SOFTMAX' };
};

/** Sums of float32 may pass 1 by so much. */
const SLACK = 1e-5;

/** A number that is no probability by its link has to lie between 0 and 1 whatever is asked. */
export const checkRange = (
  trees: readonly ForeignTree[],
  { link, base, scale }: EnsembleOutput,
): void => {
  if (link === 'logistic') return;
  let [low, high] = [base, base];
  for (const { nodes } of trees) {
    const leaves = nodes.filter(({ feature }) => feature === -1);
    low += scale * leaves.reduce((min, { value }) => Math.min(min, value), Infinity);
    high += scale * leaves.reduce((max, { value }) => Math.max(max, value), -Infinity);
  }
  if (!(low >= -SLACK && high <= 1 + SLACK))
    throw unsupported(
      `answers with numbers from ${low.toPrecision(4)} to ${high.toPrecision(4)}, as a regressor of minutes does; a probability is expected`,
    );
};

/** @throws AppError model-broken */
export const buildForestScore = (
  trees: readonly ForeignTree[],
  output: EnsembleOutput,
  input: GraphInput,
): ForestScore => {
  const nFeatures = trees.reduce(
    (high, { nodes }) => nodes.reduce((m, { feature }) => Math.max(m, feature + 1), high),
    Math.max(1, input.nColumns),
  );
  if (nFeatures > COLUMNS_LIMIT)
    throw new AppError('model-broken', `the ONNX model asks ${nFeatures} columns`);
  const forest = buildForest(trees, nFeatures, {
    comparison: '<=',
    precision: input.isDouble ? 'float64' : 'float32',
    zeroIsMissing: false,
    base: output.base,
    scale: output.scale,
  });
  return { score: { kind: 'forest', forest }, link: output.link, trees };
};
