/**
 * Typed arrays in memory that threads share: handing one to a thread copies nothing.
 */

export const sharedBytes = (n: number): Uint8Array<SharedArrayBuffer> =>
  new Uint8Array(new SharedArrayBuffer(n));

export const sharedShorts = (n: number): Int16Array<SharedArrayBuffer> =>
  new Int16Array(new SharedArrayBuffer(2 * n));

export const sharedInts = (n: number): Int32Array<SharedArrayBuffer> =>
  new Int32Array(new SharedArrayBuffer(4 * n));

export const sharedFloats = (n: number): Float64Array<SharedArrayBuffer> =>
  new Float64Array(new SharedArrayBuffer(8 * n));

export const sharedSingles = (n: number): Float32Array<SharedArrayBuffer> =>
  new Float32Array(new SharedArrayBuffer(4 * n));
