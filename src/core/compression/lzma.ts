/**
 * LZMA, the range-coded stream behind `.lzma` and `.xz` files.
 * One array holds all probabilities; `OFFSET` says where each kind begins.
 * @source LZMA SDK, DOC/lzma-specification.txt
 */
import { type BoundedOutput, damaged, repeat, reserve, spend } from './bounded-output.ts';

const STATES = 12;
const LENGTH_CODER = 2 + 2 * 16 * 8 + 256;
const OFFSET = (() => {
  const sizes = {
    isMatch: STATES << 4,
    isRepeat: STATES,
    isRepeat0: STATES,
    isRepeat1: STATES,
    isRepeat2: STATES,
    isLongRepeat0: STATES << 4,
    slot: 4 * 64,
    special: 128,
    align: 16,
    length: LENGTH_CODER,
    repeatLength: LENGTH_CODER,
    literal: 0,
  };
  let at = 0;
  return Object.fromEntries(
    Object.entries(sizes).map(([name, size]) => {
      at += size;
      return [name, at - size];
    }),
  ) as Readonly<Record<keyof typeof sizes, number>>;
})();
const HALF = 1024;
const NORMALIZED = 2 ** 24;
const ANY_LENGTH = 2 ** 32;

/** Steps (see `bounded-output`) of a literal, of a match, and of a probability that is set up. */
const STEPS = { literal: 14, match: 30, probability: 1 / 16 } as const;

/** A stream's properties, and all that it has learned so far. */
export interface LzmaState {
  readonly literalContext: number;
  readonly literalPosition: number;
  readonly position: number;
  readonly probabilities: Uint16Array;
  /** Distances of the last four matches, from 0. */
  repeats: readonly [number, number, number, number];
  step: number;
  /** Where in the output this stream's own bytes begin; no match reaches before it. */
  start: number;
}

/**
 * A stream whose bytes go to the end of `output`; no match reaches before `start`.
 * @throws RangeError for a property byte that means nothing
 */
export const startLzma = (properties: number, start: number, output: BoundedOutput): LzmaState => {
  if (properties >= 225) throw broken('its properties mean nothing');
  const literalContext = properties % 9;
  const literalPosition = Math.floor(properties / 9) % 5;
  const nLiterals = 0x300 << (literalContext + literalPosition);
  spend(output, (OFFSET.literal + nLiterals) * STEPS.probability);
  return {
    literalContext,
    literalPosition,
    position: Math.floor(properties / 45),
    probabilities: new Uint16Array(OFFSET.literal + nLiterals).fill(HALF),
    repeats: [0, 0, 0, 0],
    step: 0,
    start,
  };
};

/** A `.lzma` file (properties, dictionary size, unpacked size or -1, stream) into `output`. @throws RangeError for damage */
export const decompressLzma = (bytes: Uint8Array, output: BoundedOutput): void => {
  if (bytes.length < 18) throw broken('it is cut short');
  const size = new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(5, true);
  const state = startLzma(bytes[0]!, 0, output);
  readLzma(bytes.subarray(13), state, output, size < 0n ? Number.POSITIVE_INFINITY : Number(size));
};

/**
 * Appends `nBytes` bytes, or as many as come before the stream's end mark.
 * @throws RangeError for damage
 */
export const readLzma = (
  bytes: Uint8Array,
  state: LzmaState,
  output: BoundedOutput,
  nBytes: number,
): void => {
  const { probabilities: p, literalContext, start } = state;
  let [last, second, third, fourth] = state.repeats;
  const positionMask = (1 << state.position) - 1;
  const literalMask = (1 << state.literalPosition) - 1;
  const end = output.length + nBytes;
  let at = 5;
  let range = 0xffffffff;
  let code = bytes.length < 5 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  if (bytes.length < 5 || bytes[0] !== 0) throw broken('it does not start as it should');

  const shift = (): void => {
    if (at >= bytes.length) throw broken('it is cut short');
    range = (range << 8) >>> 0;
    code = ((code << 8) | bytes[at++]!) >>> 0;
  };
  const bit = (i: number): number => {
    const share = p[i]!;
    const bound = (range >>> 11) * share;
    if (code < bound) {
      range = bound;
      p[i] = share + ((2048 - share) >> 5);
      if (range < NORMALIZED) shift();
      return 0;
    }
    range -= bound;
    code -= bound;
    p[i] = share - (share >> 5);
    if (range < NORMALIZED) shift();
    return 1;
  };
  const bits = (from: number, count: number): number => {
    let node = 1;
    for (let i = 0; i < count; i++) node = node * 2 + bit(from + node);
    return node - (1 << count);
  };
  const reverseBits = (from: number, count: number): number => {
    let [node, value] = [1, 0];
    for (let i = 0; i < count; i++) {
      const next = bit(from + node);
      node = node * 2 + next;
      value |= next << i;
    }
    return value;
  };
  const directBits = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++) {
      range >>>= 1;
      const next = code >= range ? 1 : 0;
      if (next) code -= range;
      value = value * 2 + next;
      if (range < NORMALIZED) shift();
    }
    return value;
  };
  const lengthOf = (from: number, at4: number): number => {
    if (!bit(from)) return 2 + bits(from + 2 + at4 * 8, 3);
    if (!bit(from + 1)) return 10 + bits(from + 2 + 128 + at4 * 8, 3);
    return 18 + bits(from + 2 + 256, 8);
  };
  const distanceOf = (length: number): number => {
    const slot = bits(OFFSET.slot + Math.min(length - 2, 3) * 64, 6);
    if (slot < 4) return slot;
    const nBits = (slot >> 1) - 1;
    const base = (2 | (slot & 1)) * 2 ** nBits;
    if (slot < 14) return base + reverseBits(OFFSET.special + base - slot, nBits);
    return base + directBits(nBits - 4) * 16 + reverseBits(OFFSET.align, 4);
  };
  const literal = (step: number): void => {
    const out = reserve(output, 1);
    const n = output.length;
    const before = n > start ? out[n - 1]! : 0;
    const context =
      (((n - start) & literalMask) << literalContext) + (before >> (8 - literalContext));
    const from = OFFSET.literal + 0x300 * context;
    let node = 1;
    if (step >= 7) {
      // After a match, the byte that would have gone on with it is a hint.
      let hint = out[n - last - 1]!;
      while (node < 0x100) {
        const guess = hint >> 7;
        hint = (hint << 1) & 255;
        const next = bit(from + ((1 + guess) << 8) + node);
        node = node * 2 + next;
        if (guess !== next) break;
      }
    }
    while (node < 0x100) node = node * 2 + bit(from + node);
    out[n] = node & 255;
    output.length = n + 1;
  };
  const copy = (length: number): void => {
    // What was drained is not there either.
    if (last >= output.length - Math.max(start, 0)) throw broken('it repeats what is not there');
    if (output.length + length > end) throw broken('it is longer than it says');
    repeat(output, last + 1, length);
  };

  let { step } = state;
  while (output.length < end) {
    const at4 = (output.length - start) & positionMask;
    if (!bit(OFFSET.isMatch + (step << 4) + at4)) {
      if (step >= 7 && last >= output.length - start) throw broken('it repeats what is not there');
      spend(output, STEPS.literal);
      literal(step);
      step = step < 4 ? 0 : step < 10 ? step - 3 : step - 6;
      continue;
    }
    spend(output, STEPS.match);
    if (!bit(OFFSET.isRepeat + step)) {
      const length = lengthOf(OFFSET.length, at4);
      const distance = distanceOf(length);
      if (distance === ANY_LENGTH - 1) {
        if (end !== Number.POSITIVE_INFINITY) throw broken('it ends too early');
        break;
      }
      fourth = third;
      third = second;
      second = last;
      last = distance;
      step = step < 7 ? 7 : 10;
      copy(length);
      continue;
    }
    if (!bit(OFFSET.isRepeat0 + step)) {
      if (!bit(OFFSET.isLongRepeat0 + (step << 4) + at4)) {
        step = step < 7 ? 9 : 11;
        copy(1);
        continue;
      }
    } else {
      let again = second;
      if (bit(OFFSET.isRepeat1 + step)) {
        again = third;
        if (bit(OFFSET.isRepeat2 + step)) {
          again = fourth;
          fourth = third;
        }
        third = second;
      }
      second = last;
      last = again;
    }
    step = step < 7 ? 8 : 11;
    copy(lengthOf(OFFSET.repeatLength, at4));
  }
  state.step = step;
  state.repeats = [last, second, third, fourth];
};

const broken = damaged;
