/**
 * The instructions of WebAssembly that the kernels need, as bytes.
 *
 * An instruction is a function of its operands: `i32.add(a, b)` is the code of a, the code of b, the opcode. Without
 * operands it takes what earlier code left on the stack.
 *
 * @source https://webassembly.github.io/spec/core/binary/instructions.html
 */

/** Instructions in order; nested lists are flattened when the module is built. */
export type Code = readonly (number | Code)[];

/** Unsigned LEB128 of an unsigned 32-bit number. */
export const unsignedLeb = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
};

/** Signed LEB128 of a whole number. */
export const signedLeb = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = rest & 0x7f;
    rest = Math.floor(rest / 0x80);
    const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
};

const float64Bytes = (value: number): number[] => [
  ...new Uint8Array(Float64Array.of(value).buffer),
];

const operation =
  (...opcode: number[]) =>
  (...operands: Code[]): Code =>
    operands.length === 0 ? opcode : [operands, opcode];

/** Alignment is a hint, and 0 promises nothing; `offset` is added to the address. */
const memarg = (offset: number): Code => [0, unsignedLeb(offset)];

const load =
  (...opcode: number[]) =>
  (address: Code, offset = 0): Code => [address, opcode, memarg(offset)];

const store =
  (...opcode: number[]) =>
  (address: Code, value: Code, offset = 0): Code => [address, value, opcode, memarg(offset)];

/** Loads or stores one lane of a vector. */
const laneAccess =
  (...opcode: number[]) =>
  (lane: number) =>
  (address: Code, value: Code, offset = 0): Code => [address, value, opcode, memarg(offset), lane];

const extractLane =
  (...opcode: number[]) =>
  (lane: number, vector: Code): Code => [vector, opcode, lane];

export const i32 = {
  const: (value: number): Code => [0x41, signedLeb(value | 0)],
  add: operation(0x6a),
  sub: operation(0x6b),
  mul: operation(0x6c),
  and: operation(0x71),
  or: operation(0x72),
  xor: operation(0x73),
  shl: operation(0x74),
  shrS: operation(0x75),
  shrU: operation(0x76),
  ctz: operation(0x68),
  eqz: operation(0x45),
  eq: operation(0x46),
  ne: operation(0x47),
  ltS: operation(0x48),
  ltU: operation(0x49),
  gtS: operation(0x4a),
  geU: operation(0x4f),
  /** From float64, towards zero; NaN is 0, what is out of range the nearest end. */
  truncSatS: operation(0xfc, 0x02),
  load: load(0x28),
  load8U: load(0x2d),
  load16U: load(0x2f),
  store: store(0x36),
  store16: store(0x3b),
} as const;

export const i64 = {
  const: (value: number): Code => [0x42, signedLeb(value)],
  add: operation(0x7c),
  mul: operation(0x7e),
  shl: operation(0x86),
  shrU: operation(0x88),
  /** The lower word, as i32. */
  low: operation(0xa7),
  /** The bits of a float64. */
  bitsOf: operation(0xbd),
  extendS: operation(0xac),
  extendU: operation(0xad),
  load: load(0x29),
  store: store(0x37),
} as const;

export const f64 = {
  const: (value: number): Code => [0x44, float64Bytes(value)],
  add: operation(0xa0),
  sub: operation(0xa1),
  mul: operation(0xa2),
  div: operation(0xa3),
  abs: operation(0x99),
  floor: operation(0x9c),
  eq: operation(0x61),
  ne: operation(0x62),
  lt: operation(0x63),
  le: operation(0x65),
  ge: operation(0x66),
  fromI32: operation(0xb7),
  /** To float32 and back. */
  roundToFloat32: operation(0xb6, 0xbb),
  load: load(0x2b),
  store: store(0x39),
} as const;

/** Stretches of `width` bytes of two vectors in turn, from byte `from` of each. */
const zip =
  (width: number, from: number) =>
  (first: Code, second: Code): Code => {
    const lanes = Array.from({ length: 16 }, (_, to) => {
      const stretch = Math.floor(to / width);
      const isSecond = stretch % 2 === 1;
      return from + width * (stretch >> 1) + (to % width) + (isSecond ? 16 : 0);
    });
    return [first, second, [0xfd, 0x0d, ...lanes]];
  };

/** Two words of a vector, twice; it is asked for twice. */
const words =
  (first: number, second: number) =>
  (vector: Code): Code => {
    const bytes = [first, second].flatMap((word) => [0, 1, 2, 3].map((byte) => 4 * word + byte));
    return [vector, vector, [0xfd, 0x0d, ...bytes, ...bytes]];
  };

export const v128 = {
  load: load(0xfd, 0x00),
  store: store(0xfd, 0x0b),
  load32Zero: load(0xfd, 0x5c),
  load64Zero: load(0xfd, 0x5d),
  load64Lane: laneAccess(0xfd, 0x57),
  store32Lane: laneAccess(0xfd, 0x5a),
  store64Lane: laneAccess(0xfd, 0x5b),
  and: operation(0xfd, 0x4e),
  or: operation(0xfd, 0x50),
  xor: operation(0xfd, 0x51),
  /** The first where the second is not. */
  andNot: operation(0xfd, 0x4f),
  anyTrue: operation(0xfd, 0x53),
  /** The lower halves of two vectors. */
  lowHalves: zip(8, 0),
  highHalves: zip(8, 8),
  /** The words 0 and 2 (1 and 3) of a vector, twice. */
  evenWords: words(0, 2),
  oddWords: words(1, 3),
  /** The bytes of the lower (upper) halves of two vectors in turn; pairs of bytes likewise. */
  zipLowBytes: zip(1, 0),
  zipHighBytes: zip(1, 8),
  zipLowPairs: zip(2, 0),
  zipHighPairs: zip(2, 8),
} as const;

export const i8x16 = { splat: operation(0xfd, 0x0f) } as const;

export const i32x4 = {
  splat: operation(0xfd, 0x11),
  extractLane: extractLane(0xfd, 0x1b),
  add: operation(0xfd, 0xae, 0x01),
  mul: operation(0xfd, 0xb5, 0x01),
  shl: operation(0xfd, 0xab, 0x01),
  shrU: operation(0xfd, 0xad, 0x01),
  maxS: operation(0xfd, 0xb8, 0x01),
  /** Bytes 0 to 3 as four int32. */
  fromBytes: operation(0xfd, 0x89, 0x01, 0xfd, 0xa9, 0x01),
  /** The vector [a, b, c, d]. */
  const: (a: number, b: number, c: number, d: number): Code => [
    [0xfd, 0x0c],
    [...new Uint8Array(Int32Array.of(a, b, c, d).buffer)],
  ],
} as const;

export const i64x2 = {
  eq: operation(0xfd, 0xd6, 0x01),
  add: operation(0xfd, 0xce, 0x01),
  sub: operation(0xfd, 0xd1, 0x01),
} as const;

export const f64x2 = {
  splat: operation(0xfd, 0x14),
  add: operation(0xfd, 0xf0, 0x01),
  sub: operation(0xfd, 0xf1, 0x01),
  mul: operation(0xfd, 0xf2, 0x01),
  div: operation(0xfd, 0xf3, 0x01),
  gt: operation(0xfd, 0x4a),
  ge: operation(0xfd, 0x4c),
  /** Of the first two words, with a sign and without. */
  fromI32: operation(0xfd, 0xfe, 0x01),
  fromU32: operation(0xfd, 0xff, 0x01),
} as const;

export const f32x4 = {
  /** A float64 in each lane, rounded. */
  splat: (value: Code): Code => [value, 0xb6, 0xfd, 0x13],
  add: operation(0xfd, 0xe4, 0x01),
  sub: operation(0xfd, 0xe5, 0x01),
  mul: operation(0xfd, 0xe6, 0x01),
  div: operation(0xfd, 0xe7, 0x01),
  /** Of numbers: the second where it is smaller (larger) than the first. */
  pmin: operation(0xfd, 0xea, 0x01),
  pmax: operation(0xfd, 0xeb, 0x01),
  floor: operation(0xfd, 0x68),
  gt: operation(0xfd, 0x44),
  fromI32: operation(0xfd, 0xfa, 0x01),
  /** Of float64 lanes, rounded, in the lower half. */
  fromF64: operation(0xfd, 0x5e),
  const: (value: number): Code => {
    const lane = [...new Uint8Array(Float32Array.of(value).buffer)];
    return [0xfd, 0x0c, lane, lane, lane, lane];
  },
} as const;

/** A parameter or local variable of a function. */
export interface Local {
  readonly get: Code;
  readonly set: (value: Code) => Code;
  /** Sets it and leaves the value on the stack. */
  readonly tee: (value: Code) => Code;
}

export const localAt = (index: number): Local => ({
  get: [0x20, unsignedLeb(index)],
  set: (value) => [value, 0x21, unsignedLeb(index)],
  tee: (value) => [value, 0x22, unsignedLeb(index)],
});

/** `local += step` */
export const advance = (local: Local, step: number): Code =>
  local.set(i32.add(local.get, i32.const(step)));

/** One of two values, without a branch: both are evaluated, before the condition. */
export const select = (condition: Code, yes: Code, no: Code): Code => [yes, no, condition, 0x1b];

/** Calls the module's function of this number, which takes what lies on the stack. */
export const call = (index: number): Code => [0x10, unsignedLeb(index)];

const VOID = 0x40;

/** Repeats `body` while it leaves a non-zero i32; runs at least once. */
export const repeatWhile = (body: Code): Code => [0x03, VOID, body, 0x0d, 0, 0x0b];

/** Repeats `body` while `counter` < `end`, checking first; `body` advances the counter. */
export const whileBelow = (counter: Local, end: Local, body: Code): Code => [
  [0x02, VOID, 0x03, VOID],
  i32.eqz(i32.ltU(counter.get, end.get)),
  [0x0d, 1],
  body,
  [0x0c, 0, 0x0b, 0x0b],
];

/** Does one thing where the condition holds, and another where it does not. */
export const onlyIf = (condition: Code, body: Code, otherwise: Code = []): Code => [
  condition,
  [0x04, VOID],
  body,
  otherwise.length === 0 ? [] : [0x05, otherwise],
  0x0b,
];

/** Leaves the innermost `whileBelow` where the condition holds. */
export const breakIf = (condition: Code): Code => [condition, 0x0d, 1];

/** memory.copy(to, from, nBytes) */
export const copy = (to: Code, from: Code, nBytes: Code): Code => [
  to,
  from,
  nBytes,
  [0xfc, 0x0a, 0, 0],
];

/** memory.fill(to, 0, nBytes) */
export const clear = (to: Code, nBytes: Code): Code => [to, i32.const(0), nBytes, [0xfc, 0x0b, 0]];

/** Code repeated `times` times, flattened only once. */
export const unrolled = (code: Code, times: number): Code => {
  const bytes: number[] = [];
  flattenInto(code, bytes);
  return new Array<Code>(times).fill(bytes);
};

/** Appends the bytes of code. */
export const flattenInto = (code: Code, bytes: number[]): void => {
  for (let i = 0; i < code.length; i++) {
    const item = code[i]!;
    if (typeof item === 'number') bytes.push(item);
    else flattenInto(item, bytes);
  }
};
