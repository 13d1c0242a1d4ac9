/**
 * The open port of one worker: as many connections as descriptors allow, none that never finishes its request,
 * and an end that loses nothing. Stands between the runtime's server and the worker.
 */
import { statSync } from 'node:fs';
import type { ServeConfig } from './config.ts';
import { drain } from './drain.ts';
import { descriptorLimit } from './limits.ts';
import type { Sockets } from './sockets.ts';
import { buildSweep } from './sweep.ts';

/** Descriptors kept for files, pipes and the like; new connections wait outside from there on. */
const KEPT = 128;
/** Connections must have gone before new ones are let in again. */
const SLACK = 64;

export interface Listener {
  readonly connections: () => number;
  /** To be called ten times a second. */
  readonly tend: () => void;
  /** Resolves when the process may exit. */
  readonly drain: (closeMs: number, limitMs: number) => Promise<void>;
}

export interface Handlers {
  readonly answer: (
    request: Request,
    server: Bun.Server<undefined>,
  ) => Response | Promise<Response>;
  readonly failed: (error: Error) => Response;
  /** How many answers were given while draining. */
  readonly answered: () => number;
  /** How far the event loop lags behind now. */
  readonly delayMs: () => number;
  readonly onSlow: () => void;
}

/** Open descriptors of this process; 0 where the system does not say (before Linux 6.2). */
const openDescriptors = (): number => {
  try {
    return statSync('/proc/self/fd').size;
  } catch {
    return 0;
  }
};

export const openListener = (
  config: ServeConfig,
  port: number,
  sockets: Sockets | undefined,
  handlers: Handlers,
): Listener => {
  const nBefore = sockets?.descriptors().length ?? 0;
  const server = Bun.serve({
    hostname: config.host,
    port,
    reusePort: true,
    idleTimeout: Math.min(255, Math.ceil(config.idleTimeoutMs / 1000)),
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    development: false,
    ...(config.tls && {
      tls: { cert: Bun.file(config.tls.certFile), key: Bun.file(config.tls.keyFile) },
    }),
    error: handlers.failed,
    fetch: handlers.answer,
  });
  const descriptor = sockets?.descriptors().find(sockets.isListening);
  const most = descriptorLimit() - KEPT;
  let holding = false;
  let draining = false;

  const sweep =
    sockets &&
    buildSweep(
      sockets,
      config.requestTimeoutMs,
      // Numbers are given out from the lowest, so the highest in use is little above the count.
      () => Math.min(most + KEPT, 2 * openDescriptors() + SLACK),
      config.tls === undefined,
      handlers.onSlow,
    );

  const hold = (): void => {
    if (!sockets || descriptor === undefined || draining) return;
    const open = openDescriptors();
    if (!holding && open > most) sockets.refuseNew(descriptor);
    else if (holding && open < most - SLACK) sockets.takeNew(descriptor);
    else return;
    holding = !holding;
  };

  return {
    connections: () => Math.max(0, openDescriptors() - nBefore - 1),
    tend: () => {
      hold();
      sweep?.step();
    },
    drain: (closeMs, limitMs) => {
      draining = true;
      const { answered, delayMs } = handlers;
      return drain(
        { server, sockets, listener: descriptor, nDescriptors: nBefore, answered, delayMs },
        closeMs,
        limitMs,
      );
    },
  };
};
