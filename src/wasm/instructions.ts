/**
 * The instructions of WebAssembly that the kernels of the learner need, as bytes: operands first, then the code.
 *
 * @source https://webassembly.github.io/spec/core/binary/instructions.html
 */

export type Code = readonly number[];

/** Unsigned LEB128. */
export const u = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
};

/** Signed LEB128. */
const s = (value: bigint): number[] => {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const isLast = (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
};

const f64Bytes = (value: number): number[] => [...new Uint8Array(Float64Array.of(value).buffer)];

const operation =
  (...opcode: number[]) =>
  (...operands: Code[]): Code => [...operands.flat(), ...opcode];

const load =
  (...opcode: number[]) =>
  (address: Code, offset = 0): Code => [...address, ...opcode, 0, ...u(offset)];

const store =
  (...opcode: number[]) =>
  (address: Code, value: Code, offset = 0): Code => [
    ...address,
    ...value,
    ...opcode,
    0,
    ...u(offset),
  ];

export const i32 = {
  const: (value: number): Code => [0x41, ...s(BigInt(value | 0))],
  add: operation(0x6a),
  sub: operation(0x6b),
  mul: operation(0x6c),
  and: operation(0x71),
  or: operation(0x72),
  xor: operation(0x73),
  shl: operation(0x74),
  shrS: operation(0x75),
  shrU: operation(0x76),
  eqz: operation(0x45),
  ltS: operation(0x48),
  ltU: operation(0x49),
  gtS: operation(0x4a),
  geU: operation(0x4f),
  load: load(0x28),
  load8U: load(0x2d),
  load16U: load(0x2f),
  store: store(0x36),
  store16: store(0x3b),
} as const;

export const i64 = {
  const: (value: number): Code => [0x42, ...s(BigInt(value))],
  add: operation(0x7c),
  or: operation(0x84),
  and: operation(0x83),
  shl: operation(0x86),
  shrS: operation(0x87),
  shrU: operation(0x88),
  extendS: operation(0xac),
  extendU: operation(0xad),
  load: load(0x29),
  store: store(0x37),
} as const;

const lanes =
  (...opcode: number[]) =>
  (lane: number) =>
  (address: Code, value: Code, offset = 0): Code => [
    ...address,
    ...value,
    ...opcode,
    0,
    ...u(offset),
    lane,
  ];

export const v128 = {
  load: load(0xfd, 0x00),
  store: store(0xfd, 0x0b),
  load32Zero: load(0xfd, 0x5c),
  load64Zero: load(0xfd, 0x5d),
  load64Lane: lanes(0xfd, 0x57),
  store32Lane: lanes(0xfd, 0x5a),
  and: operation(0xfd, 0x4e),
  or: operation(0xfd, 0x50),
  xor: operation(0xfd, 0x51),
  /** The upper half of a vector in both halves. */
  upper: (value: Code): Code => [
    ...value,
    ...value,
    ...[0xfd, 0x0d, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15],
  ],
  /** Lanes 0 and 2 of each of two vectors of int32. */
  evenLanes: (low: Code, high: Code): Code => [
    ...low,
    ...high,
    ...[0xfd, 0x0d, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27],
  ],
} as const;

export const i64x2 = {
  add: operation(0xfd, 0xce, 0x01),
  sub: operation(0xfd, 0xd1, 0x01),
  shl: operation(0xfd, 0xcb, 0x01),
  splat: operation(0xfd, 0x12),
} as const;

export const i32x4 = {
  splat: operation(0xfd, 0x11),
  add: operation(0xfd, 0xae, 0x01),
  mul: operation(0xfd, 0xb5, 0x01),
  shl: operation(0xfd, 0xab, 0x01),
  shrU: operation(0xfd, 0xad, 0x01),
  /** Bytes 0 to 3 as four int32. */
  fromBytes: operation(0xfd, 0x89, 0x01, 0xfd, 0xa9, 0x01),
  /** The vector [a, b, c, d]. */
  const: (a: number, b: number, c: number, d: number): Code => [
    ...[0xfd, 0x0c],
    ...new Uint8Array(Int32Array.of(a, b, c, d).buffer),
  ],
} as const;

export const f64x2 = {
  splat: operation(0xfd, 0x14),
  add: operation(0xfd, 0xf0, 0x01),
  sub: operation(0xfd, 0xf1, 0x01),
  mul: operation(0xfd, 0xf2, 0x01),
  div: operation(0xfd, 0xf3, 0x01),
  /** Of numbers: the second where it is less (more) than the first. */
  pmin: operation(0xfd, 0xf6, 0x01),
  pmax: operation(0xfd, 0xf7, 0x01),
  floor: operation(0xfd, 0x75),
  gt: operation(0xfd, 0x4a),
  /** From int32 lanes 0 and 1. */
  fromI32: operation(0xfd, 0xfe, 0x01),
  const: (value: number): Code => [0xfd, 0x0c, ...f64Bytes(value), ...f64Bytes(value)],
} as const;
