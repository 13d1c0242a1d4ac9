/**
 * Bzip2 files -> the bytes that were packed. One of the unpackers behind `joblib`.
 * A block is bits -> Huffman codes -> positions in a list of recent bytes -> the sorted text -> the text -> its runs.
 * @source bzip2 1.0.8, decompress.c; Burrows and Wheeler 1994
 */
import { type Bits, broken, read, readCodes, readSymbol, startBits } from './bzip2-bits.ts';
import { reserve, spend, startUnpacked, type Unpacked } from './unpacked.ts';

const BLOCK = 0x314159265359;
const END = 0x177245385090;
const GROUP_CODES = 50;

/** @throws AppError model-broken, model-unsupported (too large) */
export const unpackBzip2 = (bytes: Uint8Array): Uint8Array => {
  const level = (bytes[3] ?? 0) - 0x30;
  if (!(level >= 1 && level <= 9)) throw broken('its header means nothing');
  const bits = startBits(bytes.subarray(4));
  const text = new Uint32Array(level * 100_000);
  const unpacked = startUnpacked();
  for (;;) {
    const magic = read(bits, 24) * 2 ** 24 + read(bits, 24);
    if (magic === END) return unpacked.bytes.subarray(0, unpacked.length);
    if (magic !== BLOCK) throw broken('a block does not start as it should');
    const checksum = read(bits, 16) * 65_536 + read(bits, 16);
    if (read(bits, 1)) throw broken('its blocks are shuffled, as only versions before 0.9.5 did');
    const origin = read(bits, 24);
    const nBytes = readText(bits, text, unpacked);
    if (origin >= nBytes) throw broken('a block starts outside itself');
    if (writeText(text, nBytes, origin, unpacked) !== checksum)
      throw broken('a block has another checksum');
  }
};

/** Steps (see `unpacked`) of a symbol, of a byte of a block, and of a block before its first symbol. */
const STEPS = { symbol: 4, byte: 2, block: 2000 } as const;

/** The sorted text of a block, into `text`; returns its length. */
const readText = (bits: Bits, text: Uint32Array, unpacked: Unpacked): number => {
  const recent = readAlphabet(bits);
  const end = recent.length + 1;
  const nTables = read(bits, 3);
  const nGroups = read(bits, 15);
  if (nTables < 2 || nTables > 6 || nGroups < 1) throw broken('a block has no codes');
  spend(unpacked, STEPS.block + nGroups * STEPS.symbol);
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
    spend(unpacked, GROUP_CODES * STEPS.symbol);
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
  unpacked: Unpacked,
): number => {
  spend(unpacked, nBytes * STEPS.byte);
  const starts = new Uint32Array(257);
  for (let i = 0; i < nBytes; i++) starts[text[i]! + 1]!++;
  for (let byte = 0; byte < 256; byte++) starts[byte + 1]! += starts[byte]!;
  // Above its byte, each place keeps the place of the byte that follows in the text.
  for (let i = 0; i < nBytes; i++) text[starts[text[i]! & 255]!++]! |= i << 8;
  let place = text[origin]! >>> 8;
  let out = unpacked.bytes;
  let n = unpacked.length;
  let [before, nEqual, checksum] = [-1, 0, -1];
  for (let i = 0; i < nBytes; i++) {
    const byte = text[place]! & 255;
    place = text[place]! >>> 8;
    const isCount = nEqual === 4;
    const times = isCount ? byte : 1;
    const value = isCount ? before : byte;
    if (n + times > out.length) {
      unpacked.length = n;
      out = reserve(unpacked, times);
    }
    for (let t = 0; t < times; t++) {
      out[n++] = value;
      checksum = (checksum << 8) ^ CRC32[(checksum >>> 24) ^ value]!;
    }
    nEqual = isCount ? 0 : byte === before ? nEqual + 1 : 1;
    before = isCount ? -1 : byte;
  }
  unpacked.length = n;
  return ~checksum >>> 0;
};

/** CRC-32 with the highest bit first, of each byte. */
const CRC32 = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let i = 0; i < 8; i++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc;
});
