/**
 * XZ files -> the bytes that were packed: blocks of LZMA2 chunks, each with its check.
 * Of the index at the end only the number of blocks is wanted.
 * @source xz doc/xz-file-format.txt
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { append, type BoundedOutput, damaged, drainTo, spend } from './bounded-output.ts';
import { type LzmaState, readLzma, startLzma } from './lzma.ts';

const STREAM_HEADER_BYTES = 12;
const LZMA2 = 0x21;
/** Steps (see `bounded-output`) of a block or chunk, however little it holds. */
const CHUNK_STEPS = 100;

/** A checksum that grows with the bytes of a block. */
interface Check {
  readonly update: (bytes: Uint8Array) => void;
  /** As it is stored. */
  readonly digest: () => Uint8Array;
}

/** The checks of blocks, by the stream's kind. */
const CHECKS: ReadonlyMap<number, () => Check> = new Map([
  [0, () => ({ update: () => undefined, digest: () => new Uint8Array(0) })],
  [1, startCrc32],
  [4, startCrc64],
  [10, startSha256],
]);

function startCrc32(): Check {
  let crc = 0;
  return {
    update: (bytes) => {
      crc = crc32(bytes, crc);
    },
    digest: () => littleEndian(crc),
  };
}

function startSha256(): Check {
  const hash = createHash('sha256');
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
}

const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] as const;

/** An XZ file into `output`; streams behind each other are one. @throws RangeError for damage */
export const decompressXz = (bytes: Uint8Array, output: BoundedOutput): void => {
  let at = 0;
  do {
    at += readStream(bytes.subarray(at), output);
    while (bytes[at] === 0) at++;
  } while (MAGIC.every((byte, i) => bytes[at + i] === byte));
  if (at < bytes.length) throw broken('something else follows its end');
  drainTo(output, 0);
};

/** One stream; returns its length. */
const readStream = (bytes: Uint8Array, output: BoundedOutput): number => {
  const startCheck = CHECKS.get(bytes[7] ?? -1);
  if (bytes.length < STREAM_HEADER_BYTES || bytes[6] !== 0 || !startCheck)
    throw broken('its header means nothing');
  if (!hasCrc32(bytes.subarray(6, 12))) throw broken('its header has another checksum');
  let at = STREAM_HEADER_BYTES;
  let nBlocks = 0;
  // A block begins with its header's size; 0 there begins the index.
  for (; bytes[at] !== 0; nBlocks++) {
    spend(output, CHUNK_STEPS);
    const check = startCheck();
    const header = readHeader(bytes, at);
    at = readBlock(bytes, at + header.nBytes, { output, check, windowBytes: header.windowBytes });
    at += -(at - STREAM_HEADER_BYTES) & 3;
    const sum = check.digest();
    if (Buffer.compare(sum, bytes.subarray(at, at + sum.length)) !== 0)
      throw broken('a block has another checksum');
    at += sum.length;
  }
  return Math.min(checkIndex(bytes, at, nBlocks) + STREAM_HEADER_BYTES, bytes.length);
};

/** Size of a block's header and, from its filter, how far back a match may reach. */
const readHeader = (bytes: Uint8Array, at: number) => {
  const size = ((bytes[at] ?? 0) + 1) * 4;
  const header = bytes.subarray(at, at + size);
  if (bytes[at] === undefined || header.length < size) throw broken('it is cut short');
  if (!hasCrc32(header)) throw broken('a block has another checksum');
  const flags = header[1]!;
  const nSizes = (flags & 0x40 ? 1 : 0) + (flags & 0x80 ? 1 : 0);
  const field = skipNumbers(header, 2, nSizes);
  if ((flags & 3) !== 0 || header[field] !== LZMA2)
    throw broken('it is filtered by more than LZMA2');
  const exponent = header[field + 2] ?? 40;
  return { nBytes: size, windowBytes: (2 + (exponent & 1)) * 2 ** ((exponent >> 1) + 11) };
};

/** Where the bytes after so many numbers of seven bits a byte begin. */
const skipNumbers = (bytes: Uint8Array, start: number, count: number): number => {
  let at = start;
  for (let i = 0; i < count && at < bytes.length; i++) while ((bytes[at++] ?? 0) >= 128);
  return at;
};

/** Where the index ends. */
const checkIndex = (bytes: Uint8Array, start: number, nBlocks: number): number => {
  const nSaid = bytes[start + 1] ?? Number.NaN;
  // Files of 128 blocks and more say their number in several bytes, and are checked by their sum alone.
  if (nSaid < 128 && nSaid !== nBlocks) throw broken('a block is missing');
  const end = skipNumbers(bytes, start + 1, 1 + 2 * nBlocks);
  const index = bytes.subarray(start, end + (-(end - start) & 3) + 4);
  if (index.length < 8 || !hasCrc32(index)) throw broken('its index has another checksum');
  return start + index.length;
};

interface BlockOutput {
  readonly output: BoundedOutput;
  readonly check: Check;
  readonly windowBytes: number;
}

/** Bytes beyond the window that may gather before they are drained: moving the window costs. */
const DRAINED_AT_ONCE = 1 << 22;

/** LZMA2 chunks up to the one of size 0. Where they end. */
const readBlock = (
  bytes: Uint8Array,
  start: number,
  { output, check, windowBytes }: BlockOutput,
): number => {
  const u16 = (at: number): number => bytes[at]! * 256 + (bytes[at + 1] ?? Number.NaN);
  let at = start;
  let state: LzmaState | undefined;
  let properties: number | undefined;
  let first = output.length;
  let checked = output.length;
  const finishChunk = (): void => {
    check.update(output.bytes.subarray(checked, output.length));
    if (output.length > windowBytes + DRAINED_AT_ONCE) {
      const moved = drainTo(output, windowBytes);
      first -= moved;
      if (state) state.start -= moved;
    }
    checked = output.length;
  };
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
      finishChunk();
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
    finishChunk();
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

function startCrc64(): Check {
  let [low, high] = [-1, -1];
  return {
    update: (bytes) => {
      for (let i = 0; i < bytes.length; i++) {
        const byte = (low ^ bytes[i]!) & 255;
        low = ((low >>> 8) | (high << 24)) ^ CRC64.low[byte]!;
        high = (high >>> 8) ^ CRC64.high[byte]!;
      }
    },
    digest: () => new Uint8Array(Uint32Array.of(~low, ~high).buffer),
  };
}

const broken = damaged;
