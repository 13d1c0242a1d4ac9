/**
 * The coordinator's side of the shards: starts their processes, opens connections, runs steps, adds ticks up.
 */

import { availableParallelism } from 'node:os';
import type { Subprocess } from 'bun';
import { commandOf } from '../../host/own-program.ts';
import type { Tally } from '../generator/tally.ts';
import type { FromShard, ShardPlan, StepPlan, ToShard } from '../messages.ts';
import { UNSEEN, watchService } from '../target/service-load.ts';
import { buildCollector } from './collector.ts';
import type { ConnectionPlan } from './connections.ts';
import { placeOf, type RunPart, WHOLE } from './part.ts';
import type { Window } from './window.ts';

/** One step as all shards together saw it. */
export interface StepRecord {
  readonly step: StepPlan;
  readonly tally: Tally;
  readonly windows: readonly Window[];
  /** True length of the measured part, in seconds. */
  readonly seconds: number;
  readonly nShards: number;
  /** How many machines share the step's load. */
  readonly nParts: number;
  /** Whether the service is on this machine. */
  readonly isHere: boolean;
  /** Whether it was ended before its plan was. */
  readonly isCutShort: boolean;
  /** Names of requests, in the order of the tally's groups. */
  readonly names: readonly string[];
}

interface Opening {
  readonly nOpen: number;
  readonly reasons: Readonly<Record<string, number>>;
}

export interface Fleet {
  readonly nShards: number;
  readonly pids: readonly number[];
  /**
   * Opens connections until `nConnections` are open, the time is over, or none could be opened for a while.
   */
  readonly open: (
    nConnections: number,
    limitMs: number,
    onOpening?: (nOpen: number) => void,
  ) => Promise<Opening>;
  readonly run: (
    step: Omit<StepPlan, 'startAtMs' | 'maxRequests'> & {
      readonly startAtMs?: number | undefined;
      readonly maxRequests?: number | null | undefined;
    },
    onWindow?: (window: Window, tally: Tally) => void,
    onStart?: (startAtMs: number) => void,
  ) => Promise<StepRecord>;
  /** Ends the running step early. */
  readonly stop: () => void;
  readonly reset: (share: number) => void;
  readonly close: () => Promise<void>;
}

const START_DELAY_MS = 60;
const STALLED_MS = 5000;
/** What a run that was cut short at once is divided by. */
const MIN_MEASURED_MS = 1;

/** What all shards of a run share. */
export type CommonPlan = Omit<ShardPlan, 'shard' | 'place' | 'nPlaces' | 'nConnections'>;

/** @param isHere whether the service is on this machine; @param plan how connections are split */
export const buildFleet = async (
  plan: ConnectionPlan,
  common: CommonPlan,
  isHere: boolean,
  part: RunPart = WHOLE,
): Promise<Fleet> => {
  let listen: (message: FromShard) => void = () => {};
  let fail: (fault: Error) => void = () => {};
  let closing = false;
  let nReady = 0;
  let isStopped = false;
  const ready = Promise.withResolvers<void>();
  const processes = plan.perShard.map((_, shard) =>
    Bun.spawn([...commandOf('generator')], {
      stdin: 'ignore',
      stdout: 'inherit',
      stderr: 'inherit',
      serialization: 'json',
      ipc: (message: FromShard) => {
        if (message.kind !== 'ready') listen(message);
        else if (++nReady === plan.nShards) ready.resolve();
      },
      onExit: (_process, code, signal) => {
        if (closing) return;
        const fault = new Error(`shard ${shard} ended by itself (${signal ?? `exit ${code}`})`);
        ready.reject(fault);
        fail(fault);
      },
    }),
  );
  await ready.promise;
  const tell = (message: ToShard): void => {
    for (const shard of processes) shard.send(message);
  };
  for (const [shard, child] of processes.entries()) {
    const nConnections = plan.perShard[shard]!;
    const message: ToShard = {
      kind: 'open',
      plan: { ...common, ...placeOf(shard, plan.nShards, part), shard, nConnections },
    };
    child.send(message);
  }

  const open: Fleet['open'] = (nConnections, limitMs, onOpening) =>
    new Promise((resolve, reject) => {
      const shares = plan.perShard.map((max, i) =>
        Math.min(
          max,
          Math.floor(nConnections / plan.nShards) + (i < nConnections % plan.nShards ? 1 : 0),
        ),
      );
      const openings: (Extract<FromShard, { kind: 'opened' }> | undefined)[] = shares.map(
        () => undefined,
      );
      const startMs = performance.now();
      let best = 0;
      let bestAtMs = startMs;
      const settle = (): void => {
        clearInterval(timer);
        const reasons: Record<string, number> = {};
        for (const opening of openings) {
          for (const [reason, count] of Object.entries(opening?.reasons ?? {})) {
            reasons[reason] = (reasons[reason] ?? 0) + count;
          }
        }
        resolve({ nOpen: best, reasons });
      };
      const timer = setInterval(() => {
        const now = performance.now();
        if (now - startMs > limitMs || now - bestAtMs > STALLED_MS) settle();
      }, 50);
      fail = (fault) => {
        clearInterval(timer);
        reject(fault);
      };
      listen = (message) => {
        if (message.kind !== 'opened') return;
        openings[message.shard] = message;
        const nOpen = openings.reduce((sum, opening) => sum + (opening?.nOpen ?? 0), 0);
        if (nOpen > best) {
          best = nOpen;
          bestAtMs = performance.now();
          onOpening?.(nOpen);
        }
        if (openings.every((opening) => opening?.done)) settle();
      };
      for (const [i, child] of processes.entries()) {
        child.send({ kind: 'grow', nConnections: shares[i]! } satisfies ToShard);
      }
    });

  const run: Fleet['run'] = (step, onWindow, onStart) =>
    new Promise((resolve, reject) => {
      // All processors of the machine: a quota of the generator's own group does not hold the service.
      const service =
        isHere && common.socketPath === null
          ? watchService(common.port, availableParallelism())
          : UNSEEN;
      const full: StepPlan = {
        ...step,
        maxRequests: step.maxRequests ?? null,
        startAtMs: Math.max(step.startAtMs ?? 0, Date.now() + START_DELAY_MS),
      };
      let endedMs = 0;
      const collector = buildCollector(plan.nShards, service, onWindow);
      fail = reject;
      listen = (message) => {
        if (message.kind !== 'tick') return;
        collector.add(message);
        if (message.endedMs !== undefined) endedMs = Math.max(endedMs, message.endedMs);
        if (!collector.isDone()) return;
        const durationMs = Math.min(full.durationMs, endedMs);
        resolve({
          step: { ...full, durationMs },
          tally: collector.tally,
          windows: collector.windows(),
          seconds: Math.max(MIN_MEASURED_MS, durationMs - full.warmUpMs) / 1000,
          nShards: plan.nShards,
          nParts: part.of,
          isHere,
          isCutShort: isStopped,
          names: common.names,
        });
      };
      isStopped = false;
      tell({ kind: 'step', step: full });
      onStart?.(full.startAtMs);
    });

  return {
    nShards: plan.nShards,
    pids: processes.map(({ pid }) => pid),
    open,
    run,
    stop: () => {
      isStopped = true;
      tell({ kind: 'stop' });
    },
    reset: (share) => tell({ kind: 'reset', share }),
    close: async () => {
      closing = true;
      for (const child of processes) endProcess(child);
      await Promise.all(processes.map(({ exited }) => exited));
    },
  };
};

const endProcess = (child: Subprocess): void => {
  if (child.exitCode !== null) return;
  child.send({ kind: 'close' } satisfies ToShard);
};
