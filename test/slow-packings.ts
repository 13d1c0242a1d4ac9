/**
 * Packed files that unpack slowly on purpose, without growing much.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PACKINGS = join(import.meta.dir, '../src/exchange/fixtures/packings');

const BZIP2_END = '177245385090';
const BZIP2_END_BITS = 80;

/** The one block of `block.bz2` again and again; blocks end in the middle of bytes. */
export const slowBzip2 = (nBlocks: number): Uint8Array => {
  const bytes = readFileSync(join(PACKINGS, 'block.bz2'));
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const end = [0, 1, 2, 3, 4, 5, 6, 7]
    .map((padding) => bits.length - padding - BZIP2_END_BITS)
    .find((at) => BigInt(`0b${bits.slice(at, at + 48)}`) === BigInt(`0x${BZIP2_END}`))!;
  const all = bits.slice(0, 32) + bits.slice(32, end).repeat(nBlocks) + bits.slice(end);
  return Uint8Array.from({ length: Math.ceil(all.length / 8) }, (_, i) =>
    Number.parseInt(all.slice(i * 8, i * 8 + 8).padEnd(8, '0'), 2),
  );
};

/** A range decoder that is fed with zeros finds the likelier bit each time: one literal 0 after the other. */
export const slowLzma = (nBytes: number): Uint8Array =>
  Buffer.concat([Buffer.from('5d00008000ffffffffffffffff', 'hex'), Buffer.alloc(nBytes)]);

/** Frames of LZ4 that hold nothing. */
export const slowLz4 = (nFrames: number): Uint8Array => {
  const flags = Buffer.from([0x60, 0x40]);
  const sum = (Bun.hash.xxHash32(flags) >>> 8) & 255;
  const frame = Buffer.concat([
    Buffer.from('04224d18', 'hex'),
    flags,
    Buffer.from([sum, 0, 0, 0, 0]),
  ]);
  return Buffer.concat(new Array<Buffer>(nFrames).fill(frame));
};
