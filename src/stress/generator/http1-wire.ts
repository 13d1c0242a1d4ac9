/**
 * The connections of a shard that speak HTTP/1.1, each with one request at a time: by the system's own calls where it is
 * spoken plainly, on sockets of the runtime for TLS, for journeys (whose scripts wait for promises) and where the system
 * does not offer these calls.
 */
import type { Socket } from 'bun';
import { type FromShard, tlsOptionsOf } from '../messages.ts';
import { buildConnector, codeOf } from './connector.ts';
import { openEpollSockets } from './epoll-sockets.ts';
import type { Reconnection, RequestIo } from './request-io.ts';
import { CONNECTING, type Connection, IDLE, nowUsOf, type ShardState } from './sockets.ts';
import type { Wire } from './wire.ts';

/** What is done on the sockets: plain requests, or journeys. */
export type BuildIo = (
  shared: ShardState,
  reconnect: (i: number, when: Reconnection) => void,
) => RequestIo;

export const buildHttp1Wire = (
  shared: ShardState,
  buildIo: BuildIo,
  emit: (message: FromShard) => void,
): Wire => {
  const { plan, sockets, step } = shared;
  const isTls = plan.tls !== null;
  const tls = plan.tls && tlsOptionsOf(plan.tls);
  const { handles, state, idle, unwritten } = sockets;

  /** The socket of each place whose TLS handshake is under way: one that was hung up before may still be closing. */
  const shakingHands = new Array<Socket<number> | null>(plan.nConnections).fill(null);

  const common = {
    data: (socket: Connection, chunk: Uint8Array): void => requestIo.receive(socket, chunk),
    drain: (socket: Connection): void => {
      const i = socket.data;
      if (handles[i] === socket && unwritten[i]! > 0) requestIo.writeRest(i, socket);
    },
    close: (socket: Connection, fault?: unknown): void => {
      const i = socket.data;
      if (handles[i] === socket) requestIo.closed(i, fault ? codeOf(fault) : null);
      else if (shakingHands[i] === socket) {
        shakingHands[i] = null;
        connector.failed(i, 'closed at once');
      }
    },
    connectError: (socket: Connection, fault: Error): void => {
      if (state[socket.data] === CONNECTING) connector.failed(socket.data, codeOf(fault));
    },
  };

  const handlers = {
    ...common,
    binaryType: 'uint8array' as const,
    open: (socket: Socket<number>): void => {
      if (isTls) shakingHands[socket.data] = socket;
      else serve(socket);
    },
    handshake: (socket: Socket<number>, success: boolean, fault: Error | null): void => {
      if (!isTls) return;
      shakingHands[socket.data] = null;
      if (success || plan.tls?.verify === false) serve(socket);
      else {
        connector.failed(socket.data, `TLS: ${fault?.message || 'the handshake failed'}`);
        socket.terminate();
      }
    },
    error: (socket: Socket<number>, fault: Error): void => {
      const i = socket.data;
      if (handles[i] === socket) requestIo.drop(i, codeOf(fault));
    },
  };

  const openSocket = (i: number): Promise<unknown> => {
    const options = { data: i, socket: handlers, ...(tls ? { tls } : {}) };
    if (plan.socketPath !== null) return Bun.connect({ ...options, unix: plan.socketPath });
    const hostname = plan.addresses[i % plan.addresses.length]!;
    return Bun.connect({ ...options, hostname, port: plan.port });
  };

  /** A connection is established. */
  const serve = (socket: Connection): void => {
    if (!connector.established(socket)) return;
    if (step.isRunning) requestIo.serve(socket.data, nowUsOf(step));
    else idle.push(socket.data);
  };

  const abandon = (i: number): void => {
    const socket = shakingHands[i];
    shakingHands[i] = null;
    socket?.terminate();
  };

  const epoll =
    isTls || plan.journey !== null
      ? undefined
      : openEpollSockets(plan, { ...common, open: (socket) => serve(socket) });

  const connector = buildConnector(shared, epoll ?? { open: openSocket, abandon }, emit);
  const requestIo = buildIo(shared, connector.reconnect);

  /** Without keep-alive no connection that was opened before the step may serve a request of it. */
  const recycle = (): void => {
    for (let looks = idle.size; looks > 0; looks--) {
      const i = idle.shift();
      if (state[i] === IDLE) requestIo.renew(i);
    }
  };

  return {
    ...requestIo,
    poll: epoll?.poll ?? null,
    grow: connector.grow,
    settle: connector.settle,
    openMissing: connector.openMissing,
    isOpening: connector.isOpening,
    turn: connector.turn,
    nOpen: () => sockets.nOpen,
    begin: (maxRequests) => {
      sockets.readyUs.fill(-1);
      requestIo.begin(maxRequests);
    },
    start: () => {
      if (!plan.keepAlive) recycle();
    },
    reset: (share) => {
      const nReset = Math.round(sockets.wanted * share);
      for (let i = 0; i < nReset; i++) {
        if (handles[i] !== null) requestIo.drop(i, 'reset by this generator', false);
      }
    },
    close: () => {
      sockets.closing = true;
      for (const socket of handles) socket?.terminate();
    },
  };
};
