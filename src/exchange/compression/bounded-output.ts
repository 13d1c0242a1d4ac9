/**
 * The bytes that a packed file unpacks to, as they grow, up to a limit of size and of work: a decompression bomb ends there.
 */
import { AppError } from '../../core/errors.ts';

export const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;

/** Steps that unpacking may take, a step being about as much as one bit of LZMA: some 10 ns. */
const STEPS_LIMIT = 80_000_000;

export interface BoundedOutput {
  /** Room; `length` bytes of it are filled. */
  bytes: Uint8Array;
  length: number;
  nSteps: number;
}

export const startOutput = (): BoundedOutput => ({
  bytes: new Uint8Array(1 << 16),
  length: 0,
  nSteps: 0,
});

/** Makes room for as many bytes more. @throws AppError model-unsupported past the limit */
export const reserve = (output: BoundedOutput, nBytes: number): Uint8Array => {
  const needed = output.length + nBytes;
  if (needed > OUTPUT_LIMIT_BYTES) throw outputTooLarge();
  if (needed > output.bytes.length) {
    const room = Math.min(OUTPUT_LIMIT_BYTES, Math.max(needed, output.bytes.length * 2));
    const grown = new Uint8Array(room);
    grown.set(output.bytes.subarray(0, output.length));
    output.bytes = grown;
  }
  return output.bytes;
};

export const append = (output: BoundedOutput, bytes: Uint8Array): void => {
  reserve(output, bytes.length).set(bytes, output.length);
  output.length += bytes.length;
};

/**
 * Repeats bytes that were unpacked before; they may overlap with what is written.
 * The caller has checked that `distance` bytes are there.
 */
export const repeat = (output: BoundedOutput, distance: number, nBytes: number): void => {
  const bytes = reserve(output, nBytes);
  const to = output.length;
  if (distance >= nBytes) bytes.copyWithin(to, to - distance, to - distance + nBytes);
  else for (let i = to; i < to + nBytes; i++) bytes[i] = bytes[i - distance]!;
  output.length = to + nBytes;
};

/** Counts work: a small file can unpack to little, and slowly. @throws AppError model-unsupported past the limit */
export const spend = (output: BoundedOutput, nSteps: number): void => {
  output.nSteps += nSteps;
  if (output.nSteps > STEPS_LIMIT)
    throw new AppError(
      'model-unsupported',
      'the file takes too long to unpack; save it without compression, or with zlib',
    );
};

export const outputTooLarge = (): AppError =>
  new AppError(
    'model-unsupported',
    `the file unpacks to more than ${OUTPUT_LIMIT_BYTES} bytes; save it without compression`,
  );

export const damaged = (packing: string, detail: string): AppError =>
  new AppError('model-broken', `the ${packing} file is damaged: ${detail}`);
