/**
 * The connections of a shard that speak HTTP/2: opened, kept open, and ended with what was under way on them. Each
 * carries so many requests at once, one on a stream of its own. Node's own client takes 70 us of processor for a request,
 * which would measure the client.
 * @source RFC 9113
 */
import type { Socket } from 'bun';
import { type FromShard, tlsOptionsOf } from '../messages.ts';
import { buildConnector, codeOf } from './connector.ts';
import { preface } from './http2-frames.ts';
import { buildIntake } from './http2-intake.ts';
import { buildLink, buildOutput, type Link, resetLink } from './http2-link.ts';
import { buildStreams } from './http2-streams.ts';
import {
  buildSockets,
  CLOSED,
  CONNECTING,
  closeReason,
  IDLE,
  nowUsOf,
  type ShardState,
} from './sockets.ts';
import type { Wire } from './wire.ts';

export const buildHttp2Wire = (shared: ShardState, emit: (message: FromShard) => void): Wire => {
  const { plan, sockets: places, step, recorder } = shared;
  const http2 = plan.http2!;
  const { nStreams } = http2;
  const isTls = plan.tls !== null;
  const tls = plan.tls && tlsOptionsOf(plan.tls, true);
  const connections = buildSockets(plan.nConnections);
  const links = Array.from({ length: plan.nConnections }, (_, c) => buildLink(c));
  const output = buildOutput();
  const { state, readyUs, idle } = places;

  const forEachPlace = (c: number, visit: (i: number) => void): void => {
    for (let i = c * nStreams; i < (c + 1) * nStreams; i++) visit(i);
  };

  const closeIdlePlaces = (c: number): void =>
    forEachPlace(c, (i) => {
      if (state[i] === IDLE) state[i] = CLOSED;
    });

  /** It takes no more streams, and is opened again when the last of them is over. */
  const leave = (link: Link): void => {
    link.isLeaving = true;
    closeIdlePlaces(link.index);
    if (link.places.size === 0) hangUp(link.index, 'at-once');
  };

  const streams = buildStreams(shared, http2, {
    links,
    output,
    leave,
    ended: (link) => hangUp(link.index, 'at-once'),
  });
  const { ledger } = streams;

  /** Nothing is left of a connection but its places. @returns its socket */
  const forgetLink = (c: number): Socket<number> | null => {
    const link = links[c]!;
    const { socket } = link;
    if (link.isOpen) connections.nOpen--;
    connections.handles[c] = null;
    connections.state[c] = CLOSED;
    resetLink(link);
    closeIdlePlaces(c);
    return socket;
  };

  const hangUp = (c: number, when: 'at-once' | 'later'): void => {
    forgetLink(c)?.terminate();
    connector.reconnect(c, when);
  };

  /** A connection is gone, and with it what was under way on it. */
  const gone = (
    c: number,
    reason: (hasBegun: boolean) => string,
    when: 'at-once' | 'later',
  ): void => {
    const link = links[c]!;
    const open = [...link.places.values()];
    link.isLeaving = false;
    const { socket } = link;
    link.socket = null;
    for (const i of open) streams.lose(link, i, reason(streams.hasBegun(i)));
    link.socket = socket;
    hangUp(c, when);
  };

  const broken = (c: number, reason: string): void => {
    if (links[c]!.isOpen) gone(c, () => reason, 'later');
    else fail(c, reason);
  };

  /** A connection that never opened. */
  const fail = (c: number, reason: string): void => {
    const socket = forgetLink(c);
    connector.failed(c, reason);
    socket?.terminate();
  };

  const opened = (link: Link): void => {
    if (!connector.established(link.socket!)) return;
    link.isOpen = true;
    const t = nowUsOf(step);
    forEachPlace(link.index, (i) => {
      if (state[i] !== CLOSED || i % nStreams >= link.maxStreams) return;
      state[i] = IDLE;
      if (step.isRunning) streams.serve(i, t);
      else idle.push(i);
    });
  };

  const intake = buildIntake(streams, output, {
    opened,
    leave,
    broken: (link, reason) => broken(link.index, reason),
  });

  const handlers = {
    binaryType: 'uint8array' as const,
    open: (socket: Socket<number>): void => {
      const link = links[socket.data]!;
      if (connections.state[socket.data] !== CONNECTING || connections.closing) {
        socket.terminate();
        return;
      }
      link.socket = socket;
      if (!isTls) output.push(link, preface());
    },
    handshake: (socket: Socket<number>, success: boolean, fault: Error | null): void => {
      const link = links[socket.data]!;
      if (!isTls || link.socket !== socket) return;
      if (!success && plan.tls?.verify !== false) {
        fail(socket.data, `TLS: ${fault?.message || 'the handshake failed'}`);
      } else if ((socket as { alpnProtocol?: unknown }).alpnProtocol !== 'h2') {
        fail(socket.data, 'the service does not agree to HTTP/2 (ALPN)');
      } else output.push(link, preface());
    },
    data: (socket: Socket<number>, chunk: Uint8Array): void => {
      const link = links[socket.data]!;
      if (link.socket !== socket) return;
      recorder.count('bytesIn', chunk.length);
      intake(link, chunk);
    },
    drain: (socket: Socket<number>): void => {
      const link = links[socket.data]!;
      if (link.socket === socket) output.write(link);
    },
    close: (socket: Socket<number>, fault?: unknown): void => {
      const c = socket.data;
      if (links[c]!.socket !== socket) return;
      if (!links[c]!.isOpen) {
        fail(c, 'closed at once');
        return;
      }
      if (links[c]!.places.size === 0) recorder.count('closedIdle');
      const code = fault ? codeOf(fault) : null;
      gone(c, (hasBegun) => closeReason(code, hasBegun), 'later');
    },
    error: (socket: Socket<number>, fault: Error): void => {
      if (links[socket.data]!.socket === socket) broken(socket.data, codeOf(fault));
    },
    connectError: (socket: Socket<number>, fault: Error): void => {
      if (connections.state[socket.data] === CONNECTING)
        connector.failed(socket.data, codeOf(fault));
    },
  };

  const open = (c: number): Promise<unknown> => {
    const common = { data: c, socket: handlers, ...(tls ? { tls } : {}) };
    if (plan.socketPath !== null) return Bun.connect({ ...common, unix: plan.socketPath });
    const hostname = plan.addresses[c % plan.addresses.length]!;
    return Bun.connect({ ...common, hostname, port: plan.port });
  };

  const abandon = (c: number): void => {
    forgetLink(c)?.terminate();
  };

  const connector = buildConnector({ ...shared, sockets: connections }, { open, abandon }, emit);

  return {
    poll: null,
    grow: (nConnections) => {
      connector.grow(nConnections);
      places.wanted = connections.wanted * nStreams;
    },
    settle: connector.settle,
    openMissing: connector.openMissing,
    isOpening: connector.isOpening,
    turn: connector.turn,
    nOpen: () => connections.nOpen,
    begin: (maxRequests) => {
      readyUs.fill(-1);
      connections.readyUs.fill(-1);
      ledger.begin(maxRequests);
    },
    start: () => {},
    serve: streams.serve,
    send: streams.send,
    giveUp: streams.giveUp,
    giveUpUnsent: ledger.unsent,
    isSpent: ledger.isSpent,
    tick: ledger.tick,
    isHeld: () => false,
    drain: () => {},
    reset: (share) => {
      const nReset = Math.round(connections.wanted * share);
      for (let c = 0; c < nReset; c++) {
        if (links[c]!.isOpen) gone(c, () => 'reset by this generator', 'at-once');
      }
    },
    close: () => {
      connections.closing = true;
      for (const { socket } of links) socket?.terminate();
    },
  };
};
