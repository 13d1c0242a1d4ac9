/**
 * Listening sockets by way of the C library, since the runtime does not offer it: refuses new connections (a BPF filter
 * on SYN packets) while those in the accept queue can still be accepted.
 * Linux only; elsewhere `openSockets` returns undefined and the listener does without.
 */
import { dlopen, FFIType, ptr } from 'bun:ffi';
import { readdirSync } from 'node:fs';

const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SO_DETACH_FILTER = 27;
const SO_ACCEPTCONN = 30;

/** Classic BPF, as code, jump if true, jump if false, operand. @source Linux, include/uapi/linux/bpf_common.h */
type Instruction = readonly [number, number, number, number];

/**
 * Drops the packets that would open a connection and lets all others through: the first request of a connection
 * that is just open still goes by way of the listening socket, since the runtime defers the accept until it is there.
 */
const SYN_FILTER: readonly Instruction[] = [
  [0x30, 0, 0, 13], // load the flags of the TCP header
  [0x45, 0, 1, 0x02], // is SYN set?
  [0x06, 0, 0, 0], // keep no byte
  [0x06, 0, 0, 0xffffffff], // keep all
];

const encodeInstruction = ([code, ifTrue, ifFalse, operand]: Instruction): number[] => [
  code,
  0,
  ifTrue,
  ifFalse,
  ...new Uint8Array(Uint32Array.of(operand).buffer),
];

const LIBRARIES = [
  'libc.so.6',
  `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`,
];

export interface Sockets {
  /** Descriptors of this process. */
  readonly descriptors: () => readonly number[];
  readonly isListening: (descriptor: number) => boolean;
  /**
   * Drops new connections from now on, unanswered: the caller tries again and finds another worker, or none.
   * What is already in the queue can still be accepted.
   */
  readonly refuseNew: (listener: number) => void;
  /** Takes `refuseNew` back. */
  readonly takeNew: (listener: number) => void;
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

const openLibrary = () => {
  if (process.platform !== 'linux') return undefined;
  for (const name of LIBRARIES) {
    try {
      return dlopen(name, SYMBOLS).symbols;
    } catch {
      // The other C library, or none.
    }
  }
  return undefined;
};

export const openSockets = (): Sockets | undefined => {
  const c = openLibrary();
  if (!c) return undefined;
  const value = new Uint8Array(256);
  const length = new Uint32Array(1);
  const ask = (descriptor: number, level: number, name: number): boolean => {
    length[0] = value.length;
    return c.getsockopt(descriptor, level, name, ptr(value), ptr(length)) === 0;
  };
  const words = new Uint32Array(value.buffer);
  return {
    descriptors: () => readdirSync('/proc/self/fd').map(Number),
    isListening: (descriptor) => ask(descriptor, SOL_SOCKET, SO_ACCEPTCONN) && words[0] === 1,
    refuseNew: (listener) => {
      const filter = new Uint8Array(SYN_FILTER.flatMap(encodeInstruction));
      const program = new BigUint64Array([BigInt(SYN_FILTER.length), BigInt(ptr(filter))]);
      c.setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, ptr(program), program.byteLength);
    },
    takeNew: (listener) => {
      c.setsockopt(listener, SOL_SOCKET, SO_DETACH_FILTER, ptr(value), 4);
    },
  };
};
