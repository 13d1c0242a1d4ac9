/**
 * WebAssembly by hand: the few instructions that the kernels need, as bytes.
 *
 * @source https://webassembly.github.io/spec/core/binary/
 */

/** Instructions in order; nested lists are flattened when the module is built. */
export type Code = readonly (number | Code)[];

const unsigned = (n: number): number[] => {
  const bytes: number[] = [];
  let rest = n >>> 0;
  do {
    const more = rest > 127 ? 128 : 0;
    bytes.push((rest & 127) | more);
    rest >>>= 7;
  } while (rest !== 0);
  return bytes;
};

const signed = (n: number): number[] => {
  const bytes: number[] = [];
  let rest = n | 0;
  for (;;) {
    const byte = rest & 127;
    rest >>= 7;
    if ((rest === 0 && (byte & 64) === 0) || (rest === -1 && (byte & 64) !== 0)) {
      bytes.push(byte);
      return bytes;
    }
    bytes.push(byte | 128);
  }
};

const float = (x: number): number[] => [...new Uint8Array(Float64Array.of(x).buffer)];
const vector = (op: number): Code => [0xfd, unsigned(op)];
/** Alignment is a hint; 0 promises nothing. `offset` is added to the address on the stack. */
const memory =
  (...op: number[]) =>
  (offset = 0): Code => [op, 0, unsigned(offset)];

export const VOID = 0x40;
export const TYPES = { i32: 0x7f, f64: 0x7c, v128: 0x7b } as const;
export type Type = keyof typeof TYPES;

export const get = (local: number): Code => [0x20, unsigned(local)];
export const set = (local: number): Code => [0x21, unsigned(local)];
export const tee = (local: number): Code => [0x22, unsigned(local)];
export const call = (index: number): Code => [0x10, unsigned(index)];
export const select = 0x1b;

export const i32 = {
  const: (n: number): Code => [0x41, signed(n)],
  load: memory(0x28),
  load8: memory(0x2d),
  store: memory(0x36),
  eq: 0x46,
  ltS: 0x48,
  ltU: 0x49,
  ctz: 0x68,
  add: 0x6a,
  sub: 0x6b,
  mul: 0x6c,
  and: 0x71,
  or: 0x72,
  xor: 0x73,
  shl: 0x74,
  shrS: 0x75,
  shrU: 0x76,
  truncSatS: [0xfc, 2] as Code,
  wrap: 0xa7,
} as const;

export const i64 = { ctz: 0x7a } as const;

export const f64 = {
  const: (x: number): Code => [0x44, float(x)],
  load: memory(0x2b),
  store: memory(0x39),
  ne: 0x62,
  lt: 0x63,
  le: 0x65,
  abs: 0x99,
  add: 0xa0,
  mul: 0xa2,
  /** To float32 and back. */
  round: [0xb6, 0xbb] as Code,
} as const;

export const v128 = {
  load: memory(0xfd, 0),
  store: memory(0xfd, 11),
  splat8: vector(15),
  and: vector(78),
  or: vector(80),
  laneOf32: (lane: number): Code => [vector(27), lane],
  laneOf64: (lane: number): Code => [vector(29), lane],
} as const;

/** Repeats `body` while it leaves a non-zero i32; runs at least once. */
export const repeatWhile = (body: Code): Code => [0x03, VOID, body, 0x0d, 0, 0x0b];

/** `local += step`. */
export const bump = (local: number, step: number): Code => [
  get(local),
  i32.const(step),
  i32.add,
  set(local),
];

export interface Func {
  readonly params: readonly Type[];
  readonly locals: readonly Type[];
  readonly body: Code;
  /** Name under which it is exported, if it is. */
  readonly name?: string;
}

/** A module of functions over one imported memory `m.m`. @cost O(bytes) */
export const buildModule = (funcs: readonly Func[]): Uint8Array<ArrayBuffer> => {
  const exported = funcs.flatMap((func, i) => (func.name === undefined ? [] : [{ func, i }]));
  const bodies = funcs.map(({ locals, body }) => {
    const head = [unsigned(locals.length), locals.map((type) => [1, TYPES[type]])];
    const code = flatten([head, body, 0x0b]);
    return [flatten(unsigned(code.length)), code];
  });
  return Buffer.concat([
    Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0),
    ...section(1, funcs.map(typeOf).map(flatten)),
    ...section(2, [flatten([text('m'), text('m'), 2, 0, 1])]),
    ...section(
      3,
      funcs.map((_, i) => flatten(unsigned(i))),
    ),
    ...section(
      7,
      exported.map(({ func, i }) => flatten([text(func.name!), 0, unsigned(i)])),
    ),
    ...section(10, bodies.flat(), bodies.length),
  ]);
};

const typeOf = ({ params }: Func): Code => [
  0x60,
  unsigned(params.length),
  params.map((type) => TYPES[type]),
  0,
];

/** The parts of a section: its number and size, how many items there are, and the items. */
const section = (
  id: number,
  items: readonly Uint8Array[],
  nItems = items.length,
): readonly Uint8Array[] => {
  const count = flatten(unsigned(nItems));
  const size = items.reduce((sum, item) => sum + item.length, count.length);
  return [flatten([id, unsigned(size)]), count, ...items];
};

const text = (name: string): Code => [name.length, [...name].map((c) => c.charCodeAt(0))];

/** Code as bytes. */
const flatten = (code: Code): Uint8Array => {
  const bytes: number[] = [];
  flattenInto(code, bytes);
  return Uint8Array.from(bytes);
};

/** Code that is repeated, so that it is taken apart only once. */
export const repeat = (code: Code, times: number): Code => {
  const bytes: number[] = [];
  flattenInto(code, bytes);
  return new Array<Code>(times).fill(bytes);
};

const flattenInto = (code: Code, bytes: number[]): void => {
  for (let i = 0; i < code.length; i++) {
    const item = code[i]!;
    if (typeof item === 'number') bytes.push(item);
    else flattenInto(item, bytes);
  }
};
