/**
 * The fleet of workers, and the code that replaces a dead one (`onExit`): one place each, refilled at once when its
 * worker dies, with a standby kept warm so that "at once" is a matter of opening a port. Rolls a new model through the
 * places, one after the other.
 */
import { AppError } from '../../core/errors.ts';
import { refusalReason } from '../../core/files/system-refusal.ts';
import { type MemoryUse, memoryOf } from '../../host/memory-limit.ts';
import { paceProcess } from '../../host/paced-process.ts';
import type { ServeConfig } from '../config.ts';
import type { RestartReason } from '../labels.ts';
import type { Log } from '../log.ts';
import type { ModelFacts, ModelRef } from '../messages.ts';
import { CLOSE_MS } from '../worker/drain.ts';
import { GAUGES } from '../telemetry/shared-counters.ts';
import type { KeptCounts } from '../telemetry/view.ts';
import { type Child, type Exit, spawnChild } from './child.ts';
import { growthBytes, shortageOf } from './fleet-plan.ts';
import { buildKeptConnections, type Heir, keptLimit } from './kept-connections.ts';
import { bytesOf } from './model-source.ts';
import { buildRestartHistory, type RestartHistory } from './restart-history.ts';
import {
  backoffMs,
  buildWorkerSlot,
  exhaustionOf,
  MAX_BACKOFF_MS,
  noteDeath,
  type SlotView,
  type WorkerSlot,
  YOUNG_MS,
} from './slot.ts';
import { buildStandby } from './standby.ts';
import { restoreCopies } from './shared-dir.ts';

export interface Fleet {
  readonly places: () => readonly SlotView[];
  /** Between how many processes heavy work is divided: those in a place, and those that start beside them. */
  readonly nAtWork: () => number;
  /** Every process that is alive: in a place, on standby, or draining. */
  readonly children: () => ReadonlySet<Child>;
  readonly restartHistory: Pick<RestartHistory, 'retired' | 'restarts'>;
  readonly connections: () => KeptCounts;
  /** Why the crash budget is spent, undefined while it is not. */
  readonly exhausted: () => string | undefined;
  /**
   * Sees that one more worker has room beside a copy that is yet to be made, if need be without a standby.
   * @throws AppError limit-system, before the kernel has to end processes
   */
  readonly makeRoom: (copyBytes: number) => Promise<void>;
  /** Starts a worker for a model and waits until it has checked it. @throws AppError */
  readonly tryModel: (model: ModelRef) => Promise<{ child: Child; facts: ModelFacts }>;
  /** Fills every place; resolves when all are ready. @throws AppError when the first worker is refused */
  readonly start: (model: ModelRef, port: number) => Promise<ModelFacts>;
  /**
   * Puts the model into every place, one after the other; `first` is a worker that has loaded it.
   * Resolves when no worker answers with the old model any more. @throws AppError
   */
  readonly roll: (model: ModelRef, first: Child) => Promise<void>;
  /** Ends the standby, which was started with what holds no more; another is started. */
  readonly renewStandby: () => void;
  /** More places, or fewer: those that are too many drain. @returns false when it is not the moment, as in a reload */
  readonly resize: (nWorkers: number) => boolean;
  /** Replaces one worker: the new one listens before the old one drains. */
  readonly replace: (child: Child, reason: RestartReason) => Promise<void>;
  /** Kills a worker that cannot be asked any more; its place is refilled at once. */
  readonly kill: (child: Child, reason: RestartReason) => void;
  /** From now on nothing is refilled, no other model is put in place, and nobody takes over connections. */
  readonly end: () => void;
  /** Rejects as soon as it ends: not-ready. */
  readonly ended: Promise<never>;
  readonly isEnding: () => boolean;
}

interface FleetSetting {
  readonly config: ServeConfig;
  /** The configuration that a worker is started with now. */
  readonly workerConfig: () => ServeConfig;
  readonly nWorkers: number;
  /** Whether a reload waits for the end of each worker that it replaces, see `fleet-plan.ts`. */
  readonly isOneByOne: () => boolean;
  readonly sharedDir: string;
  readonly quotaPath: string;
  readonly log: Log;
  /** Of the container; undefined where it has no limit. */
  readonly memoryUse: () => MemoryUse | undefined;
  /** The state of the service as JSON. */
  readonly snapshot: () => string;
  /** Called when something that `/readyz` depends on has changed. */
  readonly onChange: () => void;
}

const CONNECTIONS = GAUGES.indexOf('connections');

const shuttingDown = (): AppError => new AppError('not-ready', 'the service is shutting down');

/** A container may be given more memory, and workers give some back. */
const ROOM_AGAIN_MS = 10_000;

export const buildFleet = ({
  config,
  workerConfig,
  nWorkers,
  isOneByOne,
  sharedDir,
  quotaPath,
  log,
  onChange,
  memoryUse,
  snapshot,
}: FleetSetting): Fleet => {
  const slots = Array.from({ length: nWorkers }, (_, i) => buildWorkerSlot(i + 1));
  const children = new Set<Child>();
  const restartHistory = buildRestartHistory(sharedDir, log);
  const killedFor = new WeakMap<Child, RestartReason>();
  let model: ModelRef | undefined;
  let port = 0;
  let started = false;
  let ending = false;
  const { promise: ended, reject: rejectEnded } = Promise.withResolvers<never>();
  ended.catch(() => {});
  let spawned = 0;
  let isRolling = false;

  const heirOf = (child: Child): Heir => ({
    keeping: child.keeping,
    nConnections: () => child.counters[CONNECTIONS]!,
    adopt: () => child.tell({ command: 'adopt' }),
  });
  const kept = buildKeptConnections({
    heirs: () => {
      const ready = slots.flatMap(({ child }) => (child?.state() === 'ready' ? child : []));
      return { ready: ready.map(heirOf), isFull: ready.length === slots.length };
    },
    log,
    // What encrypts a connection dies with its worker.
    limit: config.tls ? 0 : keptLimit(nWorkers),
  });

  /** What a worker needs in the shared folder is there again, whoever has cleaned it. @throws AppError */
  const restore = (): void => {
    const nCopies = restoreCopies(sharedDir);
    if (nCopies !== undefined)
      log.warn('files of the service had been removed, and are there again', {
        folder: sharedDir,
        files: nCopies,
      });
  };

  const checkNotEnding = (): void => {
    if (ending) throw shuttingDown();
  };

  const isServed = (): boolean => slots.every((slot) => slot.child?.state() === 'ready');

  /** Workers that start beside those that serve, and keep to a pace. */
  let nStarting = 0;
  const startBeside = async (child: Child): Promise<void> => {
    nStarting++;
    onChange();
    await paceProcess({
      pid: child.pid,
      signal: child.signal,
      started: child.warm,
      nProcesses: fleet.nAtWork(),
      isUrgent: () => ending || !isServed(),
    });
    nStarting--;
    onChange();
  };

  const spawn = (wanted: ModelRef): Child => {
    checkNotEnding();
    restore();
    const child = spawnChild({
      config: workerConfig(),
      model: wanted,
      spawnId: ++spawned,
      sharedDir,
      quotaPath,
      warmsUp: started,
      kept,
      snapshot,
      onLeaving: (leaving, reason) => void fleet.replace(leaving, reason).catch(() => {}),
    });
    children.add(child);
    if (started) void startBeside(child);
    void child.exited.then((exit) => onExit(child, exit));
    return child;
  };

  const standby = buildStandby({ spawn, log, onLost: () => keepStandby() });

  const onExit = (child: Child, exit: Exit): void => {
    children.delete(child);
    restartHistory.noteEnd(child);
    standby.noteEnd(child);
    const slot = slots.find((other) => other.child === child);
    if (slot) slot.child = undefined;
    onChange();
    const isMissed = slot !== undefined && !ending && started;
    if (isMissed) refill(slot, child, exit);
    if (child.keeping)
      kept.end(child.keeping, {
        worker: slot?.id ?? 0,
        isInherited: isMissed && exit.wasReady,
      });
  };

  const refill = (slot: WorkerSlot, child: Child, exit: Exit): void => {
    const reason =
      killedFor.get(child) ??
      (Number.isNaN(child.readyAtMs()) ? 'start-failed' : exit.signal ? 'killed' : 'crashed');
    noteDeath(slot, performance.now() - child.readyAtMs());
    restartHistory.noteRestart(slot, reason);
    const waitMs = slot.awaited ? 0 : backoffMs(slot.youngDeaths);
    log.warn(`worker ${slot.id} is gone, replacing it`, {
      worker: slot.id,
      workerPid: child.pid,
      reason,
      exit: exit.signal ?? exit.code ?? undefined,
      waitMs,
    });
    if (slot.awaited) return;
    if (waitMs === 0) fill(slot);
    else fillLater(slot, waitMs);
  };

  const fillLater = (slot: WorkerSlot, waitMs: number): void => {
    slot.awaited = true;
    setTimeout(() => fillIfEmpty(slot), waitMs);
  };

  /** Whoever was awaited has come, or will not. */
  const fillIfEmpty = (slot: WorkerSlot): void => {
    slot.awaited = false;
    if (!ending && slot.child === undefined) fill(slot);
  };

  const fill = (slot: WorkerSlot): void => {
    let child: Child;
    try {
      child = standby.take(model!);
    } catch (error) {
      log.error('a worker cannot be started', { error: refusalReason(error) });
      slot.youngDeaths++;
      fillLater(slot, MAX_BACKOFF_MS);
      return;
    }
    slot.child = child;
    open(child).then(
      () => {
        log.info(`worker ${slot.id} is ready`, { worker: slot.id, workerPid: child.pid });
        setTimeout(() => settle(slot, child), YOUNG_MS);
        keepStandby();
      },
      () => {},
    );
  };

  /** A worker that has stayed clears the record of those before it. */
  const settle = (slot: WorkerSlot, child: Child): void => {
    if (slot.child !== child || child.state() === 'gone') return;
    slot.youngDeaths = 0;
    onChange();
  };

  const open = async (child: Child): Promise<void> => {
    await child.loaded;
    checkNotEnding();
    child.tell({ command: 'listen', port });
    await child.ready;
    kept.place();
    onChange();
  };

  /** What one more worker will hold, as far as those that serve tell. */
  const workerBytes = (): number =>
    Math.max(
      0,
      ...slots.map(({ child }) => (child?.state() === 'ready' ? memoryOf(child.pid) : 0)),
    );

  let isWaitingForRoom = false;
  const waitForRoom = (shortage: string): void => {
    if (isWaitingForRoom) return;
    isWaitingForRoom = true;
    log.info('no room for a standby worker', { reason: shortage });
    setTimeout(() => {
      isWaitingForRoom = false;
      keepStandby();
    }, ROOM_AGAIN_MS).unref();
  };

  /** Not before every place is served, and where there is room. */
  const keepStandby = (): void => {
    if (ending || !model || !isServed() || (isRolling && isOneByOne())) return;
    const shortage = standby.isKept() ? undefined : shortageOf(workerBytes(), memoryUse());
    if (shortage === undefined) standby.keep(model);
    else waitForRoom(shortage);
  };

  const sayHowItDrains = (canHold: boolean): void =>
    canHold
      ? log.info('a draining worker holds new connections back, others take them', {
          by: 'IP_MINTTL',
        })
      : log.warn(
          'new connections cannot be held back here: a draining worker takes them until none has come for half a second',
        );

  const drain = (child: Child): void => child.drain(CLOSE_MS, config.drainLimitMs);

  /** Brings `next` into a place, then begins to drain who was there. */
  const succeed = async (slot: WorkerSlot, next: Child): Promise<Child | undefined> => {
    slot.awaited = true;
    try {
      await next.warm;
      await open(next);
      const last = slot.child;
      slot.child = next;
      if (last) drain(last);
      onChange();
      return last;
    } finally {
      fillIfEmpty(slot);
    }
  };

  const fleet: Fleet = {
    places: () => slots,
    nAtWork: () => slots.length + nStarting,
    children: () => children,
    restartHistory,
    connections: kept.counts,
    exhausted: () => exhaustionOf(slots),
    makeRoom: async (copyBytes) => {
      const nowBytes = model ? bytesOf(model) : 0;
      const shortage = (): string | undefined =>
        shortageOf(copyBytes + workerBytes() + growthBytes(nowBytes, copyBytes), memoryUse());
      if (shortage() === undefined) return;
      await standby.drop();
      const last = shortage();
      if (last === undefined) return;
      keepStandby();
      throw new AppError('limit-system', last);
    },
    tryModel: async (wanted) => {
      // What is on trial takes the standby's place in memory.
      if (isOneByOne()) await standby.drop();
      try {
        await fleet.makeRoom(0);
        const child = spawn(wanted);
        return { child, facts: await child.loaded };
      } catch (error) {
        keepStandby();
        throw error;
      }
    },
    start: async (wanted, onPort) => {
      model = wanted;
      port = onPort;
      for (const slot of slots) {
        slot.child = spawn(wanted);
        slot.awaited = true;
      }
      const first = slots.map((slot) => slot.child!);
      await Promise.all(first.map(open));
      started = true;
      for (const [i, slot] of slots.entries()) {
        slot.awaited = false;
        if (slot.child === undefined) fillIfEmpty(slot);
        else setTimeout(() => settle(slot, first[i]!), YOUNG_MS);
      }
      keepStandby();
      sayHowItDrains(await first[0]!.ready);
      return first[0]!.loaded;
    },
    roll: async (wanted, first) => {
      const before = model;
      model = wanted;
      let next: Child | undefined = first;
      const old: Child[] = [];
      isRolling = true;
      try {
        for (const slot of slots) {
          const last = await succeed(slot, next ?? spawn(wanted));
          if (last) old.push(last);
          if (isOneByOne()) await last?.exited;
          next = undefined;
        }
        await Promise.all(old.map(({ exited }) => exited));
      } catch (error) {
        if (ending) throw error;
        model = before;
        for (const slot of slots)
          if (before && slot.child && slot.child.model !== before)
            await succeed(slot, spawn(before));
        throw error;
      } finally {
        isRolling = false;
        void standby.drop(model);
        keepStandby();
      }
    },
    resize: (nWanted) => {
      if (!started || ending || isRolling || slots.some(({ awaited }) => awaited)) return false;
      while (slots.length > nWanted) {
        const { child } = slots.pop()!;
        if (child) drain(child);
      }
      while (slots.length < nWanted) {
        const slot = buildWorkerSlot(slots.length + 1);
        slots.push(slot);
        fill(slot);
      }
      onChange();
      return true;
    },
    renewStandby: () => {
      void standby.drop();
      keepStandby();
    },
    replace: async (child, reason) => {
      const slot = slots.find((other) => other.child === child);
      if (!slot || slot.awaited || ending) return;
      restartHistory.noteRestart(slot, reason);
      log.warn(`worker ${slot.id} is being replaced`, { worker: slot.id, reason });
      const last = await succeed(slot, standby.take(model!));
      if (isOneByOne()) await last?.exited;
      keepStandby();
    },
    kill: (child, reason) => {
      killedFor.set(child, reason);
      child.kill();
    },
    end: () => {
      ending = true;
      rejectEnded(shuttingDown());
      void standby.drop();
      kept.stop();
    },
    ended,
    isEnding: () => ending,
  };
  return fleet;
};
