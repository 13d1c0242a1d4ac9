/**
 * The watchdog: looks at every worker's heartbeat and memory, and has those replaced that hang or have grown too
 * large. Silence is measured by the time that the watchdog itself was awake: when the whole container is frozen, or gets no
 * processor, nobody is to blame.
 */
import { readFileSync } from 'node:fs';
import { type MemoryUse, memoryOf, readMemoryUse } from '../../host/memory-limit.ts';
import type { ServeConfig } from '../config.ts';
import { GAUGES } from '../telemetry/shared-counters.ts';
import type { Child } from './child.ts';
import type { Fleet } from './fleet.ts';

const LOOK_MS = 100;
/** From one look to the next no more than this counts: in a longer gap the watchdog slept as well. */
const MAX_SEEN_MS = 2 * LOOK_MS;
/** However starved, so many limits of silence are too many. */
const STARVED_LIMITS = 6;
const START_LIMIT_MS = 15_000;
/** A fresh worker is not replaced for its size: its successor would be as large. */
const FRESH_MS = 10_000;
const BEAT = GAUGES.indexOf('beat');

/** When so much of the container's memory is used, the kernel is about to end a process, or all of them. */
const TIGHT_SHARE = 0.95;
/** After a worker was ended for that, its memory has gone by then. */
const RELIEF_MS = 2000;

/** Looks ten times a second. @param memoryLimitMb what a worker may hold now @returns a function that stops it */
export const watch = (
  fleet: Fleet,
  config: ServeConfig,
  memoryLimitMb: () => number,
): (() => void) => {
  const look = buildLook(fleet, { hangLimitMs: config.hangLimitMs, memoryLimitMb }, SYSTEM);
  const timer = setInterval(look, LOOK_MS);
  return () => clearInterval(timer);
};

/** What is asked of the system. */
export interface Observations {
  readonly clockMs: () => number;
  readonly activityOf: (pid: number) => Activity | undefined;
  /** Bytes that a process holds of its own. */
  readonly memoryOf: (pid: number) => number;
  /** Of the container; undefined where it has no limit. */
  readonly memoryUse: () => MemoryUse | undefined;
}

/** The heartbeat's count, and how long it has been seen not to grow. */
interface LastBeat {
  readonly count: number;
  silentMs: number;
  /** Processor time at the moment when the silence was first too long. */
  cpuMs?: number;
}

/** What the kernel says of a process. */
export interface Activity {
  /** It runs, or waits for nothing but a processor. */
  readonly isRunnable: boolean;
  /** By a signal. */
  readonly isStopped: boolean;
  readonly cpuMs: number;
}

const MS_PER_TICK = 10;

/** @source proc_pid_stat(5) */
const readActivity = (pid: number): Activity | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return {
      isRunnable: fields[0] === 'R',
      isStopped: fields[0] === 'T',
      cpuMs: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK,
    };
  } catch {
    return undefined;
  }
};

const SYSTEM: Observations = {
  clockMs: () => performance.now(),
  activityOf: readActivity,
  memoryOf,
  memoryUse: readMemoryUse,
};

interface WatchLimits {
  readonly hangLimitMs: number;
  readonly memoryLimitMb: () => number;
}

/** One look at every worker. */
export const buildLook = (
  fleet: Pick<Fleet, 'children' | 'kill' | 'replace'>,
  limits: WatchLimits,
  { clockMs, activityOf, memoryOf, memoryUse }: Observations,
): (() => void) => {
  const lastBeats = new WeakMap<Child, LastBeat>();
  let lastMs = clockMs();
  let tightAgainMs = 0;

  /**
   * It wants to run and was not let: the machine is overloaded, and a fresh worker would be let no more. One that starts is
   * stopped by the fleet itself, at the pace of heavy work.
   */
  const isStarved = (last: LastBeat, limitMs: number, child: Child): boolean => {
    const activity = activityOf(child.pid);
    if (!activity) return false;
    last.cpuMs ??= activity.cpuMs;
    const isPaced = activity.isStopped && ['starting', 'loaded'].includes(child.state());
    return (
      (activity.isRunnable || isPaced) &&
      activity.cpuMs - last.cpuMs < limitMs &&
      last.silentMs < limitMs * STARVED_LIMITS
    );
  };

  /** One worker less is better than a container less; of use only if it is our workers that fill it. */
  const isTight = (ourBytes: number): boolean => {
    const use = memoryUse();
    return (
      use !== undefined &&
      use.usedBytes > use.limitBytes * TIGHT_SHARE &&
      ourBytes > use.usedBytes / 2
    );
  };

  return () => {
    const nowMs = clockMs();
    const seenMs = Math.min(nowMs - lastMs, MAX_SEEN_MS);
    lastMs = nowMs;
    let ourBytes = 0;
    let largest: { child: Child; ownBytes: number } | undefined;
    for (const child of fleet.children()) {
      const beat = child.counters[BEAT]!;
      const last = lastBeats.get(child);
      if (!last || last.count !== beat) lastBeats.set(child, { count: beat, silentMs: 0 });
      else {
        last.silentMs += seenMs;
        const limitMs = beat === 0 ? START_LIMIT_MS : limits.hangLimitMs;
        if (last.silentMs > limitMs && !isStarved(last, limitMs, child)) fleet.kill(child, 'hung');
      }
      const ownBytes = memoryOf(child.pid);
      ourBytes += ownBytes;
      if (!largest || ownBytes > largest.ownBytes) largest = { child, ownBytes };
      if (
        child.state() === 'ready' &&
        nowMs - child.readyAtMs() > FRESH_MS &&
        ownBytes > limits.memoryLimitMb() * 2 ** 20
      )
        void fleet.replace(child, 'memory').catch(() => {});
    }
    if (largest && nowMs >= tightAgainMs && isTight(ourBytes)) {
      tightAgainMs = nowMs + RELIEF_MS;
      fleet.kill(largest.child, 'memory');
    }
  };
};
