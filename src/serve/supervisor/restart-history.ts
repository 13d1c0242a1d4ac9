/**
 * The restart history: how often a worker was replaced and why, and the sum of what those that are gone have counted.
 */
import { RESTART_REASONS, type RestartReason } from '../labels.ts';
import type { Log } from '../log.ts';
import { retireDrift } from '../telemetry/drift-counters.ts';
import { retireInto } from '../telemetry/totals.ts';
import type { Child } from './child.ts';
import type { WorkerSlot } from './slot.ts';
import { refusalReason } from '../../core/files/system-refusal.ts';

export interface RestartHistory {
  /** Each float64, shape (COUNTER_CELLS): what workers counted that are gone. */
  readonly retired: readonly Float64Array[];
  /** How often a worker was replaced, by reason. */
  readonly restarts: Readonly<Record<RestartReason, number>>;
  /** To be told of every worker that has ended. */
  readonly noteEnd: (child: Child) => void;
  readonly noteRestart: (slot: WorkerSlot, reason: RestartReason) => void;
}

export const buildRestartHistory = (sharedDir: string, log: Log): RestartHistory => {
  const retired: Float64Array[] = [];
  const restarts = Object.fromEntries(RESTART_REASONS.map((reason) => [reason, 0])) as Record<
    RestartReason,
    number
  >;
  return {
    retired,
    restarts,
    noteEnd: (child) => {
      retireInto(retired, child.counters);
      try {
        retireDrift(sharedDir, child.spawnId);
      } catch (error) {
        log.warn('drift counts of a worker were lost', { error: refusalReason(error) });
      }
    },
    noteRestart: (slot, reason) => {
      restarts[reason]++;
      slot.restarts++;
    },
  };
};
