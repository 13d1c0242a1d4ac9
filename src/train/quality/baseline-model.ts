/**
 * The two baselines as a model of their own, so that later flights can be compared with them too:
 * its first head is climatology, its second the logistic regression, each step function a tree.
 */
import type { Feature } from '../../core/features.ts';
import { sigmoid } from '../../core/logistic.ts';
import type { Head, Model } from '../../core/model.ts';
import { featureOfRows } from '../flight-columns.ts';
import type { BinnedRows } from '../growing/training-rows.ts';
import { buildNodes, forestOf, type Tree, WORDS_PER_SET } from '../growing/tree.ts';
import type { Prepared } from '../preparation.ts';
import type { TrainOptions } from '../settings.ts';
import { climatologyFeature } from './climatology.ts';
import { fitLogistic, type Logistic } from './logistic.ts';

const LOGISTIC_ROUNDS = 8;

/** What the baselines say of the test flights. */
export type BaselineAnswers = Readonly<Record<'climatology' | 'logistic', Float64Array>>;

export const buildBaselines = (
  prepared: Prepared,
  options: TrainOptions,
): { readonly model: Model; readonly answers: BaselineAnswers } => {
  const { inputs, codesOf, labels, known, parts } = prepared;
  const plain = prepared.features.flatMap((feature, f) =>
    feature.step === 'lookup' || feature.step === 'planned' ? [] : [f],
  );
  const used = new Uint8Array(prepared.features.length);
  for (const f of plain) used[f] = 1;
  const logistic = fitLogistic(parts.train, used, LOGISTIC_ROUNDS);
  const bins = prepared.bins;
  const trees = plain.map((f) => stepsOf(prepared, logistic, f));
  const climatology = climatologyFeature(inputs, codesOf, labels, known);
  const features: readonly Feature[] = [...prepared.features, climatology];
  const forest = forestOf(trees, bins, logistic.intercept);
  const weights = new Float64Array(features.length);
  weights[features.length - 1] = 1;
  const head = {
    kind: 'probability',
    minutes: options.lateMinutes,
    link: 'logistic',
    calibration: { kind: 'none' },
    given: 'nothing',
  } as const;
  const heads: readonly Head[] = [
    { ...head, score: { kind: 'linear', weights, intercept: 0 } },
    { ...head, score: { kind: 'forest', forest: { ...forest, nFeatures: features.length } } },
  ];
  const model: Model = {
    name: `${options.name}-baselines`,
    inputs,
    features,
    heads,
    threshold: 0.5,
    provenance: { madeBy: 'puntual' },
    shares: [],
    selfTest: { nRows: 0, raw: new Float64Array(0), answers: new Float64Array(0) },
  };
  return {
    model,
    answers: {
      climatology: featureOfRows(climatology, prepared.flights, prepared.split.rows.test).map(
        sigmoid,
      ),
      logistic: scoresOf(logistic, plain, parts.test).map(sigmoid),
    },
  };
};

/** What the trees of the weights say of rows, to the bit: from their bins. */
const scoresOf = (
  { weights, intercept }: Logistic,
  plain: readonly number[],
  { nRows, bins, offsets, data }: BinnedRows,
): Float64Array => {
  const sums = new Float64Array(nRows);
  for (const f of plain) {
    const ofBins = weights.slice(offsets[f]!, offsets[f + 1]!);
    if (bins[f]!.kind === 'category') ofBins[0] = ofBins[1]!;
    const column = data.subarray(f * nRows, (f + 1) * nRows);
    for (let row = 0; row < nRows; row++) sums[row]! += ofBins[column[row]!]!;
  }
  return sums.map((sum) => intercept + sum);
};

/** One feature's weights as a tree: a chain that turns off at each bin in turn. */
const stepsOf = ({ bins, parts }: Prepared, { weights }: Logistic, f: number): Tree => {
  const of = bins[f]!;
  const first = parts.train.offsets[f]!;
  const weight = (bin: number): number => weights[first + bin]!;
  const isSet = of.kind === 'category';
  // A quantity's last bin is the end of its chain; a category's end is what has no bin of its own.
  const turns = isSet
    ? Array.from({ length: of.nBins - 2 }, (_, i) => i + 2)
    : Array.from({ length: of.nBins - 1 }, (_, i) => i + 1);
  const nNodes = 2 * turns.length + 1;
  const tree = buildNodes(nNodes);
  turns.forEach((bin, i) => {
    const node = 2 * i;
    tree.feature[node] = f;
    tree.bin[node] = bin;
    tree.left[node] = node + 1;
    tree.right[node] = node + 2;
    tree.value[node + 1] = weight(bin);
    if (isSet) {
      tree.isSet[node] = 1;
      tree.sets[node * WORDS_PER_SET + (bin >>> 5)]! |= 1 << (bin & 31);
    }
  });
  tree.value[nNodes - 1] = weight(isSet ? 1 : 0);
  return tree;
};
