/**
 * Boosting: tree after tree on the gradients of a loss, stopped where later flights no longer gain.
 * For what a round does, see `growing/learner`.
 */
import { logit } from '../core/logistic.ts';
import { buildRandom } from '../core/random.ts';
import {
  type Allowed,
  type BuildLearner,
  type LearnerSettings,
  startScores,
} from './growing/learner.ts';
import type { BoostRows } from './growing/training-rows.ts';
import { logLossOf } from './growing/loss.ts';
import { addToScores } from './engine/parallel-scoring.ts';
import type { Tree } from './growing/tree.ts';

export interface BoostSettings extends LearnerSettings {
  readonly nTrees: number;
  /** Rounds without a better validation loss after which boosting stops. */
  readonly patience: number;
  /** So many times the trees of the best round are grown and kept; once, if not said. */
  readonly treesMore?: number | undefined;
  readonly featureShare: number;
  readonly seed: number;
  /** Into how many blocks the training rows are cut to find the best round (see `early-stopping`); 0 for none. */
  readonly nBlocks: number;
}

export interface Round {
  readonly round: number;
  readonly nRounds: number;
  readonly trainLoss: number;
  /** Of later flights; null where none are looked at. */
  readonly validationLoss: number | null;
}

export interface Boosted {
  readonly trees: readonly Tree[];
  readonly base: number;
  readonly rounds: readonly { readonly train: number; readonly validation: number }[];
}

export interface BoostTask {
  readonly buildLearner: BuildLearner;
  readonly train: BoostRows;
  /** Later flights, which decide how many trees there are; null where the settings do. */
  readonly validation: BoostRows | null;
  readonly settings: BoostSettings;
  /** Told after each round; returns false to stop early. */
  readonly onRound?: (round: Round) => boolean;
}

/** How many rows the training loss of a round is estimated on. */
const LOSS_ROWS = 10_000;
const UNASKED_ROUNDS = 10;
/** How long boosting runs before it yields to the event loop, which lets signals in. */
const YIELD_MS = 100;

/** Trees up to the round that suits later flights best, or so many times as many as the settings say. */
export const boost = async (task: BoostTask): Promise<Boosted> => {
  const grown = await growAll(task);
  return cut(grown, grown.bestRound * (task.settings.treesMore ?? 1));
};

/** What came of boosting before it is cut to its best round. */
interface AllGrown extends Boosted {
  readonly bestRound: number;
  /** float64, shape (nRows): what all the trees make of the rows they were grown on, beside `effects`. */
  readonly scores: Float64Array;
}

/** All trees that were grown, past the best round too. */
export const growAll = async ({
  buildLearner,
  train,
  validation,
  settings,
  onRound = () => true,
}: BoostTask): Promise<AllGrown> => {
  const { patience, treesMore = 1 } = settings;
  const random = buildRandom(settings.seed);
  const base = baseOf(train);
  const draw = (): Allowed => sampleFeatures(train.bins.length, settings.featureShare, random);
  const learner = await buildLearner(train, base, settings, draw());
  const later = validation ? startScores(validation, base) : null;
  const trees: Tree[] = [];
  const rounds: { train: number; validation: number }[] = [];
  const laterLoss = validation && buildLaterLoss(later!, validation);
  let best = laterLoss?.() ?? Number.POSITIVE_INFINITY;
  let trainLoss = Number.NaN;
  let bestRound = 0;
  let yieldedMs = performance.now();
  for (let round = 0; round < settings.nTrees; round++) {
    const grown = learner.grow();
    if (grown.tree.nNodes === 1 && round > 0) break;
    learner.advance(round + 1, draw());
    trees.push(grown.tree);
    if (later) addToScores(grown.tree, validation!, later);
    // Without later flights nobody asks for each round's.
    if (laterLoss || round % UNASKED_ROUNDS === 0) trainLoss = sampledLoss(learner.scores, train);
    const validationLoss = laterLoss?.() ?? trainLoss;
    rounds.push({ train: trainLoss, validation: validationLoss });
    if (validationLoss < best - 1e-7 || !laterLoss) {
      best = validationLoss;
      bestRound = round + 1;
    }
    if (performance.now() - yieldedMs > YIELD_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      yieldedMs = performance.now();
    }
    const goesOn = onRound({
      round: round + 1,
      nRounds: settings.nTrees,
      trainLoss,
      validationLoss: laterLoss ? validationLoss : null,
    });
    const nWanted = Math.max(bestRound + patience, bestRound * treesMore);
    if (!goesOn || round + 1 >= nWanted) break;
  }
  learner.finish();
  return { trees, base, rounds, bestRound, scores: learner.scores };
};

/** The same boosting, stopped after `nRounds`. */
export const cut = ({ trees, base, rounds }: Boosted, nRounds: number): Boosted => ({
  trees: trees.slice(0, Math.max(1, nRounds)),
  base,
  rounds,
});

/** Loss of evenly spaced rows. */
const sampledLoss = (scores: Float64Array, rows: BoostRows): number => {
  const step = Math.max(1, Math.floor(rows.nRows / LOSS_ROWS));
  let sum = 0;
  let n = 0;
  for (let row = 0; row < rows.nRows; row += step, n++)
    sum += logLossOf(scores[row]!, rows.labels[row]!);
  return sum / n;
};

const baseOf = (rows: BoostRows): number => {
  let late = 0;
  for (let row = 0; row < rows.nRows; row++) late += rows.labels[row]!;
  const rate = Math.min(1 - 1e-6, Math.max(1e-6, late / rows.nRows));
  return logit(rate);
};

/**
 * Loss of later flights by their scores as they are. One month's rate is weather, not skill, so it is the log loss after
 * all scores were moved by the same amount, to where it is smallest: Newton's steps, each time from where the last round's
 * ended, and what the last step gains by its parabola.
 */
const buildLaterLoss = (scores: Float64Array, { labels, nRows }: BoostRows): (() => number) => {
  let shift = 0;
  return () => {
    for (let step = 1; ; step++) {
      let [loss, g, h] = [0, 0, 1e-9];
      for (let from = 0; from < nRows; from += FACTORS) {
        const to = Math.min(nRows, from + FACTORS);
        let factors = 1;
        for (let row = from; row < to; row++) {
          const score = scores[row]! + shift;
          // The smaller of p and 1 - p, from which the loss follows too.
          const power = Math.exp(-Math.abs(score));
          const rare = power / (1 + power);
          const isRare = labels[row] === 1 ? score < 0 : score > 0;
          loss += isRare ? Math.abs(score) : 0;
          factors *= 1 + power;
          g += (score > 0 ? 1 - rare : rare) - labels[row]!;
          h += rare * (1 - rare);
        }
        loss += Math.log(factors);
      }
      shift -= g / h;
      if (Math.abs(g / h) < CLOSE_SHIFT || step === SHIFT_STEPS)
        return (loss - (g * g) / (2 * h)) / nRows;
    }
  };
};

/** Factors from 1 to 2, so many of which make no number too large: one logarithm of their product is the sum of theirs. */
const FACTORS = 512;
/** So near to the smallest loss, a parabola is right to about 1e-10; after so many steps it has to do. */
const CLOSE_SHIFT = 1e-3;
const SHIFT_STEPS = 5;

/** Two features or more, drawn anew for each tree. */
const sampleFeatures = (nFeatures: number, share: number, random: () => number): Allowed => {
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
