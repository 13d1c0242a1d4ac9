/**
 * The HTTP server, top of the room: an open port, its connections, and the timeouts of each.
 * HTTP/1.1 over sockets of our own where the system has them, else over the runtime's; not over its HTTP server, so that
 * timeouts, the end of a connection and the cost of an answer are ours.
 */
import type { ConnectionStates } from '../host/connection-states.ts';
import type { Handlers } from './call.ts';
import { buildCoarseClock } from './coarse-clock.ts';
import { type Connection, createConnection } from './connection.ts';
import { buildHttp1Connection, type Pieces } from './http1-connection.ts';
import { ageOf, LINGER_MS, type Limits, TICK_MS } from './limits.ts';
import { SLAB } from './slab.ts';
import { listenByRuntime } from './sockets/runtime-sockets.ts';
import type { Place, SocketEvents } from './sockets/socket.ts';
import { listenBySystem } from './sockets/system-sockets.ts';

export type HttpOptions = Place & {
  readonly limits: Limits;
  readonly handlers: Handlers;
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** Called with the descriptor of every connection that was accepted. */
  readonly onAccept?: (descriptor: number) => void;
  /** The states of the connections are written here, for whoever takes over when this process is gone. */
  readonly states?: ConnectionStates | undefined;
  /** The runtime's sockets, where the system's own calls could be used as well. */
  readonly byRuntime?: boolean;
};

export interface HttpServer {
  readonly port: number;
  /** Of the listening socket; undefined where it is not known. */
  readonly descriptor: number | undefined;
  /** Takes a connection that another process has accepted; undefined where it cannot be, and no states are written. */
  readonly adopt: ((descriptor: number) => void) | undefined;
  readonly nConnections: () => number;
  /** Requests that have begun to arrive and are not answered yet. */
  readonly nInFlight: () => number;
  readonly nAnswered: () => number;
  /** Connections accepted so far. */
  readonly nAccepted: () => number;
  /** From now on every connection closes after its next answer. */
  readonly closeAfterAnswers: () => void;
  /** Takes no new connections. */
  readonly stopListening: () => void;
  /** Ends every connection: the idle ones at once, or all of them. */
  readonly endConnections: (which: 'idle' | 'all') => void;
}

export const openHttp = ({
  limits,
  handlers,
  tls,
  onAccept,
  states,
  byRuntime = false,
  ...place
}: HttpOptions): HttpServer => {
  const clock = buildCoarseClock();
  const connections: Connection[] = [];
  let isClosing = false;
  let isListening = true;
  let nAnswered = 0;
  let nAccepted = 0;
  const http1 = buildHttp1Connection({
    handlers,
    clock,
    isEncrypted: tls !== undefined,
    isClosing: ({ agedMs }) => isClosing || clock.nowMs >= agedMs,
    onAnswered: () => {
      nAnswered++;
    },
    heldBytes: limits.heldBytes ?? Number.POSITIVE_INFINITY,
  });

  const fail = ({ socket }: Connection, error: Error): void => {
    // The runtime's own failures, such as those of encryption, have a code; what is thrown here has none.
    if (!('code' in error)) handlers.failed(error);
    socket.terminate();
  };
  const received = buildReceived((pieces) => http1.onTurn(pieces, fail));

  const events: SocketEvents<Connection> = {
    opened: (socket, descriptor) => {
      nAccepted++;
      onAccept?.(descriptor);
      const place = connections.length;
      const connection = createConnection(socket, place, clock.nowMs, ageOf(limits, Math.random()));
      connections.push(connection);
      if (tls) connection.wait = 'handshake';
      return connection;
    },
    received: received.take,
    answer: received.answer,
    drained: http1.onDrain,
    ended: http1.onEnd,
    closed: (connection) => {
      const last = connections.pop();
      if (last && last !== connection) {
        connections[connection.place] = last;
        last.place = connection.place;
      }
      http1.onClose(connection);
    },
    failed: fail,
  };
  const onHandshake = (connection: Connection): void => {
    connection.wait = 'request';
    connection.sinceMs = clock.nowMs;
  };
  const listener =
    (tls || byRuntime ? undefined : listenBySystem({ place, events, states })) ??
    listenByRuntime({ place, events, tls, onHandshake });

  const enforceTimeout = (connection: Connection): void => {
    // That is not read from is our doing; the end of a connection comes all the same.
    if (connection.owesBytes > 0 && connection.wait !== 'end') return;
    const waitedMs = clock.nowMs - connection.sinceMs;
    switch (connection.wait) {
      case 'head':
      case 'body':
        if (waitedMs > limits.requestMs) http1.onSlow(connection);
        break;
      case 'request':
        if (waitedMs > limits.idleMs) http1.end(connection);
        break;
      case 'handshake':
        if (waitedMs > limits.requestMs) connection.socket.terminate();
        break;
      case 'part':
        if (connection.laggedMs + waitedMs > limits.idleMs) http1.onStreamSlow(connection);
        break;
      case 'reader':
        if (connection.laggedMs + waitedMs > limits.idleMs) connection.socket.terminate();
        break;
      case 'end':
        if (waitedMs > LINGER_MS) connection.socket.terminate();
        break;
      case 'answer':
    }
  };

  /** Backwards: whoever is taken out is replaced by one that was looked at. */
  const eachConnection = (visit: (connection: Connection) => void): void => {
    for (let i = connections.length - 1; i >= 0; i--) {
      const connection = connections[i];
      if (connection) visit(connection);
    }
  };

  const timer = setInterval(() => {
    clock.tick();
    received.answer();
    eachConnection(enforceTimeout);
    if (!isListening && connections.length === 0) clearInterval(timer);
  }, TICK_MS);
  timer.unref();

  return {
    port: listener.port,
    descriptor: listener.descriptor,
    adopt: listener.adopt,
    nConnections: () => connections.length,
    nInFlight: () => connections.filter(({ request }) => request !== undefined).length,
    nAnswered: () => nAnswered,
    nAccepted: () => nAccepted,
    closeAfterAnswers: () => {
      received.answer();
      isClosing = true;
      http1.forgive();
    },
    stopListening: () => {
      isListening = false;
      listener.stop();
    },
    endConnections: (which) => {
      received.answer();
      eachConnection((connection) => {
        if (which === 'all') connection.socket.terminate();
        else http1.end(connection);
      });
    },
  };
};

/**
 * So much waits for the end of a turn at most: enough that our code is found in the cache by nearly all of them, few
 * enough that the first is not kept waiting for the last.
 */
const RECEIVED_PIECES = 128;
const RECEIVED_BYTES = 256 * 1024;

/**
 * What the connections have received in this turn of the event loop: it is answered when the turn has come to its end,
 * all together. To go from the system's code to ours and back for each request would cost more than the request: neither
 * finds its code in the cache when the other has been there.
 */
const buildReceived = (
  onTurn: (pieces: Pieces) => void,
): Pick<SocketEvents<Connection>, 'answer'> & {
  readonly take: SocketEvents<Connection>['received'];
} => {
  let pieces = createPieces();
  let others = createPieces();
  let nBytes = 0;
  const answer = (): void => {
    if (pieces.n === 0) return;
    [pieces, others] = [others, pieces];
    nBytes = 0;
    onTurn(others);
    others.bytes.fill(SLAB, 0, others.n);
    others.n = 0;
  };
  return {
    take: (connection, bytes, at, end) => {
      const { n } = pieces;
      pieces.connections[n] = connection;
      pieces.bytes[n] = bytes;
      pieces.at[n] = at;
      pieces.end[n] = end;
      pieces.n = n + 1;
      nBytes += end - at;
      if (nBytes >= RECEIVED_BYTES || pieces.n === RECEIVED_PIECES) answer();
      return pieces.n;
    },
    answer,
  };
};

const createPieces = (): Pieces => ({
  n: 0,
  connections: [],
  bytes: [],
  at: new Int32Array(RECEIVED_PIECES),
  end: new Int32Array(RECEIVED_PIECES),
});
