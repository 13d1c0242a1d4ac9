/**
 * A channel between two processes through which open descriptors go: the other process gets a duplicate of each, and what
 * is open stays open as long as one of the two is. Needs no right.
 *
 * Linux only; elsewhere `openDescriptorCalls` returns undefined.
 * @source unix(7), SCM_RIGHTS
 */
import { FFIType, ptr, read } from 'bun:ffi';
import { constants } from 'node:os';
import { openCLibrary } from './c-library.ts';
import { tellIfRefused } from './socket-calls.ts';

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_NONBLOCK = 0x800;
const SOCK_CLOEXEC = 0x8_0000;
const SOL_SOCKET = 1;
const SO_LINGER = 13;
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x4000_0000;

/** The most that the system takes in one message. @source Linux include/net/scm.h, SCM_MAX_FD */
export const DESCRIPTORS_AT_ONCE = 253;
const MARKS_EACH = 2;

/** In words of 64 bits. @source recvmsg(2), on 64 bits and little endian */
const HEADER = { vectorAt: 2, vectors: 3, controlAt: 4, controlBytes: 5, words: 7 } as const;
/** Of the control message: its length, level and type; the descriptors follow. @source cmsg(3) */
const CONTROL_HEAD_BYTES = 16;
const [LEVEL, TYPE, FIRST] = [2, 3, 4] as const;

const { i32, u32, ptr: pointer } = FFIType;
const SYMBOLS = {
  socketpair: { args: [i32, i32, i32, pointer], returns: i32 },
  sendmsg: { args: [i32, pointer, i32], returns: i32 },
  recvmsg: { args: [i32, pointer, i32], returns: i32 },
  setsockopt: { args: [i32, i32, i32, pointer, u32], returns: i32 },
  close: { args: [i32], returns: i32 },
  __errno_location: { args: [], returns: pointer },
} as const;

/** A descriptor on its way, and two numbers of 32 bits that say what it is. */
export interface PassedDescriptor {
  readonly descriptor: number;
  readonly marks: readonly [number, number];
}

export interface DescriptorCalls {
  /** Both ends of a new channel; the other is for a child. Undefined where the system refuses, which is told by its error. */
  readonly pair: (
    onRefusal?: (error: number) => void,
  ) => readonly [own: number, other: number] | undefined;
  /**
   * Gives duplicates of up to DESCRIPTORS_AT_ONCE to whoever reads the other end, and keeps the own.
   * @returns 0 when the system took them, else, for it takes all or none, the negative number of the error
   */
  readonly send: (channel: number, passed: readonly PassedDescriptor[]) => number;
  /**
   * What one message brought: less than was sent where this process may not open as many.
   * @returns undefined when there is no message
   */
  readonly receive: (channel: number) => readonly PassedDescriptor[] | undefined;
  /** @param abruptly a connection ends with a reset, if nobody else has it open */
  readonly close: (descriptor: number, abruptly: boolean) => void;
}

export const openDescriptorCalls = (): DescriptorCalls | undefined => {
  const c = openCLibrary(SYMBOLS);
  const errnoAt = c?.__errno_location() ?? null;
  if (!c || errnoAt === null) return undefined;
  const marks = new Uint32Array(new ArrayBuffer(DESCRIPTORS_AT_ONCE * MARKS_EACH * 4));
  const control = new Int32Array(
    new ArrayBuffer(CONTROL_HEAD_BYTES + (DESCRIPTORS_AT_ONCE + 1) * 4),
  );
  const controlBytes = new BigUint64Array(control.buffer, 0, 1);
  const vector = new BigUint64Array(new ArrayBuffer(16));
  const header = new BigUint64Array(new ArrayBuffer(HEADER.words * 8));
  const value = new Int32Array(new ArrayBuffer(8));
  vector[0] = BigInt(ptr(marks));
  header[HEADER.vectorAt] = BigInt(ptr(vector));
  header[HEADER.vectors] = 1n;
  header[HEADER.controlAt] = BigInt(ptr(control));
  const headerAt = ptr(header);

  /** A call that a signal has interrupted is made again. */
  const untilDone = (call: () => number): number => {
    for (;;) {
      const result = call();
      if (result >= 0 || read.i32(errnoAt, 0) !== constants.errno.EINTR) return result;
    }
  };

  return {
    pair: (onRefusal) => {
      const kind = SOCK_SEQPACKET + SOCK_NONBLOCK + SOCK_CLOEXEC;
      const result = c.socketpair(AF_UNIX, kind, 0, value);
      if (result === 0) return [value[0]!, value[1]!];
      onRefusal?.(read.i32(errnoAt, 0));
      return undefined;
    },
    send: (channel, passed) => {
      const length = CONTROL_HEAD_BYTES + passed.length * 4;
      controlBytes[0] = BigInt(length);
      control[LEVEL] = SOL_SOCKET;
      control[TYPE] = SCM_RIGHTS;
      for (const [i, { descriptor, marks: own }] of passed.entries()) {
        control[FIRST + i] = descriptor;
        marks.set(own, i * MARKS_EACH);
      }
      vector[1] = BigInt(passed.length * MARKS_EACH * 4);
      header[HEADER.controlBytes] = BigInt(Math.ceil(length / 8) * 8);
      const flags = MSG_DONTWAIT | MSG_NOSIGNAL;
      const nSent = untilDone(() => c.sendmsg(channel, headerAt, flags));
      return nSent < 0 ? -read.i32(errnoAt, 0) : 0;
    },
    receive: (channel) => {
      vector[1] = BigInt(marks.byteLength);
      controlBytes[0] = 0n;
      header[HEADER.controlBytes] = BigInt(control.byteLength);
      const flags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
      if (untilDone(() => c.recvmsg(channel, headerAt, flags)) <= 0) return undefined;
      const nDescriptors =
        header[HEADER.controlBytes] === 0n ? 0 : (Number(controlBytes[0]) - CONTROL_HEAD_BYTES) / 4;
      return Array.from({ length: nDescriptors }, (_, i) => ({
        descriptor: control[FIRST + i]!,
        marks: [marks[i * MARKS_EACH]!, marks[i * MARKS_EACH + 1]!] as const,
      }));
    },
    close: (descriptor, abruptly) => {
      if (abruptly) {
        // Linger for no time.
        value[0] = 1;
        value[1] = 0;
        tellIfRefused(c.setsockopt(descriptor, SOL_SOCKET, SO_LINGER, value, 8));
      }
      c.close(descriptor);
    },
  };
};
