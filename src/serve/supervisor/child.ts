/**
 * One worker process as the supervisor sees it: its start, commands, events and exit.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { STATES_LIMIT, viewStates } from '../../host/connection-states.ts';
import { descriptorLimit } from '../../host/descriptors.ts';
import { commandOf } from '../../host/own-program.ts';
import type { ServeConfig } from '../config.ts';
import type { RestartReason } from '../labels.ts';
import {
  type ModelFacts,
  type ModelRef,
  WORKER_START,
  type WorkerCommand,
  type WorkerEvent,
  type WorkerStart,
} from '../messages.ts';
import { COUNTER_CELLS, createCells, mapCells } from '../telemetry/shared-counters.ts';
import type { Keeping, KeptConnections } from './kept-connections.ts';

type ChildState = 'starting' | 'loaded' | 'ready' | 'draining' | 'gone';

export interface Child {
  readonly spawnId: number;
  readonly pid: number;
  readonly model: ModelRef;
  /** float64, shape (COUNTER_CELLS): lives on when the process is gone. */
  readonly counters: Float64Array;
  /** Undefined where its connections are not kept. */
  readonly keeping: Keeping | undefined;
  readonly state: () => ChildState;
  /** When it became ready, on the clock of `performance.now()`; NaN before. */
  readonly readyAtMs: () => number;
  /** Model checked, self-test right. Rejects with an AppError when refused or when it ends before. */
  readonly loaded: Promise<ModelFacts>;
  /** Its code is compiled by use; at once where it does not warm up. Rejects as `loaded` does. */
  readonly warm: Promise<void>;
  /** Listening; tells whether it can hold new connections back. Rejects as `loaded` does. */
  readonly ready: Promise<boolean>;
  readonly exited: Promise<Exit>;
  readonly tell: (message: WorkerCommand) => void;
  /** Ends in command: see `WorkerCommand`. */
  readonly drain: (closeMs: number, limitMs: number) => void;
  readonly signal: (signal: 'SIGSTOP' | 'SIGCONT') => void;
  readonly kill: () => void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** It was ready, and not asked to end. */
  readonly wasReady: boolean;
}

interface ChildSetting {
  readonly config: ServeConfig;
  readonly model: ModelRef;
  readonly spawnId: number;
  readonly sharedDir: string;
  readonly quotaPath: string;
  readonly warmsUp: boolean;
  readonly kept: Pick<KeptConnections, 'open' | 'end'>;
  /** The state of the service as JSON, for a worker that is asked for it. */
  readonly snapshot: () => string;
  readonly onLeaving: (child: Child, reason: RestartReason) => void;
}

/**
 * What the runtime takes for the memory of the machine: it knows nothing of the limits of a container, and collects
 * garbage in earnest only when a process holds four fifths of that.
 */
const HEAP_LIMIT = 'BUN_JSC_forceRAMSize';
const HEAP_SHARE = 0.75;

/**
 * After so many milliseconds freed memory goes back to the system. The allocator's own second is long: a caller who has
 * large texts read makes a worker's ceiling of garbage in it.
 */
const ALLOCATOR_RETURN = 'MIMALLOC_PURGE_DELAY';
const RETURN_MS = 10;

/** Its descriptors beside the usual three: the first that is free. */
const CHANNEL = 3;

/** Starts a worker. @throws AppError file-unwritable when there is no room for its counters */
export const spawnChild = (setting: ChildSetting): Child => {
  const { config, model, spawnId, sharedDir, quotaPath, warmsUp, kept } = setting;
  const countersPath = join(sharedDir, `counters-${spawnId}`);
  createCells(countersPath, COUNTER_CELLS);
  const counters = mapCells(countersPath);
  const statesPath = join(sharedDir, `connections-${spawnId}`);
  const keeping = kept.open(() => {
    createCells(statesPath, Math.ceil(Math.min(descriptorLimit(), STATES_LIMIT) / 2));
    return viewStates(mapCells(statesPath));
  });
  const removeFiles = (): void => {
    for (const path of [countersPath, statesPath]) rmSync(path, { force: true });
  };
  const workerStart: WorkerStart = {
    config,
    model,
    spawnId,
    countersPath,
    quotaPath,
    statesPath,
    channel: keeping && CHANNEL,
    sharedDir,
    warmsUp,
  };
  let state: ChildState = 'starting';
  let connected = true;
  let readyAtMs = Number.NaN;
  let refusal: AppError | undefined;
  let isKilled = false;
  const loaded = Promise.withResolvers<ModelFacts>();
  const warm = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<boolean>();
  loaded.promise.catch(() => {});
  warm.promise.catch(() => {});
  ready.promise.catch(() => {});

  const onEvent = (message: WorkerEvent): void => {
    switch (message.event) {
      case 'loaded':
        state = 'loaded';
        loaded.resolve(message.facts);
        if (!warmsUp) warm.resolve();
        break;
      case 'warm':
        warm.resolve();
        break;
      case 'ready':
        if (state === 'loaded') state = 'ready';
        readyAtMs = performance.now();
        ready.resolve(message.canHold);
        break;
      case 'refused':
        refusal = new AppError(message.code, message.detail);
        break;
      case 'kept':
        keeping?.collect();
        break;
      case 'watched':
        child.tell({ command: 'service', snapshot: setting.snapshot() });
        break;
      case 'leaving':
        setting.onLeaving(child, message.reason);
        break;
    }
  };

  const startProcess = () =>
    Bun.spawn([...commandOf('worker')], {
      env: {
        [ALLOCATOR_RETURN]: `${RETURN_MS}`,
        [HEAP_LIMIT]: `${Math.round(config.memoryLimitMb * 2 ** 20 * HEAP_SHARE)}`,
        ...process.env,
        [WORKER_START]: JSON.stringify(workerStart),
      },
      stdio: ['ignore', 'inherit', 'inherit', ...(keeping ? [keeping.end] : [])],
      ipc: onEvent,
      onDisconnect: () => {
        connected = false;
      },
    });
  let process_: ReturnType<typeof startProcess>;
  try {
    process_ = startProcess();
  } catch (error) {
    if (keeping) kept.end(keeping, { worker: 0, isInherited: false });
    removeFiles();
    throw error;
  } finally {
    keeping?.started();
  }
  const exited = process_.exited.then((code): Exit => {
    const wasReady = state === 'ready';
    state = 'gone';
    connected = false;
    const signal = process_.signalCode === null ? null : String(process_.signalCode);
    const error =
      refusal ??
      new AppError(
        'not-ready',
        isKilled
          ? 'a worker was ended before it was ready'
          : `a worker ended before it was ready (${signal ?? `exit code ${code}`})${signal === 'SIGKILL' ? ', as the kernel ends one where memory is too little' : ''}`,
      );
    loaded.reject(error);
    warm.reject(error);
    ready.reject(error);
    removeFiles();
    return { code: process_.exitCode, signal, wasReady };
  });
  const child: Child = {
    spawnId,
    pid: process_.pid,
    model,
    counters,
    keeping,
    state: () => state,
    readyAtMs: () => readyAtMs,
    loaded: loaded.promise,
    warm: warm.promise,
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
      child.tell({ command: 'drain', closeMs, limitMs });
    },
    signal: (signal) => process_.kill(signal),
    kill: () => {
      isKilled = true;
      process_.kill('SIGKILL');
    },
  };
  return child;
};
