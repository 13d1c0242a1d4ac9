/**
 * Direct sends: bytes of one buffer go to the system without a detour through the runtime's socket, whose `write`
 * takes half a microsecond more. What is not taken at once is left to the runtime, which waits until it can be. Linux
 * only.
 */
import { FFIType, ptr } from 'bun:ffi';
import { openCLibrary } from '../host/c-library.ts';

export interface DirectSend {
  /** The only buffer that it sends from. */
  readonly bytes: Uint8Array;
  /** @returns how many bytes were taken; below 0 where the system refused, whatever the reason */
  readonly send: (descriptor: number, from: number, length: number) => number;
}

const SYMBOLS = {
  send: {
    args: [FFIType.i32, FFIType.ptr, FFIType.u64, FFIType.i32],
    returns: FFIType.i32,
  },
} as const;

/** MSG_DONTWAIT and MSG_NOSIGNAL, the same on all processors. @source send(2), Linux include/linux/socket.h */
const FLAGS = 0x40 | 0x4000;

/** @returns undefined where the system offers no such call */
export const openDirectSend = (bytes: Uint8Array): DirectSend | undefined => {
  const c = openCLibrary(SYMBOLS);
  if (!c) return undefined;
  const start = ptr(bytes);
  return {
    bytes,
    send: (descriptor, from, length) =>
      c.send(descriptor, (start + from) as typeof start, length, FLAGS),
  };
};
