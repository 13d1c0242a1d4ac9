/**
 * The C library, for the few calls that the runtime does not offer.
 */
import { dlopen, type FFIFunction, type Library } from 'bun:ffi';

const NAMES = ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`];

/** Its functions by name; undefined on systems other than Linux, or where it cannot be opened. */
export const openCLibrary = <Functions extends Record<string, FFIFunction>>(
  functions: Functions,
): Library<Functions>['symbols'] | undefined => {
  if (process.platform !== 'linux') return undefined;
  for (const name of NAMES) {
    try {
      return dlopen(name, functions).symbols;
    } catch {
      // The other C library, or none.
    }
  }
  return undefined;
};
