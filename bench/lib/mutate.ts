/**
 * Damaged files for `fuzz-exchange`: bytes turned, moved, cut and joined, numbers of texts made extreme,
 * steps of pickles slipped in. A seed and a number always give the same file.
 */
import { buildRandom } from '../../src/core/random.ts';

export interface Seed {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const EXTREMES = [
  'NaN',
  '-1',
  '1e308',
  '-1e308',
  '2147483648',
  '4294967295',
  '99999999999999999999',
  '0.5',
  '-0',
  'null',
  '[]',
  '{}',
  '""',
  '"__proto__"',
  'Infinity',
  '1e-320',
] as const;
/** Lengths at which readers tend to overflow, as four bytes. */
const LENGTHS = [0, 1, 127, 128, 255, 256, 65_535, 65_536, 0x7fffffff, 0x80000000, 0xffffffff];
const PICKLE_STEPS = [
  [0x28],
  [0x29],
  [0x30],
  [0x31],
  [0x32],
  [0x4e],
  [0x52],
  [0x5d],
  [0x61],
  [0x62],
  [0x65],
  [0x6f],
  [0x73],
  [0x74],
  [0x75],
  [0x7d],
  [0x81],
  [0x85],
  [0x86],
  [0x87],
  [0x88],
  [0x8f],
  [0x90],
  [0x91],
  [0x93],
  [0x94],
  [0x2e],
  [0x68, 0],
  [0x68, 3],
  [0x71, 1],
  [0x4b, 255],
  [0x8a, 1, 128],
  [0x8c, 9, ...Buffer.from('__proto__')],
  [0x95, 255, 255, 255, 255, 255, 255, 255, 127],
] as const;

/** The seed's file with one to six changes. */
export const mutate = (seeds: readonly Seed[], seed: number, i: number): Seed => {
  const random = buildRandom(seed * 1_000_003 + i);
  // The first draws of neighbouring seeds are alike.
  for (let skip = 0; skip < 8; skip++) random();
  const below = (n: number): number => Math.floor(random() * n);
  const chosen = seeds[below(seeds.length)]!;
  let bytes: Buffer = Buffer.from(chosen.bytes);
  const kinds: string[] = [];
  for (let change = below(2) ? 1 : 1 + below(6); change > 0; change--) {
    const kind = KINDS[below(KINDS.length)]!;
    kinds.push(kind);
    bytes = changed(bytes, kind, below, seeds);
  }
  return { name: `${chosen.name} (${kinds.join(', ')})`, bytes };
};

const KINDS = [
  'bit',
  'byte',
  'byte',
  'length',
  'insert',
  'remove',
  'cut',
  'repeat',
  'move',
  'join',
  'number',
  'number',
  'step',
] as const;

const changed = (
  bytes: Buffer,
  kind: (typeof KINDS)[number],
  below: (n: number) => number,
  seeds: readonly Seed[],
): Buffer => {
  if (bytes.length === 0) return Buffer.from([below(256)]);
  const at = below(bytes.length);
  const some = 1 + below(Math.min(64, bytes.length));
  const insert = (what: Uint8Array): Buffer =>
    Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(at)]);
  switch (kind) {
    case 'bit':
      bytes[at]! ^= 1 << below(8);
      return bytes;
    case 'byte':
      bytes[at] = below(256);
      return bytes;
    case 'length': {
      const length = LENGTHS[below(LENGTHS.length)]!;
      if (at + 4 > bytes.length) return bytes;
      if (below(2)) bytes.writeUInt32LE(length, at);
      else bytes.writeUInt32BE(length, at);
      return bytes;
    }
    case 'insert':
      return insert(Uint8Array.from({ length: some }, () => below(256)));
    case 'remove':
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + some)]);
    case 'cut':
      return bytes.subarray(0, at);
    case 'repeat':
      return insert(
        Buffer.concat(new Array<Buffer>(1 + below(40)).fill(bytes.subarray(at, at + some))),
      );
    case 'move':
      bytes.copyWithin(below(bytes.length), at, at + some);
      return bytes;
    case 'join': {
      const other = seeds[below(seeds.length)]!.bytes;
      return Buffer.concat([bytes.subarray(0, at), other.subarray(below(other.length))]);
    }
    case 'number':
      return withNumber(bytes, at, EXTREMES[below(EXTREMES.length)]!);
    case 'step':
      return insert(Uint8Array.from(PICKLE_STEPS[below(PICKLE_STEPS.length)]!));
  }
};

/** The next number that stands there as text becomes another. */
const withNumber = (bytes: Buffer, at: number, text: string): Buffer => {
  const isDigit = (i: number): boolean => /[\d.eE+-]/.test(String.fromCharCode(bytes[i] ?? 0));
  let from = at;
  while (from < bytes.length && from < at + 200 && !isDigit(from)) from++;
  let to = from;
  while (to < bytes.length && isDigit(to)) to++;
  return Buffer.concat([bytes.subarray(0, from), Buffer.from(text), bytes.subarray(to)]);
};
