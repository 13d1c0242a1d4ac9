/**
 * The spare worker: warm before anyone needs it, so that filling a place is a matter of opening a port.
 */
import type { Log } from '../log.ts';
import type { ModelRef } from '../messages.ts';
import type { Child } from './child.ts';

export interface Spare {
  /** The spare if it is warm and has this model, else a fresh worker. From now on it is the caller's. @throws AppError */
  readonly take: (model: ModelRef) => Child;
  /** Starts one with this model unless there is one; without room for it the service goes on without. */
  readonly keep: (model: ModelRef) => void;
  /** Ends it, unless it has this model. */
  readonly drop: (unlessWith?: ModelRef) => void;
  /** To be told of every worker that has ended. */
  readonly noteEnd: (child: Child) => void;
}

export const buildSpare = (spawn: (model: ModelRef) => Child, log: Log): Spare => {
  let spare: Child | undefined;
  return {
    take: (model) => {
      if (spare?.state() !== 'warm' || spare.model !== model) return spawn(model);
      const taken = spare;
      spare = undefined;
      return taken;
    },
    keep: (model) => {
      if (spare) return;
      try {
        spare = spawn(model);
      } catch (error) {
        log.warn('no room for a spare worker', { error: (error as Error).message });
      }
    },
    drop: (unlessWith) => {
      if (spare === undefined || spare.model === unlessWith) return;
      spare.kill();
      spare = undefined;
    },
    noteEnd: (child) => {
      if (spare === child) spare = undefined;
    },
  };
};
