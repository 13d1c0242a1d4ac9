/**
 * Sockets by way of the C library, since the runtime does not offer it: new connections are held back while those in the
 * accept queue can still be accepted, and all are closed at once when the process is killed.
 *
 * A listener that takes only packets with the largest time to live (IP_MINTTL, RFC 5082) takes none: the packet that
 * would open a connection is dropped unanswered, the caller's system tries again and finds another worker. Packets of a
 * connection that has begun to open are not looked at. Needs no right, unlike a packet filter (SO_ATTACH_FILTER wants
 * CAP_NET_ADMIN on a TCP socket since 2026). A caller whose packets do come with 255 gets through, as without a hold.
 *
 * The system closes what a killed process had open once its last thread is gone, after it has given up all its memory:
 * milliseconds in which callers send into nothing. A table of descriptors that the main thread has for itself
 * (CLOSE_RANGE_UNSHARE, Linux 5.9; unlike unshare(2) no usual container forbids it) is closed when that thread ends.
 * Other threads keep what was open before.
 *
 * Linux only; elsewhere `openSockets` returns undefined and the listener does without.
 */
import { FFIType, ptr } from 'bun:ffi';
import { readdirSync } from 'node:fs';
import { openCLibrary } from '../../host/c-library.ts';
import type { SystemCall } from '../labels.ts';

const SOL_SOCKET = 1;
const SO_DOMAIN = 39;
const AF_INET6 = 10;
/** Level and name of the smallest time to live that is taken. @source ip(7), Linux include/uapi/linux/in6.h */
const MIN_TTL = { level: 0, name: 21 } as const;
const MIN_HOP_COUNT = { level: 41, name: 73 } as const;
const LARGEST_TTL = 255;
/** The same on all processors. @source close_range(2) */
const CLOSE_RANGE = 436;
const CLOSE_RANGE_UNSHARE = 2;
/** No descriptor is so large: nothing is closed. */
const LARGEST_DESCRIPTOR = 0xffff_ffff;

export interface Sockets {
  /** Descriptors of this process. */
  readonly descriptors: () => readonly number[];
  /**
   * Drops new connections from now on, unanswered: the caller tries again and finds another worker, or none.
   * What is already in the queue can still be accepted, and must then be let go by `takeNew`: it inherits the hold.
   * @returns whether the system does it
   */
  readonly holdNew: (listener: number) => boolean;
  /** Takes `holdNew` back. */
  readonly takeNew: (socket: number) => boolean;
  /** What is opened from now on belongs to this thread alone. @returns whether the system does it */
  readonly keepToThread: () => boolean;
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
  syscall: {
    args: [FFIType.i64, FFIType.u64, FFIType.u64, FFIType.u64],
    returns: FFIType.i64,
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
    holdNew: (listener) => takeFrom(listener, LARGEST_TTL),
    takeNew: (socket) => takeFrom(socket, 0),
    keepToThread: () => {
      const result = c.syscall(
        CLOSE_RANGE,
        LARGEST_DESCRIPTOR,
        LARGEST_DESCRIPTOR,
        CLOSE_RANGE_UNSHARE,
      );
      const isDone = Number(result) === 0;
      if (!isDone) onFailure('close_range');
      return isDone;
    },
  };
};
