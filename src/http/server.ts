/**
 * The HTTP server, top of the room: an open port, its connections, and the timeouts of each.
 * HTTP/1.1 over the runtime's sockets, not its HTTP server, so that timeouts, the end of a connection and the cost of
 * an answer are ours.
 */
import type { Handlers } from './call.ts';
import { buildCoarseClock } from './coarse-clock.ts';
import { type Connection, createConnection } from './connection.ts';
import { buildHttp1Connection } from './http1-connection.ts';
import { ageOf, LINGER_MS, type Limits, TICK_MS } from './limits.ts';

/** A port that other processes may share, or the path of a socket. */
type Place = { readonly hostname: string; readonly port: number } | { readonly unix: string };

export type HttpOptions = Place & {
  readonly limits: Limits;
  readonly handlers: Handlers;
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** Called with the descriptor of every connection that was accepted. */
  readonly onAccept?: (descriptor: number) => void;
};

export interface HttpServer {
  readonly port: number;
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

  const fail = (socket: Pick<Connection['socket'], 'terminate'>, error: Error): void => {
    // The runtime's own failures, such as those of encryption, have a code; what is thrown here has none.
    if (!('code' in error)) handlers.failed(error);
    socket.terminate();
  };
  const received = buildReceived((connections, chunks) =>
    http1.onTurn(connections, chunks, ({ socket }, error) => fail(socket, error)),
  );

  // The types of the runtime know `reusePort` only of sockets that connect.
  const at = 'unix' in place ? place : { ...place, reusePort: true };
  const options: Bun.SocketOptions<Connection> & { allowHalfOpen: boolean } & typeof at = {
    ...at,
    allowHalfOpen: true,
    ...(tls && { tls: { cert: Bun.file(tls.certFile), key: Bun.file(tls.keyFile) } }),
    socket: {
      open: (socket) => {
        nAccepted++;
        // The types of the runtime do not know the descriptor.
        onAccept?.((socket as unknown as { readonly fd: number }).fd);
        socket.data = createConnection(
          socket,
          connections.length,
          clock.nowMs,
          ageOf(limits, Math.random()),
        );
        connections.push(socket.data);
        if (tls) socket.data.wait = 'handshake';
      },
      // With it, `open` comes before the handshake: who never finishes that is counted, and late.
      handshake: ({ data }) => {
        data.wait = 'request';
        data.sinceMs = clock.nowMs;
      },
      data: (socket, chunk) => received.take(socket.data, chunk as Buffer<ArrayBuffer>),
      drain: (socket) => http1.onDrain(socket.data),
      end: (socket) => {
        received.answer();
        http1.onEnd(socket.data);
      },
      // What has just been received of it nobody waits for any more.
      close: (socket) => {
        const connection = socket.data;
        if (!connection) return;
        const last = connections.pop();
        if (last && last !== connection) {
          connections[connection.place] = last;
          last.place = connection.place;
        }
        http1.onClose(connection);
      },
      error: fail,
    },
  };
  const listener = Bun.listen(options as Bun.TCPSocketListenOptions<Connection>);

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
    port: 'unix' in place ? 0 : listener.port,
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
const RECEIVED_PARTS = 64;
const RECEIVED_BYTES = 256 * 1024;

/**
 * What the connections have received in this turn of the event loop: it is answered when the turn has come to its end,
 * all together. To go from the system's code to ours and back for each request would cost more than the request: neither
 * finds its code in the cache when the other has been there.
 */
const buildReceived = (
  onTurn: (connections: readonly Connection[], chunks: readonly Buffer<ArrayBuffer>[]) => void,
) => {
  let connections: Connection[] = [];
  let chunks: Buffer<ArrayBuffer>[] = [];
  let nBytes = 0;
  const answer = (): void => {
    if (connections.length === 0) return;
    const [own, parts] = [connections, chunks];
    connections = [];
    chunks = [];
    nBytes = 0;
    onTurn(own, parts);
  };
  return {
    take: (connection: Connection, chunk: Buffer<ArrayBuffer>): void => {
      connections.push(connection);
      chunks.push(chunk);
      nBytes += chunk.length;
      if (nBytes >= RECEIVED_BYTES || chunks.length === RECEIVED_PARTS) answer();
      else if (chunks.length === 1) setImmediate(answer);
    },
    answer,
  };
};
