/**
 * Training and what its report says of the features: their importance is found by a thread of its own as soon as the trees
 * that it is of are grown, while curves, later answers and figures are made.
 */
import type { Table } from '../../core/table.ts';
import { wholeProcessors } from '../../host/processors.ts';
import { type FeatureImportance, importanceOf } from '../../score/importance.ts';
import { importanceBeside } from '../../score/importance-beside.ts';
import { MANY_ROWS } from '../../train/ended-memory.ts';
import type { OnRound } from '../../train/heads/learned-heads.ts';
import type { TrainOptions } from '../../train/settings.ts';
import { type Trained, trainModel } from '../../train/training.ts';

interface ExplainedTraining {
  readonly trained: Trained;
  /** Of every feature of the judged model, largest first. */
  readonly importance: Promise<readonly FeatureImportance[]>;
}

/** @throws AppError as `trainModel` does */
export const trainExplained = async (
  table: Table,
  options: TrainOptions,
  onRound: OnRound,
): Promise<ExplainedTraining> => {
  // A thread takes memory of its own, which training on many flights has no room for.
  const hasThread = (options.nThreads ?? wholeProcessors()) > 1 && table.nRows <= MANY_ROWS;
  let importance: ExplainedTraining['importance'] | undefined;
  const trained = await trainModel(
    table,
    options,
    onRound,
    ({ inputs, features, forest, sampleRaw }) => {
      const score = { kind: 'forest', forest } as const;
      if (hasThread) importance = importanceBeside({ inputs, features, score }, sampleRaw);
    },
  );
  const { judged, sampleRaw } = trained;
  return {
    trained,
    importance: importance ?? Promise.resolve(importanceOf(judged.model, sampleRaw)),
  };
};
