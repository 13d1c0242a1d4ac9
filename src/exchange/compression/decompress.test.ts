/** Every packing that joblib writes: the same bytes come out, no more than the limit, and damage is seen. */
import { describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { slowBzip2, slowLz4, slowLzma } from '../../../test/slow-packings.ts';
import { AppError } from '../../core/errors.ts';
import { decompress } from './decompress.ts';

const FOLDER = join(import.meta.dir, '../fixtures/packings');
const read = (name: string): Buffer => readFileSync(join(FOLDER, name));
const files = readdirSync(FOLDER).filter((name) => !name.endsWith('.raw'));
const plainOf = (name: string): string => `${name.split('.')[0]}.raw`;
const small = files.filter((name) => name.startsWith('small.'));

const refusalOf = (bytes: Uint8Array): AppError => {
  try {
    decompress(bytes);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was unpacked');
};

test.each(
  files.filter((name) => existsSync(join(FOLDER, plainOf(name)))),
)('%s unpacks to what was packed', (name) =>
  expect(Buffer.compare(decompress(read(name)), read(plainOf(name)))).toBe(0));

/** One literal, repeated as often as 400,000 bytes of length say: 100 MB. */
const lz4Bomb = (): Buffer => {
  const length = Buffer.alloc(400_000, 255);
  const block = Buffer.concat([Buffer.from([0x1f, 7, 1, 0]), length, Buffer.from([0, 0, 7])]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(block.length);
  const flags = Buffer.from([0x40, 0x70]);
  const sum = (Bun.hash.xxHash32(flags) >>> 8) & 255;
  return Buffer.concat([Buffer.from('04224d18', 'hex'), flags, Buffer.from([sum]), size, block]);
};
const bombs = files.filter((name) => name.startsWith('bomb.')).map((name) => [name, read(name)]);

test.each([...bombs, ['bomb.lz4', lz4Bomb()]] as [
  string,
  Buffer,
][])('%s is refused at the limit', (_, bytes) => {
  const { code, message } = refusalOf(bytes);
  expect(code).toBe('model-unsupported');
  expect(message).toContain('unpacks to more than');
});

test.each([
  ['bzip2', slowBzip2(200)],
  ['LZMA', slowLzma(2_000_000)],
  ['LZ4', slowLz4(1_000_000)],
])('%s that is slow on purpose is refused when its work is spent', (_, bytes) => {
  const { code, message } = refusalOf(bytes);
  expect(code).toBe('model-unsupported');
  expect(message).toContain('takes too long to unpack');
});

test('a block of bzip2 that is there three times unpacks three times', () => {
  const once = decompress(slowBzip2(1));
  expect(Buffer.compare(decompress(slowBzip2(3)), Buffer.concat([once, once, once]))).toBe(0);
});

describe('a damaged file', () => {
  test.each(small)('%s, cut anywhere, is refused, or nothing of its content is missing', (name) => {
    const bytes = read(name);
    const plain = read(plainOf(name));
    for (let length = 8; length < bytes.length; length++) {
      try {
        expect(Buffer.compare(decompress(bytes.subarray(0, length)), plain)).toBe(0);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        expect(error.code).toBe('model-broken');
      }
    }
  });

  // LZMA alone has no checksum, and LZ4 only where its writer asked for one.
  test.each(
    small.filter((name) => !/\.lzma$|\.plain\.lz4$/.test(name)),
  )('%s with any bit turned never unpacks to something else', (name) => {
    const bytes = read(name);
    const plain = read(plainOf(name));
    for (let i = 0; i < bytes.length * 8; i++) {
      const turned = Uint8Array.from(bytes);
      turned[i >> 3]! ^= 1 << (i & 7);
      let out: Uint8Array | undefined;
      try {
        out = decompress(turned);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
      }
      // A turned magic number makes it no packing at all.
      if (out && out.length !== turned.length) expect(Buffer.compare(out, plain)).toBe(0);
    }
  });
});
