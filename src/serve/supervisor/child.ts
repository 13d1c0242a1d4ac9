/**
 * One worker process as the supervisor sees it: start, orders, news, end.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import type { ServeConfig } from '../config.ts';
import type { RestartReason } from '../labels.ts';
import {
  type FromWorker,
  type ModelFacts,
  type ModelRef,
  ORDERS,
  type Orders,
  type ToWorker,
} from '../messages.ts';
import { createCells, mapCells, SLAB_CELLS } from '../telemetry/shared-counters.ts';

export type ChildState = 'starting' | 'warm' | 'ready' | 'draining' | 'gone';

export interface Child {
  readonly spawnId: number;
  readonly pid: number;
  readonly model: ModelRef;
  /** float64, shape (SLAB_CELLS): lives on when the process is gone. */
  readonly slab: Float64Array;
  readonly state: () => ChildState;
  /** When it became ready, on the clock of `performance.now()`; NaN before. */
  readonly readyAtMs: () => number;
  /** Model checked, self-test right. Rejects with an AppError when refused or when it ends before. */
  readonly warm: Promise<ModelFacts>;
  /** As fast as it will be; at once where it does not rehearse. Rejects as `warm` does. */
  readonly rehearsed: Promise<void>;
  /** Listening. Rejects as `warm` does. */
  readonly ready: Promise<void>;
  readonly exited: Promise<Exit>;
  readonly tell: (message: ToWorker) => void;
  /** Ends in order: see `ToWorker`. */
  readonly drain: (closeMs: number, limitMs: number) => void;
  readonly kill: () => void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface ChildSetting {
  readonly config: ServeConfig;
  readonly model: ModelRef;
  readonly spawnId: number;
  readonly sharedDir: string;
  readonly quotaPath: string;
  readonly rehearses: boolean;
  readonly onLeaving: (child: Child, reason: RestartReason) => void;
}

/** Starts a worker. @throws AppError file-unwritable when there is no room for its slab */
export const spawnChild = (setting: ChildSetting): Child => {
  const { config, model, spawnId, sharedDir, quotaPath, rehearses } = setting;
  const slabPath = join(sharedDir, `slab-${spawnId}`);
  createCells(slabPath, SLAB_CELLS);
  const slab = mapCells(slabPath);
  const orders: Orders = { config, model, spawnId, slabPath, quotaPath, sharedDir, rehearses };
  let state: ChildState = 'starting';
  let connected = true;
  let readyAtMs = Number.NaN;
  let refusal: AppError | undefined;
  const warm = Promise.withResolvers<ModelFacts>();
  const rehearsed = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  warm.promise.catch(() => {});
  rehearsed.promise.catch(() => {});
  ready.promise.catch(() => {});

  const hear = (message: FromWorker): void => {
    switch (message.news) {
      case 'warm':
        state = 'warm';
        warm.resolve(message.facts);
        if (!rehearses) rehearsed.resolve();
        break;
      case 'rehearsed':
        rehearsed.resolve();
        break;
      case 'ready':
        if (state === 'warm') state = 'ready';
        readyAtMs = performance.now();
        ready.resolve();
        break;
      case 'refused':
        refusal = new AppError(message.code, message.detail);
        break;
      case 'leaving':
        setting.onLeaving(child, message.reason);
        break;
    }
  };

  const process_ = Bun.spawn([process.execPath, join(import.meta.dir, '../worker/worker.ts')], {
    env: { ...process.env, [ORDERS]: JSON.stringify(orders) },
    stdio: ['ignore', 'inherit', 'inherit'],
    ipc: hear,
    onDisconnect: () => {
      connected = false;
    },
  });
  const exited = process_.exited.then((code): Exit => {
    state = 'gone';
    connected = false;
    const signal = process_.signalCode === null ? null : String(process_.signalCode);
    const error =
      refusal ??
      new AppError(
        'not-ready',
        `a worker ended before it was ready (${signal ?? `exit code ${code}`})`,
      );
    warm.reject(error);
    rehearsed.reject(error);
    ready.reject(error);
    rmSync(slabPath, { force: true });
    return { code: process_.exitCode, signal };
  });
  const child: Child = {
    spawnId,
    pid: process_.pid,
    model,
    slab,
    state: () => state,
    readyAtMs: () => readyAtMs,
    warm: warm.promise,
    rehearsed: rehearsed.promise,
    ready: ready.promise,
    exited,
    tell: (message) => {
      if (!connected) return;
      try {
        process_.send(message);
      } catch {
        // It ended this very moment; `exited` tells the rest.
      }
    },
    drain: (closeMs, limitMs) => {
      if (state === 'gone') return;
      state = 'draining';
      child.tell({ order: 'drain', closeMs, limitMs });
    },
    kill: () => process_.kill('SIGKILL'),
  };
  return child;
};
