/**
 * The system's own calls on sockets, for a program that sends and reads so many small messages that the runtime's sockets
 * would cost more than they are used for: no object, callback or copy for a message.
 *
 * Linux only; elsewhere `openSocketCalls` returns undefined and the caller does with the runtime's sockets.
 */
import { FFIType, ptr, read } from 'bun:ffi';
import { isIP } from 'node:net';
import { constants } from 'node:os';
import { openCLibrary } from './c-library.ts';

/** What has happened on a socket. @source epoll_ctl(2) */
export const READABLE = 0x001;
export const WRITABLE = 0x004;
export const FAILED = 0x008;
export const HUNG_UP = 0x010;
export const PEER_DONE = 0x2000;
const ON_CHANGE = 2 ** 31;

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0x800;
const SOCK_CLOEXEC = 0x8_0000;
const MSG_NOSIGNAL = 0x4000;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_LINGER = 13;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const EPOLL_CTL_ADD = 1;
/** The same on all processors. @source epoll_wait(2): Linux 5.11 */
const EPOLL_PWAIT2 = 441;
const SIGNAL_SET_BYTES = 8;
const EPOLL_CLOEXEC = 0x8_0000;

const { EAGAIN, EINPROGRESS, EINTR } = constants.errno;
const RECEIVED_BYTES = 262_144;
const MAX_EVENTS = 512;
/** An event is packed on x86-64 only: [what, padding?, low, high]. @source Linux include/uapi/linux/eventpoll.h */
const EVENT_INTS = process.arch === 'x64' ? 3 : 4;
const MARK_AT = EVENT_INTS - 2;

const { i32, u32, u64, i64, i64_fast, ptr: pointer } = FFIType;
const SYMBOLS = {
  socket: { args: [i32, i32, i32], returns: i32 },
  connect: { args: [i32, pointer, u32], returns: i32 },
  close: { args: [i32], returns: i32 },
  setsockopt: { args: [i32, i32, i32, pointer, u32], returns: i32 },
  getsockopt: { args: [i32, i32, i32, pointer, pointer], returns: i32 },
  epoll_create1: { args: [i32], returns: i32 },
  epoll_ctl: { args: [i32, i32, i32, pointer], returns: i32 },
  epoll_wait: { args: [i32, pointer, i32, i32], returns: i32 },
  syscall: { args: [i64, i64, pointer, i64, pointer, pointer, u64], returns: i64_fast },
  // Lengths fit into 31 bits, and so do the counts that come back.
  recv: { args: [i32, pointer, u64, i32], returns: i32 },
  send: { args: [i32, pointer, u64, i32], returns: i32 },
  __errno_location: { args: [], returns: pointer },
} as const;

/** Calls that fail return the negative number of their error. */
interface SocketCalls {
  /**
   * Begins to connect; WRITABLE, FAILED or HUNG_UP tell how it ended.
   * @param mark two numbers that come back with each event of this socket
   * @returns its descriptor
   */
  readonly connect: (address: SocketAddress, mark: readonly [number, number]) => number;
  /** @param abruptly with a reset instead of an orderly end */
  readonly close: (descriptor: number, abruptly: boolean) => void;
  /** @returns how many bytes were taken: 0 when the socket takes none at present */
  readonly send: (descriptor: number, bytes: Uint8Array) => number;
  /** Reads into `received`. @returns how many bytes, 0 when the peer has ended, `NOTHING_YET` when there is none */
  readonly receive: (descriptor: number) => number;
  readonly received: Uint8Array;
  /** The error of a socket, 0 when it has none. */
  readonly errorOf: (descriptor: number) => number;
  /**
   * Waits until something has changed on a socket, for less than a second: to the microsecond where the system can, else to
   * the millisecond before.
   * @returns how many events there are
   */
  readonly wait: (waitUs: number) => number;
  /** Of event number e: what happened, and the mark of the socket. */
  readonly whatOf: (e: number) => number;
  readonly firstMarkOf: (e: number) => number;
  readonly secondMarkOf: (e: number) => number;
}

export const NOTHING_YET = -EAGAIN;

/** As `connect(2)` takes it. */
interface SocketAddress {
  readonly family: number;
  readonly bytes: Uint8Array;
}

export const openSocketCalls = (): SocketCalls | undefined => {
  const c = openCLibrary(SYMBOLS);
  if (!c) return undefined;
  const epoll = c.epoll_create1(EPOLL_CLOEXEC);
  const errnoAt = c.__errno_location();
  if (epoll < 0 || errnoAt === null) return undefined;
  const received = new Uint8Array(RECEIVED_BYTES);
  const receivedAt = ptr(received);
  const events = new Int32Array(EVENT_INTS * MAX_EVENTS);
  const eventsAt = ptr(events);
  const event = new Int32Array(EVENT_INTS);
  const value = new Int32Array(2);
  const length = new Uint32Array(1);
  /** Two numbers of 64 bits: seconds, nanoseconds. */
  const timespec = new Int32Array(4);
  let isPrecise = true;
  const failure = (): number => -read.i32(errnoAt, 0);

  const writeOption = (descriptor: number, level: number, name: number, bytes: number): void => {
    c.setsockopt(descriptor, level, name, value, bytes);
  };

  const close: SocketCalls['close'] = (descriptor, abruptly) => {
    if (abruptly) {
      // Linger for no time: a reset, and no port that waits.
      value[0] = 1;
      value[1] = 0;
      writeOption(descriptor, SOL_SOCKET, SO_LINGER, 8);
    }
    c.close(descriptor);
  };

  return {
    received,
    close,
    connect: ({ family, bytes }, mark) => {
      const descriptor = c.socket(family, SOCK_STREAM + SOCK_NONBLOCK + SOCK_CLOEXEC, 0);
      if (descriptor < 0) return failure();
      if (family !== AF_UNIX) {
        value[0] = 1;
        writeOption(descriptor, IPPROTO_TCP, TCP_NODELAY, 4);
      }
      const fault = c.connect(descriptor, bytes, bytes.length) === 0 ? 0 : failure();
      if (fault !== 0 && fault !== -EINPROGRESS) {
        c.close(descriptor);
        return fault;
      }
      event[0] = READABLE | WRITABLE | PEER_DONE | ON_CHANGE;
      event[MARK_AT] = mark[0];
      event[MARK_AT + 1] = mark[1];
      if (c.epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, event) === 0) return descriptor;
      const refused = failure();
      c.close(descriptor);
      return refused;
    },
    send: (descriptor, bytes) => {
      const taken = c.send(descriptor, bytes, bytes.length, MSG_NOSIGNAL);
      if (taken >= 0) return taken;
      const fault = failure();
      return fault === -EAGAIN || fault === -EINTR ? 0 : fault;
    },
    receive: (descriptor) => {
      for (;;) {
        const got = c.recv(descriptor, receivedAt, RECEIVED_BYTES, 0);
        if (got >= 0) return got;
        const fault = failure();
        if (fault !== -EINTR) return fault;
      }
    },
    errorOf: (descriptor) => {
      length[0] = 4;
      const found = c.getsockopt(descriptor, SOL_SOCKET, SO_ERROR, value, length);
      return found === 0 ? value[0]! : -failure();
    },
    wait: (waitUs) => {
      if (isPrecise && waitUs % 1000 !== 0) {
        timespec[2] = Math.ceil(waitUs * 1000);
        const found = Number(
          c.syscall(EPOLL_PWAIT2, epoll, eventsAt, MAX_EVENTS, timespec, null, SIGNAL_SET_BYTES),
        );
        if (found >= 0) return found;
        const fault = failure();
        isPrecise = fault === -EINTR;
        if (isPrecise) return 0;
      }
      return Math.max(0, c.epoll_wait(epoll, eventsAt, MAX_EVENTS, Math.floor(waitUs / 1000)));
    },
    whatOf: (e) => events[e * EVENT_INTS]!,
    firstMarkOf: (e) => events[e * EVENT_INTS + MARK_AT]!,
    secondMarkOf: (e) => events[e * EVENT_INTS + MARK_AT + 1]!,
  };
};

const NAMES = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** The name of an error: ECONNREFUSED for 111. */
export const nameOfError = (number: number): string => NAMES.get(number) ?? `error ${number}`;

const MAX_PATH_BYTES = 107;

/** @returns undefined for a name, and for an address with a zone */
export const encodeAddress = (host: string, port: number): SocketAddress | undefined => {
  const version = isIP(host);
  if (version === 4) {
    return addressOf(AF_INET, 16, [
      [2, portBytes(port)],
      [4, host.split('.').map(Number)],
    ]);
  }
  if (version !== 6 || host.includes('%')) return undefined;
  return addressOf(AF_INET6, 28, [
    [2, portBytes(port)],
    [8, bytesOfVersion6(host)],
  ]);
};

/** @returns undefined where the path is too long, and for an abstract name */
export const encodePath = (path: string): SocketAddress | undefined => {
  const bytes = Buffer.from(path);
  if (bytes.length > MAX_PATH_BYTES || bytes.includes(0)) return undefined;
  return addressOf(AF_UNIX, 2 + bytes.length + 1, [[2, bytes]]);
};

const addressOf = (
  family: number,
  nBytes: number,
  parts: readonly (readonly [at: number, bytes: ArrayLike<number>])[],
): SocketAddress => {
  const bytes = new Uint8Array(nBytes);
  new Uint16Array(bytes.buffer, 0, 1)[0] = family;
  for (const [at, part] of parts) bytes.set(part, at);
  return { family, bytes };
};

const portBytes = (port: number): readonly number[] => [port >> 8, port & 255];

/** Eight groups of four digits, a run of zeros left out, the last two perhaps written as of version 4. */
const bytesOfVersion6 = (host: string): Uint8Array => {
  const [head = '', tail] = host.split('::');
  const groupsOf = (part: string): number[] =>
    part === ''
      ? []
      : part.split(':').flatMap((group) => {
          if (!group.includes('.')) return [Number.parseInt(group, 16)];
          const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
          return [a * 256 + b, c * 256 + d];
        });
  const first = groupsOf(head);
  const last = tail === undefined ? [] : groupsOf(tail);
  const zeros = new Array<number>(8 - first.length - last.length).fill(0);
  return Uint8Array.from([...first, ...zeros, ...last].flatMap(portBytes));
};
