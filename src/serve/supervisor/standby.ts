/**
 * The standby worker: loaded and warm before anyone needs it, so that filling a place is a matter of opening a port.
 */
import type { Log } from '../log.ts';
import type { ModelRef } from '../messages.ts';
import type { Child } from './child.ts';
import { refusalReason } from '../../core/files/system-refusal.ts';

interface Standby {
  /**
   * The standby if it has this model, though it may still be loading: it is nearer to the end of that than a fresh worker,
   * which is the answer otherwise. From now on it is the caller's. @throws AppError
   */
  readonly take: (model: ModelRef) => Child;
  readonly isKept: () => boolean;
  /** Starts one with this model unless there is one; without room for it the service goes on without. */
  readonly keep: (model: ModelRef) => void;
  /** Ends it, unless it has this model. @returns resolves when it has gone */
  readonly drop: (unlessWith?: ModelRef) => Promise<unknown>;
  /** To be told of every worker that has ended. */
  readonly noteEnd: (child: Child) => void;
}

interface StandbySetting {
  readonly spawn: (model: ModelRef) => Child;
  readonly log: Log;
  /** Called when it has died, some time later: the moment to keep another. */
  readonly onLost: () => void;
  readonly minRestMs?: number;
}

/** After a standby has died the next one waits, twice as long each time, until one was of use. */
const MIN_REST_MS = 1000;
const MAX_REST_MS = 60_000;

export const buildStandby = ({
  spawn,
  log,
  onLost,
  minRestMs = MIN_REST_MS,
}: StandbySetting): Standby => {
  let standby: Child | undefined;
  let restMs = minRestMs;
  return {
    isKept: () => standby !== undefined,
    take: (model) => {
      if (standby === undefined || standby.state() === 'gone' || standby.model !== model)
        return spawn(model);
      const taken = standby;
      standby = undefined;
      if (taken.state() === 'loaded') restMs = minRestMs;
      return taken;
    },
    keep: (model) => {
      if (standby) return;
      try {
        standby = spawn(model);
      } catch (error) {
        log.warn('no room for a standby worker', { error: refusalReason(error) });
      }
    },
    drop: async (unlessWith) => {
      if (standby === undefined || standby.model === unlessWith) return;
      const dropped = standby;
      standby = undefined;
      dropped.kill();
      await dropped.exited;
    },
    noteEnd: (child) => {
      if (standby !== child) return;
      standby = undefined;
      log.warn('the standby worker is gone, another one will be started', {
        workerPid: child.pid,
        waitMs: restMs,
      });
      setTimeout(onLost, restMs).unref();
      restMs = Math.min(2 * restMs, MAX_REST_MS);
    },
  };
};
