/**
 * A pickle or joblib file as plain bytes: joblib may have compressed the whole of it, in one of six formats.
 * What unpacks to more than the limit is refused before it fills the memory.
 */
import { gunzipSync, inflateSync } from 'node:zlib';
import { AppError } from '../../core/errors.ts';
import { decodeLz4Frames } from '../../core/compression/lz4.ts';
import {
  type BoundedOutput,
  type OutputLimits,
  reserve,
  spend,
  startOutput,
} from '../../core/compression/bounded-output.ts';
import { decompressBzip2 } from '../../core/compression/bzip2.ts';
import { decompressLzma } from '../../core/compression/lzma.ts';
import { decompressXz } from '../../core/compression/xz.ts';

const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;

const outputTooLarge = (): AppError =>
  new AppError(
    'model-unsupported',
    `the file unpacks to more than ${OUTPUT_LIMIT_BYTES} bytes; save it without compression`,
  );

const LIMITS: OutputLimits = {
  maxBytes: OUTPUT_LIMIT_BYTES,
  maxSteps: 80_000_000,
  tooLarge: outputTooLarge,
  tooSlow: () =>
    new AppError(
      'model-unsupported',
      'the file takes too long to unpack; save it without compression, or with zlib',
    ),
};

/** What fills an output, as what returns its bytes. */
const bounded =
  (unpack: (bytes: Uint8Array, output: BoundedOutput) => void) =>
  (bytes: Uint8Array): Uint8Array => {
    const output = startOutput(LIMITS);
    unpack(bytes, output);
    return output.bytes.subarray(0, output.length);
  };

interface Packing {
  readonly name: string;
  readonly magic: readonly number[];
  readonly decompress: (bytes: Uint8Array) => Uint8Array;
}

const limit = { maxOutputLength: OUTPUT_LIMIT_BYTES };

/** Steps (see `bounded-output`) of a frame's block, and of literals with their match. */
const LZ4_STEPS = { block: 100, sequence: 8 } as const;

/** Frames of LZ4, within the limits of `bounded-output`. @throws RangeError for damage, AppError past a limit */
const decompressLz4 = (bytes: Uint8Array, output: BoundedOutput): void => {
  const limited = Object.assign(output, {
    reserve: (nBytes: number): void => void reserve(output, nBytes),
    onStep: (step: 'block' | 'sequence'): void => spend(output, LZ4_STEPS[step]),
  });
  decodeLz4Frames(bytes, limited);
};

/** All that joblib writes. @source joblib numpy_pickle_utils.py, compressor.py */
const PACKINGS: readonly Packing[] = [
  { name: 'zlib', magic: [0x78], decompress: (bytes) => inflateSync(bytes, limit) },
  { name: 'gzip', magic: [0x1f, 0x8b], decompress: (bytes) => gunzipSync(bytes, limit) },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68], decompress: bounded(decompressBzip2) },
  { name: 'lzma', magic: [0x5d, 0x00], decompress: bounded(decompressLzma) },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], decompress: bounded(decompressXz) },
  { name: 'lz4', magic: [0x04, 0x22, 0x4d, 0x18], decompress: bounded(decompressLz4) },
];

/** @throws AppError model-unsupported (too large), model-broken */
export const decompress = (bytes: Uint8Array): Uint8Array => {
  const packing = PACKINGS.find(({ magic }) => magic.every((byte, i) => bytes[i] === byte));
  if (!packing) return bytes;
  try {
    return packing.decompress(bytes);
  } catch (error) {
    if (error instanceof AppError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw outputTooLarge();
    throw new AppError(
      'model-broken',
      `the ${packing.name} file is damaged: ${(error as Error).message}`,
    );
  }
};
