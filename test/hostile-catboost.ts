/**
 * CatBoost's binary files that no library writes: cut short, pointing outside, without bounds.
 */
import { ascii, u32 } from './hostile-pickles.ts';

/** A value of a FlatBuffer: a number that stands in its table, or what lies behind an offset. */
type Flat =
  | { readonly whole: number }
  | { readonly double: number }
  | { readonly bytes: readonly number[]; readonly length: number }
  | { readonly fields: Readonly<Record<number, Flat>> }
  | { readonly list: readonly Flat[] };

const whole = (value: number): Flat => ({ whole: value });
const table = (fields: Readonly<Record<number, Flat>>): Flat => ({ fields });
const list = (...items: readonly Flat[]): Flat => ({ list: items });
const numbers = (array: Int32Array | Float32Array | Float64Array | Uint16Array): Flat => ({
  bytes: [...new Uint8Array(array.buffer, array.byteOffset, array.byteLength)],
  length: array.length,
});
const wholes = (...values: readonly number[]): Flat => numbers(Int32Array.from(values));
const text = (value: string): Flat => ({ bytes: [...ascii(value)], length: value.length });

/** Appends a value and says where it stands. */
const write = (value: Flat, out: number[]): number => {
  while (out.length % 8 !== 0) out.push(0);
  if ('bytes' in value) {
    const at = out.length;
    out.push(...u32(value.length));
    for (const byte of value.bytes) out.push(byte);
    return at;
  }
  if ('list' in value) {
    const at = out.length;
    out.push(...u32(value.list.length));
    for (const _ of value.list) out.push(0, 0, 0, 0);
    for (const [i, item] of value.list.entries()) pointTo(out, at + 4 + 4 * i, write(item, out));
    return at;
  }
  if (!('fields' in value)) throw new TypeError('a number stands in its table');
  const entries = Object.entries(value.fields).map(([field, one]) => [Number(field), one] as const);
  const nFields = Math.max(...entries.map(([field]) => field)) + 1;
  const places = new Map(entries.map(([field], i) => [field, 8 + 8 * i]));
  const vtable = out.length;
  for (const short of [4 + 2 * nFields, 8 + 8 * entries.length]) out.push(short & 255, short >> 8);
  for (let field = 0; field < nFields; field++) out.push(places.get(field) ?? 0, 0);
  while (out.length % 8 !== 0) out.push(0);
  const at = out.length;
  out.push(...u32(at - vtable), 0, 0, 0, 0);
  for (const [, one] of entries) {
    const bytes =
      'whole' in one
        ? [...u32(one.whole), 0, 0, 0, 0]
        : 'double' in one
          ? [...new Uint8Array(Float64Array.of(one.double).buffer)]
          : new Array<number>(8).fill(0);
    out.push(...bytes);
  }
  for (const [field, one] of entries)
    if (!('whole' in one) && !('double' in one))
      pointTo(out, at + places.get(field)!, write(one, out));
  return at;
};

const pointTo = (out: number[], from: number, to: number): void => {
  u32(to - from).forEach((byte, i) => {
    out[from + i] = byte;
  });
};

const fileOf = (core: Flat): Uint8Array => {
  const out = [0, 0, 0, 0];
  const at = write(core, out);
  pointTo(out, 0, at);
  return Uint8Array.from([...ascii('CBM1'), ...u32(out.length), ...out]);
};

const PARAMETERS = table({ 0: text('params'), 1: text('{"loss_function":{"type":"Logloss"}}') });
const column = (...borders: readonly number[]): Flat =>
  table({ 2: whole(0), 3: numbers(Float32Array.from(borders)) });

/** A model of one column with one border and one tree, with other fields in its place. */
const model = (fields: Readonly<Record<number, Flat>>): Uint8Array =>
  fileOf(
    table({
      0: text('FlabuffersModel_v1'),
      1: table({
        0: whole(1),
        1: wholes(0),
        2: wholes(1),
        3: wholes(0),
        5: list(column(0.5)),
        8: numbers(Float64Array.of(-1, 1)),
        ...fields,
      }),
      2: list(PARAMETERS),
    }),
  );

/** The model that the others are made of, which is read. */
export const SOUND_CATBOOST = model({});

/** What it holds, the file, and what the refusal says. */
export const BROKEN_CATBOOST: readonly (readonly [string, Uint8Array, string])[] = [
  ['four bytes', ascii('CBM1'), 'cut short'],
  ['a length of 4 GiB', Uint8Array.from([...ascii('CBM1'), ...u32(0xffffffff)]), 'cut short'],
  [
    'no tables',
    Uint8Array.from([...ascii('CBM1'), ...u32(4), ...u32(0x7fffffff)]),
    'points to byte',
  ],
  [
    'a vector of 2^31 borders',
    model({ 5: list(table({ 2: whole(0), 3: { bytes: [], length: 0x7fffffff } })) }),
    'points to byte',
  ],
  ['a border that is NaN', model({ 5: list(column(Number.NaN)) }), 'a border is NaN'],
  ['a leaf that is NaN', model({ 8: numbers(Float64Array.of(Number.NaN, 1)) }), 'no number'],
  ['a question that is not there', model({ 1: wholes(7) }), 'asks question 7 of 1'],
  ['a tree outside its splits', model({ 3: wholes(5) }), 'lies outside'],
  [
    'a hundred thousand trees of one split',
    model({
      2: wholes(...new Array<number>(100_000).fill(1)),
      3: wholes(...new Array<number>(100_000).fill(0)),
    }),
    'share their splits',
  ],
  [
    'a tree of forty levels',
    model({ 1: wholes(...new Array<number>(40).fill(0)), 2: wholes(40) }),
    'has 40 levels',
  ],
  ['a tree without leaves', model({ 8: numbers(Float64Array.of()) }), 'more leaves than there are'],
  [
    'a column far away',
    model({ 5: list(table({ 2: whole(99), 3: numbers(Float32Array.of(1)) })) }),
    'column 99 of 1',
  ],
  ['two columns in one place', model({ 5: list(column(0.5), column(0.5)) }), 'column 0 of 2'],
  [
    'a tree that comes back to its root',
    model({
      1: wholes(0, 0),
      2: wholes(2),
      10: { bytes: [1, 0, 1, 0, 0, 0, 0, 0], length: 2 },
      11: wholes(0, 0),
    }),
    'twice',
  ],
  ['another kind of file', fileOf(table({ 0: text('FlabuffersModel_v9') })), 'FlabuffersModel_v9'],
];
