/**
 * A small search for better settings: each trial learns the first answer; its loss on the early-stopping flights counts.
 * The test flights are not looked at.
 */
import { wholeProcessors } from '../host/processors.ts';
import { buildRandom } from '../core/random.ts';
import type { Table } from '../core/table.ts';
import { type BoostSettings, boost } from './boosting.ts';
import { buildParallelLearner } from './engine/parallel-learner.ts';
import { prepare } from './preparation.ts';
import { boostSettings, type TrainOptions } from './settings.ts';
import { buildTrainingPool } from './engine/training-pool.ts';

const SPACE = {
  nLeaves: [7, 15, 31, 63],
  learningRate: [0.03, 0.05, 0.1],
  l2: [1, 5, 20, 50],
  minRowsPerLeaf: [20, 50, 100, 300],
  featureShare: [0.4, 0.7, 1],
  rowShare: [0.6, 0.8, 1],
} as const;

type Choice = { -readonly [Name in keyof typeof SPACE]: number };

export interface TuningTrial {
  readonly settings: Readonly<Partial<BoostSettings>>;
  /** Best log loss on the early-stopping flights, and after how many trees. */
  readonly validationLoss: number;
  readonly trees: number;
}

/**
 * Trials in the order in which they ran; the first is the defaults.
 * @throws AppError as `prepare` does
 */
export const tune = async (
  table: Table,
  options: TrainOptions,
  nTrials: number,
  onTrial: (trial: TuningTrial, index: number) => void = () => {},
): Promise<readonly TuningTrial[]> => {
  const pool = buildTrainingPool(options.nThreads ?? wholeProcessors());
  const random = buildRandom(options.seed);
  const trials: TuningTrial[] = [];
  try {
    const { parts, features } = await prepare(table, options, pool);
    for (let index = 0; index < nTrials; index++) {
      const settings = index === 0 ? {} : draw(random);
      const { rounds } = await boost({
        buildLearner: buildParallelLearner(pool),
        train: parts.train,
        validation: parts.validation,
        settings: { ...boostSettings(parts.train.nRows, features, options), ...settings },
      });
      const losses = rounds.map(({ validation }) => validation);
      const validationLoss = losses.reduce((min, loss) => Math.min(min, loss), Infinity);
      const trial = { settings, validationLoss, trees: losses.indexOf(validationLoss) + 1 };
      trials.push(trial);
      onTrial(trial, index);
      // A trial may be too short for boosting to let signals in.
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    pool.dismiss();
  }
  return trials;
};

const draw = (random: () => number): Choice =>
  Object.fromEntries(
    Object.entries(SPACE).map(([name, values]) => [
      name,
      values[Math.floor(random() * values.length)]!,
    ]),
  ) as Choice;

/** The trial of the smallest loss. */
export const bestOf = (trials: readonly TuningTrial[]): TuningTrial =>
  trials.reduce((best, trial) => (trial.validationLoss < best.validationLoss ? trial : best));
