/**
 * How a file is packed, and its bytes unpacked; whether it is whole, which the database does not look at.
 */
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { startOutput } from '../../core/compression/bounded-output.ts';
import { decompressBzip2 } from '../../core/compression/bzip2.ts';
import { decompressXz } from '../../core/compression/xz.ts';
import { AppError } from '../../core/errors.ts';
import type { ScratchFile } from '../scratch.ts';
import { bombOf, maxUnpackedBytes } from './zip.ts';
import { checkZstd } from './zstd-frames.ts';

/** The packings that the database reads by itself. */
export type Compression = 'gzip' | 'zstd' | 'none';

type Packing = Compression | 'bzip2' | 'xz' | 'zip';

const MAGICS: readonly (readonly [Packing, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
  // An archive without entries.
  ['zip', [0x50, 0x4b, 0x05, 0x06]],
];

/** What the first bytes of a file say. */
export const packingOf = (head: Buffer): Packing =>
  MAGICS.find(([, magic]) => magic.every((byte, i) => head[i] === byte))?.[0] ?? 'none';

const CHUNK_BYTES = 1 << 20;

/** The unpacked bytes of a text in pieces. @throws AppError file-broken when the stream is cut off or corrupt */
export async function* unpackedBytes(
  file: string,
  path: string,
  compression: Compression,
): AsyncGenerator<Buffer> {
  if (compression === 'none') {
    yield* plainBytes(path);
    return;
  }
  try {
    if (compression === 'zstd') await checkZstd(path);
    yield* decompressed(path, compression);
  } catch (error) {
    throw new AppError(
      'file-broken',
      `${file} is damaged: its ${compression} stream is cut off or corrupt`,
      { cause: error },
    );
  }
}

async function* decompressed(path: string, compression: 'gzip' | 'zstd'): AsyncGenerator<Buffer> {
  const packed = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const unpacking =
    compression === 'gzip'
      ? createGunzip({ chunkSize: CHUNK_BYTES })
      : createZstdDecompress({ chunkSize: CHUNK_BYTES });
  packed.on('error', (error) => unpacking.destroy(error));
  packed.pipe(unpacking);
  try {
    for await (const chunk of unpacking) yield chunk as Buffer;
  } finally {
    packed.destroy();
    unpacking.destroy();
  }
}

/** Read into the same memory again and again: a piece is only good until the next. */
function* plainBytes(path: string): Generator<Buffer> {
  const descriptor = openSync(path, 'r');
  const chunk = Buffer.allocUnsafe(4 * CHUNK_BYTES);
  try {
    for (let at = 0; ; ) {
      const nBytes = readSync(descriptor, chunk, 0, chunk.length, at);
      if (nBytes === 0) return;
      at += nBytes;
      yield chunk.subarray(0, nBytes);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Unpacks what the database does not read. @throws AppError file-broken, file-unwritable */
export const unpackInto = (
  file: string,
  path: string,
  packing: 'bzip2' | 'xz',
  content: ScratchFile,
): void => {
  const packed = Bun.mmap(path, { shared: false });
  const output = startOutput({
    maxBytes: maxUnpackedBytes(packed.length),
    maxSteps: Number.POSITIVE_INFINITY,
    tooLarge: () => bombOf(file),
    tooSlow: () => bombOf(file),
    drain: content.write,
  });
  try {
    if (packing === 'bzip2') decompressBzip2(packed, output);
    else decompressXz(packed, output);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new AppError(
      'file-broken',
      `${file} is damaged: its ${packing} stream: ${error.message}`,
      {
        cause: error,
      },
    );
  }
};
