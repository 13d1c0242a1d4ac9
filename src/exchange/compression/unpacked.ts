/**
 * The bytes that a packed file unpacks to, as they grow, up to a limit: a bomb ends there.
 */
import { AppError } from '../../core/errors.ts';

export const UNPACKED_LIMIT_BYTES = 64 * 1024 * 1024;

/** Steps that unpacking may take, a step being about as much as one bit of LZMA: some 10 ns. */
const STEPS_LIMIT = 80_000_000;

export interface Unpacked {
  /** Room; `length` bytes of it are filled. */
  bytes: Uint8Array;
  length: number;
  nSteps: number;
}

export const startUnpacked = (): Unpacked => ({
  bytes: new Uint8Array(1 << 16),
  length: 0,
  nSteps: 0,
});

/** Makes room for as many bytes more. @throws AppError model-unsupported past the limit */
export const reserve = (unpacked: Unpacked, nBytes: number): Uint8Array => {
  const needed = unpacked.length + nBytes;
  if (needed > UNPACKED_LIMIT_BYTES) throw tooLarge();
  if (needed > unpacked.bytes.length) {
    const room = Math.min(UNPACKED_LIMIT_BYTES, Math.max(needed, unpacked.bytes.length * 2));
    const grown = new Uint8Array(room);
    grown.set(unpacked.bytes.subarray(0, unpacked.length));
    unpacked.bytes = grown;
  }
  return unpacked.bytes;
};

export const append = (unpacked: Unpacked, bytes: Uint8Array): void => {
  reserve(unpacked, bytes.length).set(bytes, unpacked.length);
  unpacked.length += bytes.length;
};

/**
 * Repeats bytes that were unpacked before; they may overlap with what is written.
 * The caller has checked that `distance` bytes are there.
 */
export const repeat = (unpacked: Unpacked, distance: number, nBytes: number): void => {
  const bytes = reserve(unpacked, nBytes);
  const to = unpacked.length;
  if (distance >= nBytes) bytes.copyWithin(to, to - distance, to - distance + nBytes);
  else for (let i = to; i < to + nBytes; i++) bytes[i] = bytes[i - distance]!;
  unpacked.length = to + nBytes;
};

/** Counts work: a small file can unpack to little, and slowly. @throws AppError model-unsupported past the limit */
export const spend = (unpacked: Unpacked, nSteps: number): void => {
  unpacked.nSteps += nSteps;
  if (unpacked.nSteps > STEPS_LIMIT)
    throw new AppError(
      'model-unsupported',
      'the file takes too long to unpack; save it without compression, or with zlib',
    );
};

export const tooLarge = (): AppError =>
  new AppError(
    'model-unsupported',
    `the file unpacks to more than ${UNPACKED_LIMIT_BYTES} bytes; save it without compression`,
  );

export const damaged = (packing: string, detail: string): AppError =>
  new AppError('model-broken', `the ${packing} file is damaged: ${detail}`);
