/**
 * The listening port of one worker: as many connections as descriptors allow, then a drain.
 */

import { descriptorLimit } from '../../host/descriptors.ts';
import type { Handlers } from '../../http/call.ts';
import { openHttp } from '../../http/server.ts';
import type { ServeConfig } from '../config.ts';
import { drain } from './drain.ts';
import type { Sockets } from './sockets.ts';

/** Descriptors kept for files, pipes and the like; new connections wait outside from there on. */
const KEPT = 128;
/** Connections must have gone before new ones are let in again. */
const SLACK = 64;

export interface Listener {
  /** To be called ten times a second. */
  readonly tend: () => void;
  /** Resolves when the process may exit. */
  readonly drain: (closeMs: number, limitMs: number) => Promise<void>;
}

interface ListenerSetting {
  readonly config: ServeConfig;
  readonly port: number;
  readonly sockets: Sockets | undefined;
  readonly handlers: Handlers;
  /** How far the event loop lags behind now. */
  readonly delayMs: () => number;
}

export const openListener = ({
  config,
  port,
  sockets,
  handlers,
  delayMs,
}: ListenerSetting): Listener => {
  const nOwn = sockets?.descriptors().length ?? 0;
  const server = openHttp({
    hostname: config.host,
    port,
    limits: {
      requestMs: config.requestTimeoutMs,
      idleMs: config.idleTimeoutMs,
      ageMs: config.connectionAgeMs,
    },
    handlers,
    ...(config.tls && { tls: config.tls }),
  });
  const descriptor = sockets?.descriptors().find(sockets.isListening);
  const maxConnections = descriptorLimit() - KEPT - nOwn;
  let isHolding = false;
  let isDraining = false;

  return {
    tend: () => {
      if (!sockets || descriptor === undefined || isDraining) return;
      const open = server.nConnections();
      if (!isHolding && open > maxConnections) sockets.refuseNew(descriptor);
      else if (isHolding && open < maxConnections - SLACK) sockets.takeNew(descriptor);
      else return;
      isHolding = !isHolding;
    },
    drain: (closeMs, limitMs) => {
      isDraining = true;
      const refuseNew = (): void => {
        if (sockets && descriptor !== undefined) sockets.refuseNew(descriptor);
      };
      return drain({ server, refuseNew, delayMs, closeMs, limitMs });
    },
  };
};
