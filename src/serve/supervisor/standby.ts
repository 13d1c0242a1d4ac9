/**
 * The standby worker: loaded and warm before anyone needs it, so that filling a place is a matter of opening a port.
 */
import type { Log } from '../log.ts';
import type { ModelRef } from '../messages.ts';
import type { Child } from './child.ts';

interface Standby {
  /** The standby if it is loaded and has this model, else a fresh worker. From now on it is the caller's. @throws AppError */
  readonly take: (model: ModelRef) => Child;
  /** Starts one with this model unless there is one; without room for it the service goes on without. */
  readonly keep: (model: ModelRef) => void;
  /** Ends it, unless it has this model. */
  readonly drop: (unlessWith?: ModelRef) => void;
  /** To be told of every worker that has ended. */
  readonly noteEnd: (child: Child) => void;
}

export const buildStandby = (spawn: (model: ModelRef) => Child, log: Log): Standby => {
  let standby: Child | undefined;
  return {
    take: (model) => {
      if (standby?.state() !== 'loaded' || standby.model !== model) return spawn(model);
      const taken = standby;
      standby = undefined;
      return taken;
    },
    keep: (model) => {
      if (standby) return;
      try {
        standby = spawn(model);
      } catch (error) {
        log.warn('no room for a standby worker', { error: (error as Error).message });
      }
    },
    drop: (unlessWith) => {
      if (standby === undefined || standby.model === unlessWith) return;
      standby.kill();
      standby = undefined;
    },
    noteEnd: (child) => {
      if (standby === child) standby = undefined;
    },
  };
};
