/**
 * Boosting: tree after tree on the gradients of a loss, stopped where later flights no longer gain.
 * Sixth step of the algorithm.
 */
import { type BinnedRows, buildGrower, type GrowSettings, type GrownTree } from './grower.ts';
import {
  logisticGradientsInto,
  logLossOfScores,
  type Loss,
  pinballOfScores,
  quantileGradientsInto,
} from './loss.ts';
import { buildRandom } from './random.ts';
import { leafOfBins, type Tree } from './tree.ts';

export interface BoostSettings extends GrowSettings {
  readonly nTrees: number;
  /** Rounds without a better validation loss after which boosting stops. */
  readonly patience: number;
  readonly rowShare: number;
  readonly featureShare: number;
  readonly seed: number;
}

/** Delay in minutes decides both targets: late or not, and how late. */
export interface BoostRows extends BinnedRows {
  readonly labels: Uint8Array;
  readonly minutes: Float32Array;
}

export interface Round {
  readonly round: number;
  readonly nRounds: number;
  readonly trainLoss: number;
  readonly validationLoss: number;
}

export interface Boosted {
  readonly trees: readonly Tree[];
  readonly base: number;
  readonly rounds: readonly { readonly train: number; readonly validation: number }[];
}

/** @param onRound returns false to stop early, keeping the best round */
export const boost = (
  train: BoostRows,
  validation: BoostRows | null,
  loss: Loss,
  settings: BoostSettings,
  onRound: (round: Round) => boolean = () => true,
): Boosted => {
  const grower = buildGrower(train, settings);
  const random = buildRandom(settings.seed);
  const base = baseOf(train, loss);
  const scores = new Float64Array(train.nRows).fill(base);
  const later = validation ? new Float64Array(validation.nRows).fill(base) : null;
  const gradients = new Int32Array(train.nRows);
  const rows = new Int32Array(train.nRows);
  const trees: Tree[] = [];
  const rounds: { train: number; validation: number }[] = [];
  let best = validation ? lossOf(later!, validation, loss) : Number.POSITIVE_INFINITY;
  let bestRound = 0;
  for (let round = 0; round < settings.nTrees; round++) {
    const scales =
      loss.kind === 'logistic'
        ? logisticGradientsInto(scores, train.labels, round, gradients)
        : quantileGradientsInto(scores, train.minutes, loss.level, round, gradients);
    const nUsed = sampleInto(rows, settings.rowShare, random);
    const allowed = sampleFeatures(train.bins.length, settings.featureShare, random);
    const grown = grower.grow(gradients, scales, rows, nUsed, allowed);
    if (grown.tree.nNodes === 1 && round > 0) break;
    if (loss.kind === 'quantile')
      renewLeaves(grown, rows, scores, train.minutes, loss.level, settings.learningRate);
    addTree(grown, rows, scores, train, nUsed);
    trees.push(grown.tree);
    if (later) addToScores(grown.tree, validation!, later);
    const trainLoss = lossOf(scores, train, loss);
    const validationLoss = later ? lossOf(later, validation!, loss) : trainLoss;
    rounds.push({ train: trainLoss, validation: validationLoss });
    if (validationLoss < best - 1e-7 || !later) {
      best = validationLoss;
      bestRound = round + 1;
    }
    const goesOn = onRound({
      round: round + 1,
      nRounds: settings.nTrees,
      trainLoss,
      validationLoss,
    });
    if (!goesOn || round + 1 - bestRound >= settings.patience) break;
  }
  return { trees: trees.slice(0, bestRound), base, rounds };
};

const baseOf = (rows: BoostRows, loss: Loss): number => {
  if (loss.kind === 'quantile') return quantileOf(Float64Array.from(rows.minutes), loss.level);
  let late = 0;
  for (const label of rows.labels) late += label;
  const rate = Math.min(1 - 1e-6, Math.max(1e-6, late / rows.nRows));
  return Math.log(rate / (1 - rate));
};

const lossOf = (scores: Float64Array, rows: BoostRows, loss: Loss): number =>
  loss.kind === 'logistic'
    ? logLossOfScores(scores, rows.labels)
    : pinballOfScores(scores, rows.minutes, loss.level);

/** Fills `rows` with the sampled rows, ascending, then the others. @returns how many are sampled */
const sampleInto = (rows: Int32Array, share: number, random: () => number): number => {
  if (share >= 1) {
    for (let row = 0; row < rows.length; row++) rows[row] = row;
    return rows.length;
  }
  let n = 0;
  let last = rows.length;
  for (let row = 0; row < rows.length; row++) {
    if (random() < share) rows[n++] = row;
    else rows[--last] = row;
  }
  return n;
};

/** uint8 per feature: 1 where a tree may ask it; null when all. At least two are drawn. */
const sampleFeatures = (
  nFeatures: number,
  share: number,
  random: () => number,
): Uint8Array | null => {
  const nDrawn = Math.max(Math.min(2, nFeatures), Math.round(nFeatures * share));
  if (nDrawn >= nFeatures) return null;
  const allowed = new Uint8Array(nFeatures);
  for (let n = 0; n < nDrawn; ) {
    const feature = Math.floor(random() * nFeatures);
    if (allowed[feature] === 0) {
      allowed[feature] = 1;
      n++;
    }
  }
  return allowed;
};

const addTree = (
  grown: GrownTree,
  rows: Int32Array,
  scores: Float64Array,
  data: BoostRows,
  nUsed: number,
): void => {
  for (const { node, begin, end } of grown.ranges) {
    const value = grown.tree.value[node]!;
    for (let i = begin; i < end; i++) scores[rows[i]!]! += value;
  }
  const nFeatures = data.bins.length;
  for (let i = nUsed; i < rows.length; i++) {
    const row = rows[i]!;
    scores[row]! += grown.tree.value[leafOfBins(grown.tree, data.data, row * nFeatures)]!;
  }
};

/** Adds a tree to the scores of rows that it was not grown on. */
export const addToScores = (tree: Tree, rows: BinnedRows, scores: Float64Array): void => {
  const nFeatures = rows.bins.length;
  for (let row = 0; row < rows.nRows; row++)
    scores[row]! += tree.value[leafOfBins(tree, rows.data, row * nFeatures)]!;
};

/** Sets each leaf to the level's quantile of what is still missing there. @source LightGBM, RenewTreeOutput */
const renewLeaves = (
  grown: GrownTree,
  rows: Int32Array,
  scores: Float64Array,
  minutes: Float32Array,
  level: number,
  learningRate: number,
): void => {
  for (const { node, begin, end } of grown.ranges) {
    const residuals = new Float64Array(end - begin);
    for (let i = begin; i < end; i++) residuals[i - begin] = minutes[rows[i]!]! - scores[rows[i]!]!;
    grown.tree.value[node] = learningRate * quantileOf(residuals, level);
  }
};

/** Quantile of numbers that it may reorder, 0 when there are none. */
export const quantileOf = (numbers: Float64Array, level: number): number => {
  if (numbers.length === 0) return 0;
  numbers.sort();
  const place = level * (numbers.length - 1);
  const low = Math.floor(place);
  const [a, b] = [numbers[low]!, numbers[Math.min(low + 1, numbers.length - 1)]!];
  return a + (b - a) * (place - low);
};
