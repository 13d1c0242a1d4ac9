/**
 * Sockets of the runtime: encrypted ones, and all where the system's own calls are not to be had.
 */
import type { Place, ServerSocket, Socket, SocketEvents } from './socket.ts';

interface RuntimeSetting<Connection> {
  readonly place: Place;
  readonly events: SocketEvents<Connection>;
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** Encrypted connections open before the handshake, which may never end. */
  readonly onHandshake: (connection: Connection) => void;
}

export const listenByRuntime = <Connection>({
  place,
  events,
  tls,
  onHandshake,
}: RuntimeSetting<Connection>): ServerSocket => {
  // The types of the runtime know `reusePort` only of sockets that connect.
  const at = 'unix' in place ? place : { ...place, reusePort: true };
  const options: Bun.SocketOptions<Connection> & { allowHalfOpen: boolean } & typeof at = {
    ...at,
    allowHalfOpen: true,
    ...(tls && { tls: { cert: Bun.file(tls.certFile), key: Bun.file(tls.keyFile) } }),
    socket: {
      open: (socket) => {
        socket.data = events.opened(socket satisfies Socket, descriptorOf(socket) ?? -1);
      },
      handshake: ({ data }) => onHandshake(data),
      data: ({ data }, chunk) => {
        const nWaiting = events.received(data, chunk as Buffer<ArrayBuffer>, 0, chunk.length);
        if (nWaiting === 1) setImmediate(events.answer);
      },
      drain: ({ data }) => events.drained(data),
      end: ({ data }) => {
        events.answer();
        events.ended(data);
      },
      // What has just been received of it nobody waits for any more.
      close: ({ data }) => {
        if (data) events.closed(data);
      },
      error: ({ data }, error) => events.failed(data, error),
    },
  };
  const listener = Bun.listen(options as Bun.TCPSocketListenOptions<Connection>);
  return {
    port: 'unix' in place ? 0 : listener.port,
    descriptor: descriptorOf(listener),
    stop: () => listener.stop(),
  };
};

/** The types of the runtime do not know it. */
const descriptorOf = (of: object): number | undefined => (of as { readonly fd?: number }).fd;
