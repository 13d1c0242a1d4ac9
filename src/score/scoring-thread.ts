/**
 * A thread that scores blocks in shared memory until they are closed.
 * The entry of a worker; started by `scoring-pool`.
 */
import type { Model } from '../core/model.ts';
import { buildScore } from './answers.ts';
import { openSlots, type SlotMemory } from './blocks.ts';

/** What a thread gets, once. */
export interface HelperTask {
  readonly model: Model;
  readonly memory: SlotMemory;
  readonly explains: boolean;
}

declare const self: Worker;

self.onmessage = ({ data: { model, memory, explains } }: MessageEvent<HelperTask>) => {
  openSlots(memory).serve(buildScore(model, explains));
};
