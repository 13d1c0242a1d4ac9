/**
 * The open port of one worker: as many connections as descriptors allow, and an end that loses nothing.
 */
import type { Handlers } from '../../http/call.ts';
import { openHttp } from '../../http/server.ts';
import type { ServeConfig } from '../config.ts';
import { descriptorLimit } from '../../host/descriptors.ts';
import { drain } from './drain.ts';
import type { Sockets } from './sockets.ts';

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

/** @param delayMs how far the event loop lags behind now */
export const openListener = (
  config: ServeConfig,
  port: number,
  sockets: Sockets | undefined,
  handlers: Handlers,
  delayMs: () => number,
): Listener => {
  const nOwn = sockets?.descriptors().length ?? 0;
  const server = openHttp({
    hostname: config.host,
    port,
    limits: { requestMs: config.requestTimeoutMs, idleMs: config.idleTimeoutMs },
    handlers,
    ...(config.tls && { tls: config.tls }),
  });
  const descriptor = sockets?.descriptors().find(sockets.isListening);
  const most = descriptorLimit() - KEPT - nOwn;
  let isHolding = false;
  let isDraining = false;

  return {
    connections: server.nConnections,
    tend: () => {
      if (!sockets || descriptor === undefined || isDraining) return;
      const open = server.nConnections();
      if (!isHolding && open > most) sockets.refuseNew(descriptor);
      else if (isHolding && open < most - SLACK) sockets.takeNew(descriptor);
      else return;
      isHolding = !isHolding;
    },
    drain: (closeMs, limitMs) => {
      isDraining = true;
      const refuseNew = (): void => {
        if (sockets && descriptor !== undefined) sockets.refuseNew(descriptor);
      };
      return drain(server, refuseNew, delayMs, closeMs, limitMs);
    },
  };
};
