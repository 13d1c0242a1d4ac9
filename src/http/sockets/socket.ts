/**
 * A socket as the room uses it, and what happens on one: over the runtime's sockets or by the system's own calls.
 */

export interface Socket {
  /** Of the other side, '' where it has none. */
  readonly remoteAddress: string;
  /** Sends of `bytes[at .. at + length)` what is taken at once. @returns how many bytes, below 0 when it is closed */
  readonly write: (bytes: Uint8Array, at: number, length: number) => number;
  /** An orderly end. */
  readonly end: () => void;
  /** Ends this side only. */
  readonly shutdown: () => void;
  /** A reset. */
  readonly terminate: () => void;
  /** Reads no more: what comes stays with the sender. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** Nothing that was read of it, or is to be sent, is in hand any more. Left out where nobody asks. */
  readonly rested?: () => void;
}

/** What happens on the sockets of one server. @typeParam Connection what it keeps of each */
export interface SocketEvents<Connection> {
  readonly opened: (socket: Socket, descriptor: number) => Connection;
  /**
   * `bytes[at .. end)` have come; they are read when the turn has come to its end, by `answer`.
   * @returns how many pieces wait for that; 0 when there were so many that they have been read
   */
  readonly received: (
    connection: Connection,
    bytes: Buffer<ArrayBuffer>,
    at: number,
    end: number,
  ) => number;
  readonly answer: () => void;
  /** It takes more again. */
  readonly drained: (connection: Connection) => void;
  /** The other side sends no more. */
  readonly ended: (connection: Connection) => void;
  readonly closed: (connection: Connection) => void;
  readonly failed: (connection: Connection, error: Error) => void;
}

/** A port that other processes may share, or the path of a socket. */
export type Place =
  | { readonly hostname: string; readonly port: number }
  | { readonly unix: string };

export interface ServerSocket {
  readonly port: number;
  /** Undefined where it is not known. */
  readonly descriptor: number | undefined;
  readonly stop: () => void;
  /** Takes a connection that another process has accepted; undefined where it cannot be. */
  readonly adopt?: (descriptor: number) => void;
}
