/**
 * LZ4 frames -> the bytes that were packed. One of the unpackers behind `joblib`.
 * @source lz4 doc/lz4_Frame_format.md, doc/lz4_Block_format.md
 */
import { append, damaged, repeat, spend, startUnpacked, type Unpacked } from './unpacked.ts';

const MAGIC = 0x184d2204;
const FLAG = { blockChecksum: 16, contentSize: 8, contentChecksum: 4, dictionary: 1 } as const;
const RAW_BLOCK = 0x80000000;
const LEAST_MATCH = 4;
/** Steps (see `unpacked`) of a frame or block, and of literals with their match. */
const STEPS = { block: 100, sequence: 8 } as const;

/** @throws AppError model-broken, model-unsupported (too large) */
export const unpackLz4 = (bytes: Uint8Array): Uint8Array => {
  const unpacked = startUnpacked();
  let at = 0;
  do at = readFrame(bytes, at, unpacked);
  while (at < bytes.length);
  return unpacked.bytes.subarray(0, unpacked.length);
};

/** Where the frame ends. */
const readFrame = (bytes: Uint8Array, start: number, unpacked: Unpacked): number => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u32 = (at: number): number => {
    if (at + 4 > bytes.length) throw broken('it is cut short');
    return view.getUint32(at, true);
  };
  if (u32(start) !== MAGIC) throw broken('a frame does not start as it should');
  const flags = bytes[start + 4] ?? 0;
  if (flags >> 6 !== 1) throw broken(`its version is ${flags >> 6}`);
  if (flags & FLAG.dictionary) throw broken('it needs a dictionary');
  const headerEnd = start + 6 + (flags & FLAG.contentSize ? 8 : 0);
  const header = bytes.subarray(start + 4, headerEnd);
  if (bytes[headerEnd] !== ((Bun.hash.xxHash32(header) >>> 8) & 255))
    throw broken('its header has another checksum');
  const from = unpacked.length;
  let at = headerEnd + 1;
  for (;;) {
    const size = u32(at);
    at += 4;
    spend(unpacked, STEPS.block);
    if (size === 0) break;
    const end = at + (size % RAW_BLOCK);
    if (end > bytes.length) throw broken('it is cut short');
    const block = bytes.subarray(at, end);
    if (size >= RAW_BLOCK) append(unpacked, block);
    else readBlock(block, unpacked);
    at = end;
    if (!(flags & FLAG.blockChecksum)) continue;
    if (u32(at) !== Bun.hash.xxHash32(block)) throw broken('a block has another checksum');
    at += 4;
  }
  if (!(flags & FLAG.contentChecksum)) return at;
  const content = unpacked.bytes.subarray(from, unpacked.length);
  if (u32(at) !== Bun.hash.xxHash32(content)) throw broken('its content has another checksum');
  return at + 4;
};

/** Literals and matches in turn; a match may reach back into earlier blocks. */
const readBlock = (block: Uint8Array, unpacked: Unpacked): void => {
  let at = 0;
  const longer = (length: number): number => {
    if (length < 15) return length;
    let total = length;
    for (let more = 255; more === 255; total += more) {
      more = block[at++] ?? Number.NaN;
      if (Number.isNaN(more)) throw broken('a length is cut short');
    }
    return total;
  };
  for (;;) {
    const token = block[at++];
    spend(unpacked, STEPS.sequence);
    if (token === undefined) throw broken('a block is cut short');
    const nLiterals = longer(token >> 4);
    if (at + nLiterals > block.length) throw broken('a block is cut short');
    append(unpacked, block.subarray(at, at + nLiterals));
    at += nLiterals;
    if (at === block.length) return;
    const distance = block[at]! + (block[at + 1] ?? 0) * 256;
    at += 2;
    if (distance === 0 || distance > unpacked.length) throw broken('it repeats what is not there');
    repeat(unpacked, distance, longer(token & 15) + LEAST_MATCH);
  }
};

const broken = (detail: string): Error => damaged('lz4', detail);
