/**
 * Whether a compressed file is whole: DuckDB reads a stream that was cut off as if it had ended.
 */
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { AppError } from '../../core/errors.ts';

export type Compression = 'gzip' | 'zstd' | 'none';

const ZSTD_MAGIC = 0xfd2fb528;

/** What the first bytes of a file say. */
export const compressionOf = (head: Buffer): Compression => {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  return head.length >= 4 && head.readUInt32LE(0) === ZSTD_MAGIC ? 'zstd' : 'none';
};

/**
 * Checks that a compressed file has its end.
 * @throws AppError file-broken
 * @cost gzip: decompressing it once more, on one thread; zstd: a look at the head of each block
 */
export const checkWhole = async (file: string, compression: Compression): Promise<void> => {
  try {
    switch (compression) {
      case 'none':
        return;
      case 'gzip':
        return await checkGzip(file);
      case 'zstd':
        return await checkZstd(file);
    }
  } catch (error) {
    throw new AppError(
      'file-broken',
      `${file} is damaged: its ${compression} stream is cut off or corrupt`,
      { cause: error },
    );
  }
};

/**
 * Waits for a read and the checks of the files it reads, all of them, then fails as the first that failed:
 * the database must not be closed under a query that still runs.
 */
export const settleAll = async (works: readonly Promise<void>[]): Promise<void> => {
  const settled = await Promise.allSettled(works);
  for (const work of settled) if (work.status === 'rejected') throw work.reason;
};

const CHUNK_BYTES = 1 << 18;

const checkGzip = async (file: string): Promise<void> => {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  await pipeline(
    createReadStream(file, { highWaterMark: CHUNK_BYTES }),
    createGunzip({ chunkSize: CHUNK_BYTES }),
    nowhere,
  );
};

const checkZstd = async (file: string): Promise<void> => {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    let at = 0;
    while (at < size) at = await frameEnd(handle, at);
    if (at !== size) throw new Error('the last frame ends past the file');
  } finally {
    await handle.close();
  }
};

/** Where the frame that starts at `at` ends. @source RFC 8878, 3.1.1 and 3.1.2 */
const frameEnd = async (handle: FileHandle, at: number): Promise<number> => {
  const magic = (await bytesAt(handle, at, 4)).readUInt32LE(0);
  if (magic >>> 4 === 0x0184d2a5) {
    return at + 8 + (await bytesAt(handle, at + 4, 4)).readUInt32LE(0);
  }
  if (magic !== ZSTD_MAGIC) throw new Error('no frame starts here');
  const descriptor = (await bytesAt(handle, at + 4, 1))[0]!;
  const isSingleSegment = (descriptor >> 5) & 1;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  const sizeBytes = [isSingleSegment, 2, 4, 8][descriptor >> 6]!;
  let next = at + 5 + (1 - isSingleSegment) + dictionaryBytes + sizeBytes;
  for (;;) {
    const block = (await bytesAt(handle, next, 3)).readUIntLE(0, 3);
    const isRepeated = ((block >> 1) & 3) === 1;
    next += 3 + (isRepeated ? 1 : block >> 3);
    if (block & 1) return next + ((descriptor >> 2) & 1) * 4;
  }
};

const bytesAt = async (handle: FileHandle, at: number, length: number): Promise<Buffer> => {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, at);
  if (bytesRead < length) throw new Error('the file ends inside a frame');
  return buffer;
};
