/**
 * Decoding of LZ4 frames: Arrow and Feather files pack their buffers in them, joblib whole pickles.
 *
 * A block alternates literals with matches; a match repeats bytes that were decoded `distance` before,
 * in this block or an earlier one, and may overlap with what it writes.
 * @source LZ4 Frame Format 1.6.4 and LZ4 Block Format, lz4/lz4 doc
 */

const MAGIC = 0x184d2204;
const FLAG = { blockChecksum: 16, contentSize: 8, contentChecksum: 4, dictionary: 1 } as const;
const RAW_BLOCK = 0x80000000;
const MIN_MATCH = 4;

/** Where the decoded bytes go, and what they may cost. */
interface Lz4Output {
  /** The first `length` bytes are decoded. */
  bytes: Uint8Array;
  length: number;
  /** Makes room in `bytes` for as many more, or throws. */
  readonly reserve: (nBytes: number) => void;
  /** Called before each block, and before each pair of literals and match; may throw. */
  readonly onStep?: (step: 'block' | 'sequence') => void;
}

/** The bytes of one frame that holds as many. @throws RangeError for a damaged frame, or one of another length */
export const decodeLz4 = (frame: Uint8Array, nBytes: number): Uint8Array => {
  const output: Lz4Output = {
    bytes: new Uint8Array(nBytes),
    length: 0,
    reserve: (nMore) => {
      if (output.length + nMore > nBytes)
        throw new RangeError(`an LZ4 frame holds more than ${nBytes} bytes`);
    },
  };
  decodeFrame(frame, 0, output);
  if (output.length !== nBytes)
    throw new RangeError(`an LZ4 frame holds ${output.length} bytes of ${nBytes}`);
  return output.bytes;
};

/** Decodes all frames of a file, one after the other. @throws RangeError for a damaged frame */
export const decodeLz4Frames = (file: Uint8Array, output: Lz4Output): void => {
  let at = 0;
  do at = decodeFrame(file, at, output);
  while (at < file.length);
};

/** Where the frame ends. */
const decodeFrame = (bytes: Uint8Array, start: number, output: Lz4Output): number => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u32 = (at: number): number => {
    if (at + 4 > bytes.length) throw new RangeError('it is cut short');
    return view.getUint32(at, true);
  };
  if (u32(start) !== MAGIC) throw new RangeError('a frame does not start as it should');
  const flags = bytes[start + 4] ?? 0;
  if (flags >> 6 !== 1) throw new RangeError(`its version is ${flags >> 6}`);
  if (flags & FLAG.dictionary) throw new RangeError('it needs a dictionary');
  const headerEnd = start + 6 + (flags & FLAG.contentSize ? 8 : 0);
  const header = bytes.subarray(start + 4, headerEnd);
  if (bytes[headerEnd] !== ((Bun.hash.xxHash32(header) >>> 8) & 255))
    throw new RangeError('its header has another checksum');
  const from = output.length;
  let at = headerEnd + 1;
  for (;;) {
    const size = u32(at);
    at += 4;
    output.onStep?.('block');
    if (size === 0) break;
    const end = at + (size % RAW_BLOCK);
    if (end > bytes.length) throw new RangeError('it is cut short');
    const block = bytes.subarray(at, end);
    if (size >= RAW_BLOCK) append(output, block);
    else decodeBlock(block, output);
    at = end;
    if (!(flags & FLAG.blockChecksum)) continue;
    if (u32(at) !== Bun.hash.xxHash32(block)) throw new RangeError('a block has another checksum');
    at += 4;
  }
  if (!(flags & FLAG.contentChecksum)) return at;
  const content = output.bytes.subarray(from, output.length);
  if (u32(at) !== Bun.hash.xxHash32(content))
    throw new RangeError('its content has another checksum');
  return at + 4;
};

const decodeBlock = (block: Uint8Array, output: Lz4Output): void => {
  let at = 0;
  /** A length of 15 goes on in the bytes that follow, up to the first below 255. */
  const readLength = (nibble: number): number => {
    if (nibble < 15) return nibble;
    let length = nibble;
    for (;;) {
      const more = block[at++];
      if (more === undefined) throw new RangeError('a length is cut short');
      length += more;
      if (more !== 255) return length;
    }
  };
  for (;;) {
    const token = block[at++];
    output.onStep?.('sequence');
    if (token === undefined) throw new RangeError('a block is cut short');
    const nLiterals = readLength(token >> 4);
    if (at + nLiterals > block.length) throw new RangeError('a block is cut short');
    append(output, block.subarray(at, at + nLiterals));
    at += nLiterals;
    if (at === block.length) return;
    const distance = block[at]! + (block[at + 1] ?? 0) * 256;
    at += 2;
    if (distance === 0 || distance > output.length)
      throw new RangeError('it repeats what is not there');
    repeat(output, distance, readLength(token & 15) + MIN_MATCH);
  }
};

const append = (output: Lz4Output, bytes: Uint8Array): void => {
  output.reserve(bytes.length);
  output.bytes.set(bytes, output.length);
  output.length += bytes.length;
};

const repeat = (output: Lz4Output, distance: number, nBytes: number): void => {
  output.reserve(nBytes);
  const { bytes, length: to } = output;
  if (distance >= nBytes) bytes.copyWithin(to, to - distance, to - distance + nBytes);
  // Byte by byte: a match may repeat what it has just written.
  else for (let i = to; i < to + nBytes; i++) bytes[i] = bytes[i - distance]!;
  output.length = to + nBytes;
};
