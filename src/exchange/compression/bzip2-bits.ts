/**
 * The bits of a bzip2 file, the highest of a byte first, and its Huffman codes.
 * A code is looked up by its first bits; the few that are longer are found by the last code of each length.
 * @source bzip2 1.0.8, decompress.c, huffman.c
 */
import { damaged } from './unpacked.ts';

export interface Bits {
  readonly bytes: Uint8Array;
  at: number;
  /** The next bits, in the lowest `nHeld` places. */
  held: number;
  nHeld: number;
}

export const startBits = (bytes: Uint8Array): Bits => ({ bytes, at: 0, held: 0, nHeld: 0 });

/** A whole number of up to 24 bits. @throws AppError model-broken past the end */
export const read = (bits: Bits, count: number): number => {
  const value = peek(bits, count);
  skip(bits, count);
  return value;
};

/** The next bits, 0 past the end; `skip` complains there. */
const peek = (bits: Bits, count: number): number => {
  while (bits.nHeld < count) {
    bits.held = (bits.held << 8) | (bits.bytes[bits.at++] ?? 0);
    bits.nHeld += 8;
  }
  return (bits.held >>> (bits.nHeld - count)) & ((1 << count) - 1);
};

const skip = (bits: Bits, count: number): void => {
  bits.nHeld -= count;
  if (bits.at - (bits.nHeld >> 3) > bits.bytes.length) throw broken('it is cut short');
};

const LONGEST_CODE = 20;
const LOOKED_UP_BITS = 10;

/** One table of codes. */
export interface Codes {
  /** By the next bits: symbol * 32 + length of the code; 0 where it is longer. */
  readonly quick: Uint16Array;
  /** Per length the last code, and where its symbols begin. */
  readonly last: Int32Array;
  readonly begin: Int32Array;
  readonly symbols: Uint16Array;
}

/** Lengths are written as differences, each up or down by one. */
export const readCodes = (bits: Bits, nSymbols: number): Codes => {
  const lengths = new Uint8Array(nSymbols);
  let length = read(bits, 5);
  for (let symbol = 0; symbol < nSymbols; symbol++) {
    for (;;) {
      if (length < 1 || length > LONGEST_CODE) throw broken(`a code of ${length} bits`);
      if (!read(bits, 1)) break;
      length += read(bits, 1) ? -1 : 1;
    }
    lengths[symbol] = length;
  }
  const last = new Int32Array(LONGEST_CODE + 1).fill(-1);
  const begin = new Int32Array(LONGEST_CODE + 1);
  const quick = new Uint16Array(1 << LOOKED_UP_BITS);
  const symbols = new Uint16Array(nSymbols);
  let nPlaced = 0;
  for (let bit = 1, code = 0; bit <= LONGEST_CODE; bit++, code *= 2) {
    begin[bit] = nPlaced - code;
    for (let symbol = 0; symbol < nSymbols; symbol++) {
      if (lengths[symbol] !== bit) continue;
      const spare = LOOKED_UP_BITS - bit;
      if (spare >= 0) quick.fill(symbol * 32 + bit, code << spare, (code + 1) << spare);
      symbols[nPlaced++] = symbol;
      last[bit] = code++;
    }
  }
  return { quick, last, begin, symbols };
};

export const readSymbol = (bits: Bits, codes: Codes): number => {
  const found = codes.quick[peek(bits, LOOKED_UP_BITS)]!;
  if (found === 0) return readLongSymbol(bits, codes);
  skip(bits, found & 31);
  return found >> 5;
};

const readLongSymbol = (bits: Bits, { last, begin, symbols }: Codes): number => {
  const next = peek(bits, LONGEST_CODE);
  for (let length = LOOKED_UP_BITS + 1; length <= LONGEST_CODE; length++) {
    const code = next >> (LONGEST_CODE - length);
    if (code > last[length]!) continue;
    skip(bits, length);
    const symbol = symbols[begin[length]! + code];
    if (symbol !== undefined) return symbol;
    break;
  }
  throw broken('a code means nothing');
};

export const broken = (detail: string): Error => damaged('bzip2', detail);
