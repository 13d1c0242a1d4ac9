/**
 * The workers: one place each, refilled at once when its worker dies, one more kept warm so that "at once" is
 * a matter of opening a port. Stands under the supervisor; knows nothing of HTTP.
 */

import type { ServeConfig } from '../config.ts';
import { RESTART_REASONS, type RestartReason } from '../labels.ts';
import type { Log } from '../log.ts';
import type { ModelFacts, ModelRef } from '../messages.ts';
import { retireDrift } from '../telemetry/drift-slab.ts';
import { SLAB_CELLS } from '../telemetry/slab.ts';
import { retireInto } from '../telemetry/totals.ts';
import { CLOSE_MS } from '../worker/drain.ts';
import { type Child, type Exit, spawnChild } from './child.ts';
import {
  BACKOFF_MOST_MS,
  backoffMs,
  buildSlot,
  exhaustionOf,
  noteDeath,
  type Place,
  type Slot,
  YOUNG_MS,
} from './slot.ts';

export interface Fleet {
  readonly places: () => readonly Place[];
  /** Every process that is alive: in a place, warm, or draining. */
  readonly children: () => ReadonlySet<Child>;
  readonly standby: () => Child | undefined;
  /** float64, shape (SLAB_CELLS): what workers counted that are gone. */
  readonly retired: Float64Array;
  /** How often a worker was replaced, by reason. */
  readonly restarts: Readonly<Record<RestartReason, number>>;
  /** Why the crash budget is spent, undefined while it is not. */
  readonly exhausted: () => string | undefined;
  /** Starts a worker for a model and waits until it has checked it. @throws AppError */
  readonly tryModel: (model: ModelRef) => Promise<{ child: Child; facts: ModelFacts }>;
  /** Fills every place; resolves when all are ready. @throws AppError when the first worker is refused */
  readonly start: (model: ModelRef, port: number) => Promise<ModelFacts>;
  /**
   * Puts the model into every place, one after the other; `first` is a warm worker that has it.
   * Resolves when no worker answers with the old model any more. @throws AppError
   */
  readonly roll: (model: ModelRef, first: Child) => Promise<void>;
  /** Replaces one worker: the new one listens before the old one drains. */
  readonly replace: (child: Child, reason: RestartReason) => Promise<void>;
  /** Kills a worker that can not be asked any more; its place is refilled at once. */
  readonly kill: (child: Child, reason: RestartReason) => void;
  /** From now on nothing is refilled. */
  readonly end: () => void;
}

export const buildFleet = (
  config: ServeConfig,
  nWorkers: number,
  sharedDir: string,
  quotaPath: string,
  log: Log,
  /** Something that `/readyz` depends on has changed. */
  onChange: () => void,
): Fleet => {
  const slots = Array.from({ length: nWorkers }, (_, i) => buildSlot(i + 1));
  const children = new Set<Child>();
  const retired = new Float64Array(SLAB_CELLS);
  const restarts = Object.fromEntries(RESTART_REASONS.map((reason) => [reason, 0])) as Record<
    RestartReason,
    number
  >;
  const killedFor = new WeakMap<Child, RestartReason>();
  let model: ModelRef | undefined;
  let port = 0;
  let standby: Child | undefined;
  let started = false;
  let ending = false;
  let spawned = 0;

  const spawn = (wanted: ModelRef): Child => {
    const child = spawnChild({
      config,
      model: wanted,
      spawnId: ++spawned,
      sharedDir,
      quotaPath,
      rehearses: started,
      onLeaving: (leaving, reason) => void fleet.replace(leaving, reason).catch(() => {}),
    });
    children.add(child);
    void child.exited.then((exit) => onExit(child, exit));
    return child;
  };

  const onExit = (child: Child, exit: Exit): void => {
    children.delete(child);
    retireInto(retired, child.slab);
    try {
      retireDrift(sharedDir, child.spawnId);
    } catch (error) {
      log.warn('drift counts of a worker were lost', { error: (error as Error).message });
    }
    if (standby === child) standby = undefined;
    const slot = slots.find((other) => other.child === child);
    if (slot) slot.child = undefined;
    onChange();
    if (!slot || ending || !started) return;
    const reason =
      killedFor.get(child) ??
      (Number.isNaN(child.readyAtMs()) ? 'start-failed' : exit.signal ? 'killed' : 'crashed');
    noteDeath(slot, performance.now() - child.readyAtMs());
    restarts[reason]++;
    slot.restarts++;
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
    else {
      slot.awaited = true;
      setTimeout(() => {
        slot.awaited = false;
        if (!ending && slot.child === undefined) fill(slot);
      }, waitMs);
    }
  };

  /** Puts a worker into an empty place: the warm one if there is one. */
  const fill = (slot: Slot): void => {
    const spare = standby?.state() === 'warm' && standby.model === model ? standby : undefined;
    if (spare) standby = undefined;
    let child: Child;
    try {
      child = spare ?? spawn(model!);
    } catch (error) {
      log.error('a worker can not be started', { error: (error as Error).message });
      slot.youngDeaths++;
      slot.awaited = true;
      setTimeout(() => {
        slot.awaited = false;
        if (!ending && slot.child === undefined) fill(slot);
      }, BACKOFF_MOST_MS);
      return;
    }
    slot.child = child;
    open(child).then(
      () => {
        log.info(`worker ${slot.id} is ready`, { worker: slot.id, workerPid: child.pid });
        setTimeout(() => settle(slot, child), YOUNG_MS);
        keepSpare();
      },
      () => {},
    );
  };

  /** A worker that has stayed clears the record of those before it. */
  const settle = (slot: Slot, child: Child): void => {
    if (slot.child !== child || child.state() === 'gone') return;
    slot.youngDeaths = 0;
    onChange();
  };

  const open = async (child: Child): Promise<void> => {
    await child.warm;
    child.tell({ order: 'listen', port });
    await child.ready;
    onChange();
  };

  const keepSpare = (): void => {
    if (ending || standby || !model || slots.some((slot) => slot.child?.state() !== 'ready'))
      return;
    try {
      standby = spawn(model);
    } catch (error) {
      log.warn('no room for a spare worker', { error: (error as Error).message });
    }
  };

  const drain = (child: Child): void => child.drain(CLOSE_MS, config.drainLimitMs);

  /** Brings `next` into a place, then begins to drain who was there. */
  const succeed = async (slot: Slot, next: Child): Promise<Child | undefined> => {
    slot.awaited = true;
    try {
      await next.rehearsed;
      await open(next);
      const last = slot.child;
      slot.child = next;
      if (last) drain(last);
      onChange();
      return last;
    } finally {
      slot.awaited = false;
      if (!ending && slot.child === undefined) fill(slot);
    }
  };

  const fleet: Fleet = {
    places: () => slots,
    children: () => children,
    standby: () => standby,
    retired,
    restarts,
    exhausted: () => exhaustionOf(slots),
    tryModel: async (wanted) => {
      const child = spawn(wanted);
      return { child, facts: await child.warm };
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
        if (slot.child === undefined) fill(slot);
        else setTimeout(() => settle(slot, first[i]!), YOUNG_MS);
      }
      keepSpare();
      return first[0]!.warm;
    },
    roll: async (wanted, first) => {
      const before = model;
      model = wanted;
      let next: Child | undefined = first;
      const old: Child[] = [];
      try {
        for (const slot of slots) {
          const last = await succeed(slot, next ?? spawn(wanted));
          if (last) old.push(last);
          next = undefined;
        }
        await Promise.all(old.map(({ exited }) => exited));
      } catch (error) {
        model = before;
        for (const slot of slots)
          if (before && slot.child && slot.child.model !== before)
            await succeed(slot, spawn(before));
        throw error;
      } finally {
        if (standby && standby.model !== model) {
          standby.kill();
          standby = undefined;
        }
        keepSpare();
      }
    },
    replace: async (child, reason) => {
      const slot = slots.find((other) => other.child === child);
      if (!slot || slot.awaited || ending) return;
      restarts[reason]++;
      slot.restarts++;
      log.warn(`worker ${slot.id} is being replaced`, { worker: slot.id, reason });
      const spare = standby?.state() === 'warm' && standby.model === model ? standby : undefined;
      if (spare) standby = undefined;
      await succeed(slot, spare ?? spawn(model!));
      keepSpare();
    },
    kill: (child, reason) => {
      killedFor.set(child, reason);
      child.kill();
    },
    end: () => {
      ending = true;
      standby?.kill();
    },
  };
  return fleet;
};
