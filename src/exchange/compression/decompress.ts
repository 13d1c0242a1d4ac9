/**
 * A pickle or joblib file as plain bytes: joblib may have compressed the whole of it, in one of six formats.
 * What unpacks to more than the limit is refused before it fills the memory.
 */
import { gunzipSync, inflateSync } from 'node:zlib';
import { AppError } from '../../core/errors.ts';
import { decodeLz4Frames } from '../../core/lz4.ts';
import {
  damaged,
  OUTPUT_LIMIT_BYTES,
  outputTooLarge,
  reserve,
  spend,
  startOutput,
} from './bounded-output.ts';
import { decompressBzip2 } from './bzip2.ts';
import { decompressLzma } from './lzma.ts';
import { decompressXz } from './xz.ts';

interface Packing {
  readonly name: string;
  readonly magic: readonly number[];
  readonly decompress: (bytes: Uint8Array) => Uint8Array;
}

const limit = { maxOutputLength: OUTPUT_LIMIT_BYTES };

/** Steps (see `bounded-output`) of a frame's block, and of literals with their match. */
const LZ4_STEPS = { block: 100, sequence: 8 } as const;

/** Frames of LZ4, within the limits of `bounded-output`. @throws RangeError for damage, AppError past a limit */
const decompressLz4 = (bytes: Uint8Array): Uint8Array => {
  const output = startOutput();
  const limited = Object.assign(output, {
    reserve: (nBytes: number): void => void reserve(output, nBytes),
    onStep: (step: 'block' | 'sequence'): void => spend(output, LZ4_STEPS[step]),
  });
  decodeLz4Frames(bytes, limited);
  return output.bytes.subarray(0, output.length);
};

/** All that joblib writes. @source joblib numpy_pickle_utils.py, compressor.py */
const PACKINGS: readonly Packing[] = [
  { name: 'zlib', magic: [0x78], decompress: (bytes) => inflateSync(bytes, limit) },
  { name: 'gzip', magic: [0x1f, 0x8b], decompress: (bytes) => gunzipSync(bytes, limit) },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68], decompress: decompressBzip2 },
  { name: 'lzma', magic: [0x5d, 0x00], decompress: decompressLzma },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], decompress: decompressXz },
  { name: 'lz4', magic: [0x04, 0x22, 0x4d, 0x18], decompress: decompressLz4 },
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
    throw damaged(packing.name, (error as Error).message);
  }
};
