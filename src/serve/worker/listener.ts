/**
 * The listening port of one worker: as many connections as descriptors allow, then a drain.
 */

import { descriptorLimit } from '../../host/descriptors.ts';
import type { Handlers } from '../../http/call.ts';
import { openHttp } from '../../http/server.ts';
import { bufferBytesOf, type ServeConfig } from '../config.ts';
import { connectionLimit } from './connection-limit.ts';
import { drain } from './drain.ts';
import type { Keeping } from './keeping.ts';
import type { Sockets } from './sockets.ts';

/** So many connections must have gone before new ones are let in again, and no larger part of all. */
const SLACK = 64;
const SLACK_SHARE = 0.1;

export interface Listener {
  /** Whether new connections can be held back while others are still accepted. */
  readonly canHold: boolean;
  readonly nConnections: () => number;
  /** Connections of another worker lie in the channel. */
  readonly adopt: () => void;
  /** To be called ten times a second. */
  readonly tend: () => void;
  /** Resolves when the process may exit. */
  readonly drain: (closeMs: number, limitMs: number) => Promise<void>;
}

interface ListenerSetting {
  readonly config: ServeConfig;
  readonly port: number;
  readonly sockets: Sockets | undefined;
  /** Undefined where connections do not outlive this worker. */
  readonly keeping: Keeping | undefined;
  readonly handlers: Handlers;
  /** How far the event loop lags behind now. */
  readonly delayMs: () => number;
}

export const openListener = ({
  config,
  port,
  sockets,
  keeping,
  handlers,
  delayMs,
}: ListenerSetting): Listener => {
  const nOwn = sockets?.descriptors().length ?? 0;
  sockets?.keepToThread();
  let isHolding = false;
  const server = openHttp({
    hostname: config.host,
    port,
    limits: {
      requestMs: config.requestTimeoutMs,
      idleMs: config.idleTimeoutMs,
      ageMs: config.connectionAgeMs,
      heldBytes: bufferBytesOf(config),
    },
    handlers,
    ...(config.tls && { tls: config.tls }),
    onAccept: (connection) => {
      if (!isHolding) holdIfFull();
      if (isHolding) sockets?.takeNew(connection);
      if (server.adopt) keeping?.opened(connection);
    },
    states: keeping?.states,
  });
  const { descriptor } = server;
  const maxConnections = connectionLimit(descriptorLimit(), nOwn);
  const slack = Math.min(SLACK, maxConnections * SLACK_SHARE);
  let isDraining = false;

  const takeNew = (): boolean =>
    sockets !== undefined && descriptor !== undefined && sockets.takeNew(descriptor);
  const holdNew = (): boolean => {
    isHolding = sockets !== undefined && descriptor !== undefined && sockets.holdNew(descriptor);
    return isHolding;
  };
  // Nothing is held yet: it shows whether the system knows the call.
  const canHold = takeNew();
  /** At once, since thousands come between two looks at the clock. */
  const holdIfFull = (): void => {
    if (canHold && !isDraining && server.nConnections() > maxConnections) holdNew();
  };

  return {
    canHold,
    nConnections: server.nConnections,
    adopt: () => keeping?.adopt(server.adopt),
    tend: () => {
      if (isHolding && !isDraining && server.nConnections() < maxConnections - slack)
        isHolding = !takeNew();
    },
    drain: (closeMs, limitMs) => {
      isDraining = true;
      return drain({
        server,
        holdNew: () => canHold && holdNew(),
        delayMs,
        closeMs,
        limitMs,
      });
    },
  };
};
