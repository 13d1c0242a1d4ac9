/**
 * Listening sockets by way of the C library, since the runtime does not offer it: holds new connections back while
 * those in the accept queue can still be accepted.
 *
 * A listener that takes only packets with the largest time to live (IP_MINTTL, RFC 5082) takes none: the packet that
 * would open a connection is dropped unanswered, the caller's system tries again and finds another worker. Packets of a
 * connection that has begun to open are not looked at. Needs no right, unlike a packet filter (SO_ATTACH_FILTER wants
 * CAP_NET_ADMIN on a TCP socket since 2026). A caller whose packets do come with 255 gets through, as without a hold.
 * Linux only; elsewhere `openSockets` returns undefined and the listener does without.
 */
import { FFIType, ptr } from 'bun:ffi';
import { readdirSync } from 'node:fs';
import { openCLibrary } from '../../host/c-library.ts';
import type { SystemCall } from '../labels.ts';

const SOL_SOCKET = 1;
const SO_ACCEPTCONN = 30;
const SO_DOMAIN = 39;
const AF_INET6 = 10;
/** Level and name of the smallest time to live that is taken. @source ip(7), Linux include/uapi/linux/in6.h */
const MIN_TTL = { level: 0, name: 21 } as const;
const MIN_HOP_COUNT = { level: 41, name: 73 } as const;
const LARGEST_TTL = 255;

export interface Sockets {
  /** Descriptors of this process. */
  readonly descriptors: () => readonly number[];
  readonly isListening: (descriptor: number) => boolean;
  /**
   * Drops new connections from now on, unanswered: the caller tries again and finds another worker, or none.
   * What is already in the queue can still be accepted, and must then be let go by `takeNew`: it inherits the hold.
   * @returns whether the system does it
   */
  readonly holdNew: (listener: number) => boolean;
  /** Takes `holdNew` back. */
  readonly takeNew: (socket: number) => boolean;
}

const SYMBOLS = {
  setsockopt: {
    args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.u32],
    returns: FFIType.i32,
  },
  getsockopt: {
    args: [FFIType.i32, FFIType.i32, FFIType.i32, FFIType.ptr, FFIType.ptr],
    returns: FFIType.i32,
  },
} as const;

/** @param onFailure called when the system refuses a call that was expected to work */
export const openSockets = (onFailure: (call: SystemCall) => void): Sockets | undefined => {
  const c = openCLibrary(SYMBOLS);
  if (!c) return undefined;
  const value = new Int32Array(1);
  const length = new Uint32Array(1);
  const readOption = (socket: number, level: number, name: number): number | undefined => {
    length[0] = value.byteLength;
    return c.getsockopt(socket, level, name, ptr(value), ptr(length)) === 0 ? value[0] : undefined;
  };
  const writeOption = (socket: number, level: number, name: number, to: number): boolean => {
    value[0] = to;
    return c.setsockopt(socket, level, name, ptr(value), value.byteLength) === 0;
  };
  /** A listener of IPv6 takes packets of both versions. */
  const takeFrom = (socket: number, ttl: number): boolean => {
    const domain = readOption(socket, SOL_SOCKET, SO_DOMAIN);
    if (domain === undefined) {
      onFailure('getsockopt');
      return false;
    }
    const isDone =
      writeOption(socket, MIN_TTL.level, MIN_TTL.name, ttl) &&
      (domain !== AF_INET6 || writeOption(socket, MIN_HOP_COUNT.level, MIN_HOP_COUNT.name, ttl));
    if (!isDone) onFailure('setsockopt');
    return isDone;
  };
  return {
    descriptors: () => readdirSync('/proc/self/fd').map(Number),
    // Most descriptors are no sockets: that this call fails for them is no failure.
    isListening: (descriptor) => readOption(descriptor, SOL_SOCKET, SO_ACCEPTCONN) === 1,
    holdNew: (listener) => takeFrom(listener, LARGEST_TTL),
    takeNew: (socket) => takeFrom(socket, 0),
  };
};
