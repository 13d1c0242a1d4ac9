/**
 * Bzip2 files -> the bytes that were packed.
 * A block is bits -> Huffman codes -> positions in a list of recent bytes -> the sorted text -> the text -> its runs.
 * @source bzip2 1.0.8, decompress.c, huffman.c; Burrows and Wheeler 1994
 */
import { type BoundedOutput, damaged, drainTo, reserve, spend } from './bounded-output.ts';

const BLOCK = 0x314159265359;
const END = 0x177245385090;
const GROUP_CODES = 50;

/** A bzip2 file into `output`; files behind each other, as parallel packers write them, are one. @throws RangeError for damage */
export const decompressBzip2 = (bytes: Uint8Array, output: BoundedOutput): void => {
  let at = 0;
  do at += decompressStream(bytes.subarray(at), output);
  while (bytes[at] === 0x42 && bytes[at + 1] === 0x5a && bytes[at + 2] === 0x68);
};

/** One file; returns its length. */
const decompressStream = (bytes: Uint8Array, output: BoundedOutput): number => {
  const level = (bytes[3] ?? 0) - 0x30;
  if (!(level >= 1 && level <= 9)) throw broken('its header means nothing');
  const bits = startBits(bytes.subarray(4));
  const text = new Uint32Array(level * 100_000);
  for (;;) {
    const magic = read(bits, 24) * 2 ** 24 + read(bits, 24);
    if (magic === END) {
      drainTo(output, 0);
      read(bits, 16);
      read(bits, 16);
      return 4 + bits.at - (bits.nHeld >> 3);
    }
    if (magic !== BLOCK) throw broken('a block does not start as it should');
    const checksum = read(bits, 16) * 65_536 + read(bits, 16);
    if (read(bits, 1)) throw broken('its blocks are shuffled, as only versions before 0.9.5 did');
    const origin = read(bits, 24);
    const nBytes = readText(bits, text, output);
    if (origin >= nBytes) throw broken('a block starts outside itself');
    if (writeText(text, nBytes, origin, output) !== checksum)
      throw broken('a block has another checksum');
    drainTo(output, 0);
  }
};

/** Steps (see `bounded-output`) of a symbol, of a byte of a block, and of a block before its first symbol. */
const STEPS = { symbol: 4, byte: 2, block: 2000 } as const;

/** The sorted text of a block, into `text`; returns its length. */
const readText = (bits: Bits, text: Uint32Array, output: BoundedOutput): number => {
  const recent = readAlphabet(bits);
  const end = recent.length + 1;
  const nTables = read(bits, 3);
  const nGroups = read(bits, 15);
  if (nTables < 2 || nTables > 6 || nGroups < 1) throw broken('a block has no codes');
  spend(output, STEPS.block + nGroups * STEPS.symbol);
  const order = [0, 1, 2, 3, 4, 5];
  const groups = Uint8Array.from({ length: nGroups }, () => {
    let place = 0;
    while (read(bits, 1)) if (++place >= nTables) throw broken('a table of codes is not there');
    order.unshift(order.splice(place, 1)[0]!);
    return order[0]!;
  });
  const tables = Array.from({ length: nTables }, () => readCodes(bits, end + 1));
  let [nBytes, run, weight] = [0, 0, 1];
  for (const group of groups) {
    const codes = tables[group]!;
    spend(output, GROUP_CODES * STEPS.symbol);
    for (let code = 0; code < GROUP_CODES; code++) {
      const symbol = readSymbol(bits, codes);
      if (symbol < 2) {
        // Runs of the most recent byte count in twos: 1 and 2, then 2 and 4, ...
        run += weight << symbol;
        weight *= 2;
        if (run > text.length) throw broken('a block is too long');
        continue;
      }
      if (nBytes + run >= text.length) throw broken('a block is too long');
      if (run > 0) {
        text.fill(recent[0]!, nBytes, nBytes + run);
        nBytes += run;
        [run, weight] = [0, 1];
      }
      if (symbol === end) return nBytes;
      const byte = recent[symbol - 1]!;
      if (symbol > FEW) recent.copyWithin(1, 0, symbol - 1);
      else for (let i = symbol - 1; i > 0; i--) recent[i] = recent[i - 1]!;
      recent[0] = byte;
      text[nBytes++] = byte;
    }
  }
  throw broken('a block is longer than it says');
};

/** Up to here a loop is faster than a call. */
const FEW = 24;

/** The bytes that occur in a block, ascending. */
const readAlphabet = (bits: Bits): Uint8Array => {
  const rows = read(bits, 16);
  const bytes: number[] = [];
  for (let row = 0; row < 16; row++) {
    const marks = (rows >> (15 - row)) & 1 ? read(bits, 16) : 0;
    for (let i = 0; i < 16; i++) if ((marks >> (15 - i)) & 1) bytes.push(row * 16 + i);
  }
  if (bytes.length === 0) throw broken('a block has no bytes');
  return Uint8Array.from(bytes);
};

/** Undoes the sorting, then the runs: four equal bytes are followed by how many more. Returns the checksum. */
const writeText = (
  text: Uint32Array,
  nBytes: number,
  origin: number,
  output: BoundedOutput,
): number => {
  spend(output, nBytes * STEPS.byte);
  const starts = new Uint32Array(257);
  for (let i = 0; i < nBytes; i++) starts[text[i]! + 1]!++;
  for (let byte = 0; byte < 256; byte++) starts[byte + 1]! += starts[byte]!;
  // Above its byte, each place keeps the place of the byte that follows in the text.
  for (let i = 0; i < nBytes; i++) text[starts[text[i]! & 255]!++]! |= i << 8;
  let place = text[origin]! >>> 8;
  let out = output.bytes;
  let n = output.length;
  let [before, nEqual, checksum] = [-1, 0, -1];
  for (let i = 0; i < nBytes; i++) {
    const byte = text[place]! & 255;
    place = text[place]! >>> 8;
    const isCount = nEqual === 4;
    const times = isCount ? byte : 1;
    const value = isCount ? before : byte;
    if (n + times > out.length) {
      output.length = n;
      out = reserve(output, times);
    }
    for (let t = 0; t < times; t++) {
      out[n++] = value;
      checksum = (checksum << 8) ^ CRC32[(checksum >>> 24) ^ value]!;
    }
    nEqual = isCount ? 0 : byte === before ? nEqual + 1 : 1;
    before = isCount ? -1 : byte;
  }
  output.length = n;
  return ~checksum >>> 0;
};

/** CRC-32 with the highest bit first, of each byte. */
const CRC32 = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let i = 0; i < 8; i++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc;
});

/** The bits of a file, the highest of a byte first. */
interface Bits {
  readonly bytes: Uint8Array;
  at: number;
  /** The next bits, in the lowest `nHeld` places. */
  held: number;
  nHeld: number;
}

const startBits = (bytes: Uint8Array): Bits => ({ bytes, at: 0, held: 0, nHeld: 0 });

/** A whole number of up to 24 bits. @throws RangeError past the end */
const read = (bits: Bits, count: number): number => {
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

/**
 * One table of Huffman codes. A code is looked up by its first bits;
 * the few that are longer are found by the last code of each length.
 */
interface Codes {
  /** By the next bits: symbol * 32 + length of the code; 0 where it is longer. */
  readonly quick: Uint16Array;
  /** Per length the last code, and where its symbols begin. */
  readonly last: Int32Array;
  readonly begin: Int32Array;
  readonly symbols: Uint16Array;
}

/** Lengths are written as differences, each up or down by one. */
const readCodes = (bits: Bits, nSymbols: number): Codes => {
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

const readSymbol = (bits: Bits, codes: Codes): number => {
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

const broken = damaged;
