/**
 * XZ files -> the bytes that were packed: blocks of LZMA2 chunks, each with its check.
 * Of the index at the end only the number of blocks is wanted.
 * @source xz doc/xz-file-format.txt
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { append, type BoundedOutput, damaged, spend, startOutput } from './bounded-output.ts';
import { type LzmaState, readLzma, startLzma } from './lzma.ts';

const STREAM_HEADER_BYTES = 12;
const LZMA2 = 0x21;
/** Steps (see `bounded-output`) of a block or chunk, however little it holds. */
const CHUNK_STEPS = 100;

/** The checksum of a block as it is stored, by the stream's kind of check. */
const CHECKS: ReadonlyMap<number, (bytes: Uint8Array) => Uint8Array> = new Map([
  [0, () => new Uint8Array(0)],
  [1, (bytes: Uint8Array) => littleEndian(crc32(bytes))],
  [4, (bytes: Uint8Array) => crc64(bytes)],
  [10, (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()],
]);

/** @throws AppError model-broken, model-unsupported (too large) */
export const decompressXz = (bytes: Uint8Array): Uint8Array => {
  const check = CHECKS.get(bytes[7] ?? -1);
  if (bytes.length < STREAM_HEADER_BYTES || bytes[6] !== 0 || !check)
    throw broken('its header means nothing');
  if (!hasCrc32(bytes.subarray(6, 12))) throw broken('its header has another checksum');
  const output = startOutput();
  let at = STREAM_HEADER_BYTES;
  let nBlocks = 0;
  // A block begins with its header's size; 0 there begins the index.
  for (; bytes[at] !== 0; nBlocks++) {
    const from = output.length;
    spend(output, CHUNK_STEPS);
    at = readBlock(bytes, at + headerBytes(bytes, at), output);
    at += -(at - STREAM_HEADER_BYTES) & 3;
    const sum = check(output.bytes.subarray(from, output.length));
    if (Buffer.compare(sum, bytes.subarray(at, at + sum.length)) !== 0)
      throw broken('a block has another checksum');
    at += sum.length;
  }
  checkIndex(bytes, at, nBlocks);
  return output.bytes.subarray(0, output.length);
};

/** Size of a block's header, after a look at its filters. */
const headerBytes = (bytes: Uint8Array, at: number): number => {
  const size = ((bytes[at] ?? 0) + 1) * 4;
  const header = bytes.subarray(at, at + size);
  if (bytes[at] === undefined || header.length < size) throw broken('it is cut short');
  if (!hasCrc32(header)) throw broken('a block has another checksum');
  const flags = header[1]!;
  const nSizes = (flags & 0x40 ? 1 : 0) + (flags & 0x80 ? 1 : 0);
  const field = skipNumbers(header, 2, nSizes);
  if ((flags & 3) !== 0 || header[field] !== LZMA2)
    throw damaged('xz', 'it is filtered by more than LZMA2');
  return size;
};

/** Where the bytes after so many numbers of seven bits a byte begin. */
const skipNumbers = (bytes: Uint8Array, start: number, count: number): number => {
  let at = start;
  for (let i = 0; i < count && at < bytes.length; i++) while ((bytes[at++] ?? 0) >= 128);
  return at;
};

const checkIndex = (bytes: Uint8Array, start: number, nBlocks: number): void => {
  const nSaid = bytes[start + 1] ?? Number.NaN;
  // Files of 128 blocks and more say their number in several bytes, and are checked by their sum alone.
  if (nSaid < 128 && nSaid !== nBlocks) throw broken('a block is missing');
  const end = skipNumbers(bytes, start + 1, 1 + 2 * nBlocks);
  const index = bytes.subarray(start, end + (-(end - start) & 3) + 4);
  if (index.length < 8 || !hasCrc32(index)) throw broken('its index has another checksum');
};

/** LZMA2 chunks up to the one of size 0. Where they end. */
const readBlock = (bytes: Uint8Array, start: number, output: BoundedOutput): number => {
  const u16 = (at: number): number => bytes[at]! * 256 + (bytes[at + 1] ?? Number.NaN);
  let at = start;
  let state: LzmaState | undefined;
  let properties: number | undefined;
  let first = output.length;
  for (;;) {
    const control = bytes[at++];
    if (control === 0) return at;
    spend(output, CHUNK_STEPS);
    if (control === undefined) throw broken('it is cut short');
    if (control === 1 || control >= 0xe0) first = output.length;
    else if (at === start + 1) throw broken('its first chunk needs an earlier one');
    if (control < 0x80) {
      if (control > 2) throw broken(`a chunk of the kind ${control}`);
      const end = at + 2 + u16(at) + 1;
      if (!(end <= bytes.length)) throw broken('it is cut short');
      append(output, bytes.subarray(at + 2, end));
      if (control === 1) state = undefined;
      at = end;
      continue;
    }
    const nBytes = (control & 31) * 65_536 + u16(at) + 1;
    const nPacked = u16(at + 2) + 1;
    at += 4;
    if (control >= 0xc0) properties = bytes[at++];
    if (control >= 0xa0) {
      if (properties === undefined) throw broken('a chunk has no properties');
      state = startLzma(properties, first, output);
    }
    if (!state) throw broken('a chunk needs an earlier one that is not there');
    if (!(at + nPacked <= bytes.length)) throw broken('it is cut short');
    readLzma(bytes.subarray(at, at + nPacked), state, output, nBytes);
    at += nPacked;
  }
};

/** Whether the last four bytes are the CRC-32 of those before. */
const hasCrc32 = (bytes: Uint8Array): boolean => {
  const body = bytes.subarray(0, -4);
  return Buffer.compare(littleEndian(crc32(body)), bytes.subarray(-4)) === 0;
};

const littleEndian = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

/** Low and high words of the CRC-64 (ECMA-182) of each byte. */
const CRC64 = (() => {
  const [low, high] = [new Uint32Array(256), new Uint32Array(256)];
  for (let byte = 0; byte < 256; byte++) {
    let crc = BigInt(byte);
    for (let i = 0; i < 8; i++) crc = crc & 1n ? (crc >> 1n) ^ 0xc96c5795d7870f42n : crc >> 1n;
    low[byte] = Number(crc & 0xffffffffn);
    high[byte] = Number(crc >> 32n);
  }
  return { low, high };
})();

const crc64 = (bytes: Uint8Array): Uint8Array => {
  let [low, high] = [-1, -1];
  for (let i = 0; i < bytes.length; i++) {
    const byte = (low ^ bytes[i]!) & 255;
    low = ((low >>> 8) | (high << 24)) ^ CRC64.low[byte]!;
    high = (high >>> 8) ^ CRC64.high[byte]!;
  }
  return new Uint8Array(Uint32Array.of(~low, ~high).buffer);
};

const broken = (detail: string): Error => damaged('xz', detail);
