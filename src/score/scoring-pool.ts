/**
 * Scoring of a file by several threads: the caller's own, and helpers that start once the file proves long.
 */
import type { Model } from '../core/model.ts';
import { startThreads, type ThreadPool } from '../host/thread-pool.ts';
import type { Block, Scoring } from '../flights/output/scoring.ts';
import { buildScore, outputsOf } from './answers.ts';
import { allocateSlots, openSlots, type Slot } from './blocks.ts';
import type { HelperTask } from './scoring-thread.ts';

interface ScoringPool {
  readonly scoring: Scoring;
  readonly dismiss: () => void;
}

/** A shorter file is done before helpers have compiled their forests. */
const ROWS_BEFORE_HELP = 50_000;

/**
 * @param nThreads all that score, the caller's included
 * @param nBlocks how many may be under way at once
 * @param explains whether points are answered too
 * @throws AppError model-unfit
 */
export const buildScoringPool = (
  model: Model,
  nThreads: number,
  nBlocks: number,
  explains = false,
): ScoringPool => {
  const score = buildScore(model, explains);
  const memory = allocateSlots(nBlocks, model.inputs.length, outputsOf(model, explains).length);
  const { slots, close } = openSlots(memory);
  const slotOf = new Map<Block, Slot>(slots.map((slot) => [slot.block, slot]));
  const unused = slots.map((slot) => slot.block);
  let helpers: ThreadPool<HelperTask> | undefined;
  let failure: Error | undefined;
  let nRowsBegun = 0;

  const startHelpers = (): ThreadPool<HelperTask> => {
    const pool = startThreads<HelperTask>(
      new URL('./scoring-thread.ts', import.meta.url),
      nThreads - 1,
    );
    for (let thread = 0; thread < pool.nThreads; thread++) {
      pool.send<never>(thread, { model, memory, explains }).catch((error: Error) => {
        failure ??= error;
      });
    }
    return pool;
  };

  return {
    scoring: {
      buildBlock: () => {
        const block = unused.pop();
        if (block === undefined) throw new RangeError(`more than ${nBlocks} blocks are under way`);
        return block;
      },
      begin: (block, nRows) => {
        nRowsBegun += nRows;
        if (nRowsBegun > ROWS_BEFORE_HELP) helpers ??= startHelpers();
        slotOf.get(block)!.offer(nRows);
      },
      finish: (block) => {
        if (failure) throw failure;
        const slot = slotOf.get(block)!;
        slot.tryScore(score);
        // While a helper has it, other blocks are scored here: a thread that sleeps lets nobody begin a block.
        while (slot.isTaken() && slots.some((other) => other.tryScore(score)));
        slot.wait();
      },
    },
    dismiss: () => {
      close();
      helpers?.dismiss();
    },
  };
};
