/**
 * Whether a zstd file is whole: the runtime and the database read a stream that was cut off as if it had ended.
 * @source RFC 8878, 3.1.1 and 3.1.2
 */
import { type FileHandle, open } from 'node:fs/promises';

const ZSTD_MAGIC = 0xfd2fb528;

/** @throws Error when its last frame does not end @cost a look at the head of each block */
export const checkZstd = async (file: string): Promise<void> => {
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

/** Where the frame that starts at `at` ends. */
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
