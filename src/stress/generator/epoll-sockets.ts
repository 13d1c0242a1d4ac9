/**
 * The connections of a shard by the system's own calls: what is spoken in plain HTTP/1.1 on Linux. One wait tells of all
 * sockets on which something has changed, and each is read until it is empty; nothing is allocated for an answer.
 */
import { encodeAddress, encodePath } from '../../host/socket-address.ts';
import {
  FAILED,
  HUNG_UP,
  NOTHING_YET,
  nameOfError,
  openSocketCalls,
  PEER_DONE,
  READABLE,
  WRITABLE,
} from '../../host/socket-calls.ts';
import type { ShardPlan } from '../messages.ts';
import type { Connection } from './sockets.ts';

const RECEIVED_BYTES = 262_144;

interface Handlers {
  readonly open: (connection: Connection) => void;
  /** @param chunk is the caller's again afterwards */
  readonly data: (connection: Connection, chunk: Uint8Array) => void;
  readonly drain: (connection: Connection) => void;
  /** @param fault undefined: an orderly end */
  readonly close: (connection: Connection, fault?: Error) => void;
  readonly connectError: (connection: Connection, fault: Error) => void;
}

interface EpollSockets {
  /** Begins one connection. @returns a promise that only tells of failures */
  readonly open: (i: number) => Promise<void>;
  /** Ends one that is not established. */
  readonly abandon: (i: number) => void;
  /** Waits for something to happen, and tells the handlers. @returns how much happened */
  readonly poll: (waitUs: number) => number;
}

/** undefined where the system does not offer it, and for addresses that it is not told in this way. */
export const openEpollSockets = (
  {
    addresses: hosts,
    port,
    socketPath,
    nConnections,
  }: Pick<ShardPlan, 'addresses' | 'port' | 'socketPath' | 'nConnections'>,
  handlers: Handlers,
): EpollSockets | undefined => {
  const addresses = (
    socketPath === null ? hosts.map((host) => encodeAddress(host, port)) : [encodePath(socketPath)]
  ).flatMap((address) => address ?? []);
  if (addresses.length !== (socketPath === null ? hosts.length : 1)) return undefined;
  const calls = openSocketCalls(new Uint8Array(RECEIVED_BYTES));
  if (!calls) return undefined;

  /** By place: its descriptor, -1 when it has none; how often it was opened, which tells events that come too late. */
  const descriptors = new Int32Array(nConnections).fill(-1);
  const rounds = new Int32Array(nConnections);
  const isConnecting = new Uint8Array(nConnections);
  let chunk = calls.received;

  const shut = (i: number, abruptly: boolean): void => {
    if (descriptors[i]! < 0) return;
    calls.close(descriptors[i]!, abruptly);
    descriptors[i] = -1;
    isConnecting[i] = 0;
  };

  const connections = Array.from(
    { length: nConnections },
    (_, i): Connection => ({
      data: i,
      write: (bytes, from = 0) => {
        if (descriptors[i]! < 0) return -1;
        // What a broken socket did not take is told by its close.
        return Math.max(0, calls.send(descriptors[i]!, bytes, from));
      },
      end: () => shut(i, false),
      terminate: () => shut(i, true),
    }),
  );

  const isGone = (i: number, round: number): boolean => rounds[i] !== round || descriptors[i]! < 0;

  /** Reads until there is nothing more. @param isOver whether the end will follow what there is */
  const readAll = (i: number, round: number, isOver: boolean): void => {
    for (;;) {
      const got = calls.receive(descriptors[i]!);
      if (got > 0) {
        if (got !== chunk.length) chunk = calls.received.subarray(0, got);
        handlers.data(connections[i]!, chunk);
        if (isGone(i, round)) return;
        if (got < calls.received.length && !isOver) return;
      } else {
        if (got === NOTHING_YET) return;
        shut(i, false);
        handlers.close(connections[i]!, got === 0 ? undefined : faultOf(-got));
        return;
      }
    }
  };

  const connected = (i: number): void => {
    const fault = calls.errorOf(descriptors[i]!);
    isConnecting[i] = 0;
    if (fault === 0) {
      handlers.open(connections[i]!);
      return;
    }
    shut(i, true);
    handlers.connectError(connections[i]!, faultOf(fault));
  };

  return {
    open: (i) => {
      shut(i, true);
      rounds[i] = (rounds[i]! + 1) | 0;
      const descriptor = calls.connect(addresses[i % addresses.length]!, [i, rounds[i]!]);
      if (descriptor < 0) return Promise.reject(faultOf(-descriptor));
      descriptors[i] = descriptor;
      isConnecting[i] = 1;
      return Promise.resolve();
    },
    abandon: (i) => {
      if (isConnecting[i] === 1) shut(i, true);
    },
    poll: (waitUs) => {
      const nEvents = calls.wait(waitUs);
      for (let e = 0; e < nEvents; e++) {
        const what = calls.whatOf(e);
        const i = calls.firstMarkOf(e);
        const round = calls.secondMarkOf(e);
        if (isGone(i, round)) continue;
        if (isConnecting[i] === 1) connected(i);
        else if ((what & WRITABLE) !== 0) handlers.drain(connections[i]!);
        if (isGone(i, round)) continue;
        const ends = (what & (PEER_DONE | HUNG_UP | FAILED)) !== 0;
        if (ends || (what & READABLE) !== 0) readAll(i, round, ends);
      }
      return nEvents;
    },
  };
};

const faultOf = (number: number): Error => {
  const code = nameOfError(number);
  return Object.assign(new Error(code), { code });
};
