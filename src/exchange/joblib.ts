/**
 * A pickle or joblib file as plain bytes: joblib may have compressed the whole of it.
 * Stands before `pickle`. What unpacks to more than the limit is refused before it fills the memory.
 */
import { gunzipSync, inflateSync } from 'node:zlib';
import { AppError } from '../core/errors.ts';

const UNPACKED_LIMIT_BYTES = 96 * 1024 * 1024;

interface Packing {
  readonly name: string;
  readonly magic: readonly number[];
  readonly unpack?: (bytes: Uint8Array) => Uint8Array;
}

const limit = { maxOutputLength: UNPACKED_LIMIT_BYTES };

const PACKINGS: readonly Packing[] = [
  { name: 'gzip', magic: [0x1f, 0x8b], unpack: (bytes) => gunzipSync(bytes, limit) },
  { name: 'zlib', magic: [0x78], unpack: (bytes) => inflateSync(bytes, limit) },
  { name: 'bz2', magic: [0x42, 0x5a, 0x68] },
  { name: 'xz', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a] },
  { name: 'lzma', magic: [0x5d, 0x00] },
  { name: 'lz4', magic: [0x04, 0x22, 0x4d, 0x18] },
  { name: 'zip', magic: [0x50, 0x4b, 0x03, 0x04] },
];

/** @throws AppError model-unsupported (another packing, too large), model-broken */
export const unpack = (bytes: Uint8Array): Uint8Array => {
  const packing = PACKINGS.find(({ magic }) => magic.every((byte, i) => bytes[i] === byte));
  if (!packing) return bytes;
  if (!packing.unpack)
    throw new AppError(
      'model-unsupported',
      `the file is packed with ${packing.name}; joblib.dump(model, file, compress=('gzip', 3)) is supported`,
    );
  try {
    return packing.unpack(bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new AppError(
        'model-unsupported',
        `the file unpacks to more than ${UNPACKED_LIMIT_BYTES} bytes`,
      );
    throw new AppError(
      'model-broken',
      `the ${packing.name} file is damaged: ${(error as Error).message}`,
    );
  }
};
