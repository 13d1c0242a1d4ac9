/**
 * The system's own calls on sockets, for a program that sends and reads so many small messages that the runtime's sockets
 * would cost more than they are used for: no object, callback or copy for a message.
 *
 * Linux only; elsewhere, and where a container forbids one of the calls, `openSocketCalls` returns undefined and the caller
 * does with the runtime's sockets.
 */
import { FFIType, ptr, read } from 'bun:ffi';
import { constants } from 'node:os';
import { openCLibrary } from './c-library.ts';
import {
  ADDRESS_BYTES,
  AF_INET6,
  AF_UNIX,
  hostIn,
  portIn,
  type SocketAddress,
} from './socket-address.ts';

/** What has happened on a socket. @source epoll_ctl(2) */
export const READABLE = 0x001;
export const WRITABLE = 0x004;
export const FAILED = 0x008;
export const HUNG_UP = 0x010;
export const PEER_DONE = 0x2000;
/** Told once for each change, not as long as it lasts. */
const ON_CHANGE = 2 ** 31;
/** All that may happen on a connection. */
export const ANY_CHANGE = READABLE | WRITABLE | PEER_DONE | ON_CHANGE;

const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0x800;
const SOCK_CLOEXEC = 0x8_0000;
const MSG_NOSIGNAL = 0x4000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_ERROR = 4;
const SO_LINGER = 13;
const SO_REUSEPORT = 15;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const SHUT_WR = 1;
const SHUT_RDWR = 2;
/** To connect to no address ends what there was. @source connect(2), AF_UNSPEC */
const NOWHERE = new Uint8Array(16);
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
/** The same on all processors. @source epoll_wait(2): Linux 5.11 */
const EPOLL_PWAIT2 = 441;
const SIGNAL_SET_BYTES = 8;
const EPOLL_CLOEXEC = 0x8_0000;

const { EAGAIN, EINPROGRESS, EINTR } = constants.errno;
const MAX_EVENTS = 512;
/** An event is packed on x86-64 only: [what, padding?, low, high]. @source Linux include/uapi/linux/eventpoll.h */
const EVENT_INTS = process.arch === 'x64' ? 3 : 4;
const MARK_AT = EVENT_INTS - 2;

const { i32, u32, u64, i64, i64_fast, ptr: pointer } = FFIType;
const SYMBOLS = {
  socket: { args: [i32, i32, i32], returns: i32 },
  connect: { args: [i32, pointer, u32], returns: i32 },
  bind: { args: [i32, pointer, u32], returns: i32 },
  listen: { args: [i32, i32], returns: i32 },
  accept4: { args: [i32, pointer, pointer, i32], returns: i32 },
  shutdown: { args: [i32, i32], returns: i32 },
  getsockname: { args: [i32, pointer, pointer], returns: i32 },
  getpeername: { args: [i32, pointer, pointer], returns: i32 },
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
export interface SocketCalls {
  /**
   * Begins to connect; WRITABLE, FAILED or HUNG_UP tell how it ended.
   * @param mark two numbers that come back with each event of this socket
   * @returns its descriptor
   */
  readonly connect: (address: SocketAddress, mark: Mark) => number;
  /** Opens a port that others may share, or a path. @returns its descriptor */
  readonly listen: (address: SocketAddress, backlog: number) => number;
  /** @returns the descriptor of a connection, `NOTHING_YET` when none waits */
  readonly accept: (listener: number) => number;
  /** From now on `wait` tells what happens there. @param what `ANY_CHANGE` of a connection */
  readonly watch: (descriptor: number, what: number, mark: Mark) => number;
  readonly unwatch: (descriptor: number) => void;
  /** This side sends no more. */
  readonly shutdown: (descriptor: number) => void;
  /** Ends a connection that other processes have open too. @param abruptly with a reset */
  readonly disconnect: (descriptor: number, abruptly: boolean) => void;
  /** @param abruptly with a reset instead of an orderly end */
  readonly close: (descriptor: number, abruptly: boolean) => void;
  /** Sends `bytes[from .. to)`. @returns how many bytes were taken: 0 when the socket takes none at present */
  readonly send: (descriptor: number, bytes: Uint8Array, from?: number, to?: number) => number;
  /**
   * Reads into `received[at ..]`, so many bytes at most.
   * @returns how many bytes, 0 when the peer has ended, `NOTHING_YET` when there is none
   */
  readonly receive: (descriptor: number, at?: number, most?: number) => number;
  readonly received: Uint8Array;
  /** The error of a socket, 0 when it has none. */
  readonly errorOf: (descriptor: number) => number;
  /** The port of this side, 0 where it has none. */
  readonly portOf: (descriptor: number) => number;
  /** The address of the other side, '' where it has none. */
  readonly peerOf: (descriptor: number) => string;
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

/** Two numbers that come back with each event of a socket. */
type Mark = readonly [number, number];

export const NOTHING_YET = -EAGAIN;

/** A call that the system does not let this process make, and the name of its error. */
interface RefusedCall {
  readonly call: string;
  readonly error: string;
}

/** What a filter of calls answers with; of a call with a descriptor that is none, the system itself says EBADF or EINVAL. */
const REFUSALS: readonly number[] = [
  constants.errno.EPERM,
  constants.errno.EACCES,
  constants.errno.ENOSYS,
];

/** The first of some calls that is refused. @param tries each a call, which returns the number of its error */
export const firstRefused = (
  tries: Readonly<Record<string, () => number>>,
): RefusedCall | undefined => {
  for (const [call, errorOf] of Object.entries(tries)) {
    const error = errorOf();
    if (REFUSALS.includes(error)) return { call, error: nameOfError(error) };
  }
  return undefined;
};

/** Which of the calls that `openSocketCalls` needs is refused here; undefined where none is. */
export const refusedSocketCall = (): RefusedCall | undefined => {
  const c = openSocketLibrary();
  const errnoAt = c?.__errno_location() ?? null;
  if (!c || errnoAt === null) return undefined;
  const nothing = new Uint8Array(ADDRESS_BYTES);
  const trying = (call: () => number) => () => (call() < 0 ? read.i32(errnoAt, 0) : 0);
  return firstRefused({
    epoll_create1: trying(() => c.epoll_create1(-1)),
    epoll_ctl: trying(() => c.epoll_ctl(-1, EPOLL_CTL_ADD, -1, nothing)),
    epoll_wait: trying(() => c.epoll_wait(-1, nothing, 1, 0)),
    socket: trying(() => c.socket(-1, SOCK_STREAM, 0)),
    setsockopt: trying(() => c.setsockopt(-1, SOL_SOCKET, SO_REUSEPORT, nothing, 4)),
    bind: trying(() => c.bind(-1, nothing, nothing.length)),
    listen: trying(() => c.listen(-1, 1)),
    accept4: trying(() => c.accept4(-1, null, null, 0)),
    recv: trying(() => c.recv(-1, nothing, 1, 0)),
    send: trying(() => c.send(-1, nothing, 1, MSG_NOSIGNAL)),
  });
};

/** What a socket can do without: it is slower, or closed in order where a reset was meant. */
let onRefusedOption = (): void => {};

/** @param tell called when the system refuses an option of a socket that works all the same */
export const tellRefusedOptions = (tell: () => void): void => {
  onRefusedOption = tell;
};

/** @param result of `setsockopt` for such an option */
export const tellIfRefused = (result: number): void => {
  if (result !== 0) onRefusedOption();
};

/** The functions of the C library that `openSocketCalls` needs. */
export const openSocketLibrary = () => openCLibrary(SYMBOLS);

/** @param received where `receive` puts what it reads */
export const openSocketCalls = (
  received: Uint8Array,
  c = openSocketLibrary(),
): SocketCalls | undefined => {
  if (!c || refusedSocketCall()) return undefined;
  const epoll = c.epoll_create1(EPOLL_CLOEXEC);
  const errnoAt = c.__errno_location();
  if (epoll < 0 || errnoAt === null) return undefined;
  const receivedAt = ptr(received);
  const events = new Int32Array(EVENT_INTS * MAX_EVENTS);
  const eventsAt = ptr(events);
  const event = new Int32Array(EVENT_INTS);
  const value = new Int32Array(2);
  const length = new Uint32Array(1);
  /** Two numbers of 64 bits: seconds, nanoseconds. */
  const timespec = new Int32Array(4);
  let isPrecise = true;
  const address = new Uint8Array(ADDRESS_BYTES);
  const failure = (): number => -read.i32(errnoAt, 0);

  /** @returns 0 where the system takes it */
  const writeOption = (descriptor: number, level: number, name: number, bytes: number): number =>
    c.setsockopt(descriptor, level, name, value, bytes);

  const switchOn = (descriptor: number, level: number, name: number): number => {
    value[0] = 1;
    return writeOption(descriptor, level, name, 4);
  };

  const close: SocketCalls['close'] = (descriptor, abruptly) => {
    if (abruptly) {
      // Linger for no time: a reset, and no port that waits.
      value[0] = 1;
      value[1] = 0;
      tellIfRefused(writeOption(descriptor, SOL_SOCKET, SO_LINGER, 8));
    }
    c.close(descriptor);
  };

  /** @returns 0, or the error; then the socket is closed */
  const orClosed = (descriptor: number, result: number): number => {
    if (result === 0) return 0;
    const fault = failure();
    c.close(descriptor);
    return fault;
  };

  const control = (operation: number, descriptor: number, what: number, mark: Mark): number => {
    event[0] = what;
    event[MARK_AT] = mark[0];
    event[MARK_AT + 1] = mark[1];
    return c.epoll_ctl(epoll, operation, descriptor, event);
  };

  const open = (family: number): number => {
    const descriptor = c.socket(family, SOCK_STREAM + SOCK_NONBLOCK + SOCK_CLOEXEC, 0);
    return descriptor < 0 ? failure() : descriptor;
  };

  /** Of what is small none waits for an acknowledgement of what went before. */
  const sendAtOnce = (family: number, descriptor: number): number =>
    family === AF_UNIX ? 0 : switchOn(descriptor, IPPROTO_TCP, TCP_NODELAY);

  return {
    received,
    close,
    connect: ({ family, bytes }, mark) => {
      const descriptor = open(family);
      if (descriptor < 0) return descriptor;
      // What waits would be measured as the service's.
      const refusal = orClosed(descriptor, sendAtOnce(family, descriptor));
      if (refusal !== 0) return refusal;
      const fault = c.connect(descriptor, bytes, bytes.length) === 0 ? 0 : failure();
      if (fault !== 0 && fault !== -EINPROGRESS) {
        c.close(descriptor);
        return fault;
      }
      const watched = control(EPOLL_CTL_ADD, descriptor, ANY_CHANGE, mark);
      return orClosed(descriptor, watched) || descriptor;
    },
    listen: ({ family, bytes }, backlog) => {
      const descriptor = open(family);
      if (descriptor < 0) return descriptor;
      // What a listener has, its connections have too.
      tellIfRefused(sendAtOnce(family, descriptor));
      if (family !== AF_UNIX) {
        tellIfRefused(switchOn(descriptor, SOL_SOCKET, SO_REUSEADDR));
        // Without it only one worker would have the port.
        const shared = orClosed(descriptor, switchOn(descriptor, SOL_SOCKET, SO_REUSEPORT));
        if (shared !== 0) return shared;
      }
      if (family === AF_INET6) {
        // Of version 4 too, where the address is that of all interfaces.
        value[0] = 0;
        const both = orClosed(descriptor, writeOption(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 4));
        if (both !== 0) return both;
      }
      const bound = c.bind(descriptor, bytes, bytes.length) || c.listen(descriptor, backlog);
      return orClosed(descriptor, bound) || descriptor;
    },
    accept: (listener) => {
      const descriptor = c.accept4(listener, null, null, SOCK_NONBLOCK + SOCK_CLOEXEC);
      return descriptor >= 0 ? descriptor : failure();
    },
    watch: (descriptor, what, mark) =>
      control(EPOLL_CTL_ADD, descriptor, what, mark) === 0 ? 0 : failure(),
    unwatch: (descriptor) => {
      c.epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, event);
    },
    shutdown: (descriptor) => {
      c.shutdown(descriptor, SHUT_WR);
    },
    disconnect: (descriptor, abruptly) => {
      if (abruptly) c.connect(descriptor, NOWHERE, NOWHERE.length);
      else c.shutdown(descriptor, SHUT_RDWR);
    },
    send: (descriptor, bytes, from = 0, to = bytes.length) => {
      const taken = c.send(descriptor, ptr(bytes, from), to - from, MSG_NOSIGNAL);
      if (taken >= 0) return taken;
      const fault = failure();
      return fault === -EAGAIN || fault === -EINTR ? 0 : fault;
    },
    receive: (descriptor, at = 0, most = received.length) => {
      for (;;) {
        const got = c.recv(descriptor, (receivedAt + at) as typeof receivedAt, most, 0);
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
    portOf: (descriptor) => {
      length[0] = ADDRESS_BYTES;
      return c.getsockname(descriptor, address, length) === 0 ? portIn(address) : 0;
    },
    peerOf: (descriptor) => {
      length[0] = ADDRESS_BYTES;
      return c.getpeername(descriptor, address, length) === 0 ? hostIn(address) : '';
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
