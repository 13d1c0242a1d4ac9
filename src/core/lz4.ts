/**
 * Decoding of LZ4 frames, which Arrow and Feather files pack their buffers in;
 * @source LZ4 Frame Format 1.6.4 and LZ4 Block Format, lz4/lz4 doc
 */

const MAGIC = 0x184d2204;

/** The bytes of a frame. @throws RangeError when the frame is not whole or points outside itself */
export const decodeLz4 = (frame: Uint8Array, nBytes: number): Uint8Array => {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw new RangeError('not an LZ4 frame');
  const flags = view.getUint8(4);
  const hasBlockChecksum = (flags & 0x10) !== 0;
  const out = new Uint8Array(nBytes);
  let from = 7 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0);
  let to = 0;
  for (;;) {
    const head = view.getUint32(from, true);
    from += 4;
    if (head === 0) break;
    const size = head & 0x7fffffff;
    if (from + size > frame.length) throw new RangeError('an LZ4 block is cut off');
    const block = frame.subarray(from, from + size);
    if (head >>> 31 === 1) {
      out.set(block, to);
      to += size;
    } else to = decodeBlockInto(block, out, to);
    from += size + (hasBlockChecksum ? 4 : 0);
  }
  if (to !== nBytes) throw new RangeError(`an LZ4 frame holds ${to} bytes of ${nBytes}`);
  return out;
};

/** Decodes one block to `out[at..]`, whose earlier bytes it may repeat; returns where it ended. */
const decodeBlockInto = (block: Uint8Array, out: Uint8Array, at: number): number => {
  let from = 0;
  let to = at;
  const readLength = (nibble: number): number => {
    let length = nibble;
    if (nibble !== 15) return length;
    for (;;) {
      const more = block[from++];
      if (more === undefined) throw new RangeError('an LZ4 length is cut off');
      length += more;
      if (more !== 255) return length;
    }
  };
  while (from < block.length) {
    const token = block[from++]!;
    const nLiterals = readLength(token >> 4);
    if (from + nLiterals > block.length || to + nLiterals > out.length) {
      throw new RangeError('LZ4 literals leave the block');
    }
    out.set(block.subarray(from, from + nLiterals), to);
    from += nLiterals;
    to += nLiterals;
    if (from >= block.length) break;
    if (from + 2 > block.length) throw new RangeError('an LZ4 offset is cut off');
    const offset = block[from]! | (block[from + 1]! << 8);
    from += 2;
    const length = readLength(token & 15) + 4;
    if (offset === 0 || offset > to || to + length > out.length) {
      throw new RangeError('an LZ4 match leaves the block');
    }
    // Byte by byte: a match may repeat what it has just written.
    for (const end = to + length; to < end; to++) out[to] = out[to - offset]!;
  }
  return to;
};
