/**
 * A pickle or joblib file as plain bytes: joblib may have compressed the whole of it.
 * What unpacks to more than the limit is refused before it fills the memory.
 */
import { gunzipSync, inflateSync } from 'node:zlib';
import { AppError } from '../../core/errors.ts';
import { decodeLz4Frames } from '../../core/lz4.ts';
import { unpackBzip2 } from './bzip2.ts';
import { unpackLzma } from './lzma.ts';
import {
  damaged,
  reserve,
  spend,
  startUnpacked,
  tooLarge,
  UNPACKED_LIMIT_BYTES,
} from './unpacked.ts';
import { unpackXz } from './xz.ts';

interface Packing {
  readonly name: string;
  readonly magic: readonly number[];
  readonly unpack: (bytes: Uint8Array) => Uint8Array;
}

const limit = { maxOutputLength: UNPACKED_LIMIT_BYTES };

/** Steps (see `unpacked`) of a frame's block, and of literals with their match. */
const LZ4_STEPS = { block: 100, sequence: 8 } as const;

/** Frames of LZ4, within the limits of `unpacked`. @throws RangeError for damage, AppError past a limit */
const unpackLz4 = (bytes: Uint8Array): Uint8Array => {
  const unpacked = startUnpacked();
  const output = Object.assign(unpacked, {
    reserve: (nBytes: number): void => void reserve(unpacked, nBytes),
    onStep: (step: 'block' | 'sequence'): void => spend(unpacked, LZ4_STEPS[step]),
  });
  decodeLz4Frames(bytes, output);
  return unpacked.bytes.subarray(0, unpacked.length);
};

/** All that joblib writes. @source joblib numpy_pickle_utils.py, compressor.py */
const PACKINGS: readonly Packing[] = [
  { name: 'zlib', magic: [0x78], unpack: (bytes) => inflateSync(bytes, limit) },
  { name: 'gzip', magic: [0x1f, 0x8b], unpack: (bytes) => gunzipSync(bytes, limit) },
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68], unpack: unpackBzip2 },
  { name: 'lzma', magic: [0x5d, 0x00], unpack: unpackLzma },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], unpack: unpackXz },
  { name: 'lz4', magic: [0x04, 0x22, 0x4d, 0x18], unpack: unpackLz4 },
];

/** @throws AppError model-unsupported (too large), model-broken */
export const unpack = (bytes: Uint8Array): Uint8Array => {
  const packing = PACKINGS.find(({ magic }) => magic.every((byte, i) => bytes[i] === byte));
  if (!packing) return bytes;
  try {
    return packing.unpack(bytes);
  } catch (error) {
    if (error instanceof AppError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw damaged(packing.name, (error as Error).message);
  }
};
