/**
 * NumPy arrays out of a pickle: their types, and their items as numbers or text.
 * Layouts are read from the file's own dtypes, never assumed.
 * @source numpy/core/src/multiarray/descriptor.c (arraydescr_reduce), numpy/lib/format
 */
import {
  broken,
  type Dtype,
  type Field,
  isKind,
  type NdArray,
  needItems,
  needNumber,
  type PyObject,
  type PyValue,
} from './python-values.ts';

/** `f8`, `<i4`, `|V64`, `O8` -> a type without fields. @throws AppError model-broken */
export const parseDtype = (text: string): Dtype => {
  const match = /^([<>|=]?)([biufUSOV?])(\d*)$/.exec(text === '?' ? 'b1' : text);
  if (!match) throw broken(`the array type ${text} is not known`);
  const code = match[2]! === '?' ? 'b' : match[2]!;
  const size = Number(match[3] || (code === 'O' ? 8 : 1));
  if (size > 1_000_000) throw broken(`the array type ${text} is too large`);
  return {
    code,
    itemBytes: code === 'U' ? size * 4 : size,
    isBigEndian: match[1] === '>',
    fields: [],
  };
};

/** The type after BUILD: (version, byte order, subarray, names, fields, item size, ...). */
export const refineDtype = (dtype: Dtype, state: PyValue): Dtype => {
  const [, order, , names, fields, itemBytes] = needItems(state, 'a dtype');
  const isBigEndian = order === '>';
  if (!isKind(fields, 'dict')) {
    const size = typeof itemBytes === 'number' && itemBytes > 0 ? itemBytes : dtype.itemBytes;
    return { ...dtype, isBigEndian, itemBytes: size };
  }
  const { entries } = fields;
  const list = needItems(names, "a dtype's names").map((name): Field => {
    const [type, at] = needItems(entries.get(name), `the field ${String(name)}`);
    if (!isDtype(type)) throw broken(`the field ${String(name)} has no type`);
    return { name: String(name), type: dtypeOf(type), at: needNumber(at, 'an offset') };
  });
  const size = needNumber(itemBytes, 'the item size');
  for (const { name, type, at } of list)
    if (at < 0 || at + type.itemBytes > size) throw broken(`the field ${name} lies outside`);
  return { ...dtype, isBigEndian, itemBytes: size, fields: list };
};

/** A dtype travels through the pickle as an object named numpy.dtype whose state is the type. */
export const isDtype = (value: PyValue | undefined): value is PyObject =>
  isKind(value, 'object') && value.name === 'numpy.dtype';

const types = new WeakMap<object, Dtype>();

export const setDtype = (value: PyValue, dtype: Dtype): void => {
  types.set(value as object, dtype);
};

export const dtypeOf = (value: PyValue): Dtype => {
  const dtype = isDtype(value) ? types.get(value as object) : undefined;
  if (!dtype) throw broken('an array has no type');
  return dtype;
};

/** Number of items of a shape. @throws AppError model-broken */
export const itemCount = (shape: readonly number[]): number => {
  let count = 1;
  for (const length of shape) {
    if (!Number.isInteger(length) || length < 0) throw broken(`an array has the shape (${shape})`);
    count *= length;
  }
  if (count > 2 ** 31) throw broken(`an array has the shape (${shape})`);
  return count;
};

/** @throws AppError model-broken when bytes and shape disagree */
export const checkArray = (array: NdArray): void => {
  const count = itemCount(array.shape);
  const room =
    array.dtype.code === 'O' ? array.objects.length : array.bytes.length / array.dtype.itemBytes;
  if (room !== count) throw broken(`an array of shape (${array.shape}) holds ${room} items`);
};

/** float64: all items in C order, whatever the array's own type and order. */
export const arrayNumbers = (value: PyValue | undefined, what: string): Float64Array => {
  if (!isKind(value, 'array')) throw broken(`${what} is not an array`);
  if (value.dtype.code === 'O')
    return Float64Array.from(value.objects, (item) => needNumber(item, what));
  return inOrder(value, readNumbers(value, value.dtype, 0, what));
};

/** float64: one field of all items of a structured array. */
export const arrayField = (array: NdArray, name: string): Float64Array | undefined => {
  const field = array.dtype.fields.find((one) => one.name === name);
  return field && readNumbers(array, field.type, field.at, name);
};

const readNumbers = (array: NdArray, type: Dtype, at: number, what: string): Float64Array => {
  const { bytes } = array;
  const stride = array.dtype.itemBytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = itemCount(array.shape);
  const little = !type.isBigEndian;
  const read = READERS[`${type.code}${type.itemBytes}`];
  if (!read) throw broken(`${what} is an array of ${type.code}${type.itemBytes}, not of numbers`);
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i++) numbers[i] = read(view, i * stride + at, little);
  return numbers;
};

type Reader = (view: DataView, at: number, little: boolean) => number;

const READERS: Readonly<Record<string, Reader>> = {
  f8: (view, at, little) => view.getFloat64(at, little),
  f4: (view, at, little) => view.getFloat32(at, little),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
  i4: (view, at, little) => view.getInt32(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  i2: (view, at, little) => view.getInt16(at, little),
  u2: (view, at, little) => view.getUint16(at, little),
  i1: (view, at) => view.getInt8(at),
  u1: (view, at) => view.getUint8(at),
  b1: (view, at) => view.getUint8(at),
};

/** Fortran order to C order. */
const inOrder = (array: NdArray, numbers: Float64Array): Float64Array => {
  const [rows, columns] = array.shape;
  if (!array.isFortran || array.shape.length < 2) return numbers;
  if (array.shape.length > 2) throw broken(`an array of shape (${array.shape}) in Fortran order`);
  return numbers.map((_, i) => numbers[(i % columns!) * rows! + Math.floor(i / columns!)]!);
};

/** Items as text: class labels, categories, column names. */
export const arrayTexts = (value: PyValue | undefined, what: string): readonly string[] => {
  if (isKind(value, 'list') || isKind(value, 'tuple'))
    return value.items.map((item) => textOf(item, what));
  if (!isKind(value, 'array')) throw broken(`${what} is not a list`);
  if (value.dtype.code === 'O') return value.objects.map((item) => textOf(item, what));
  if (value.dtype.code === 'b')
    return [...arrayNumbers(value, what)].map((bit) => (bit ? 'True' : 'False'));
  if (value.dtype.code !== 'U' && value.dtype.code !== 'S')
    return [...arrayNumbers(value, what)].map(String);
  return Array.from({ length: itemCount(value.shape) }, (_, i) => characters(value, i));
};

const characters = ({ bytes, dtype }: NdArray, i: number): string => {
  const from = i * dtype.itemBytes;
  const item = bytes.subarray(from, from + dtype.itemBytes);
  if (dtype.code === 'S') return Buffer.from(item).toString('utf8').replace(/\0+$/, '');
  const view = new DataView(item.buffer, item.byteOffset, item.byteLength);
  let text = '';
  for (let at = 0; at + 4 <= item.length; at += 4) {
    const point = view.getUint32(at, !dtype.isBigEndian);
    if (point === 0) break;
    if (point > 0x10ffff) throw broken('a text holds what is no character');
    text += String.fromCodePoint(point);
  }
  return text;
};

const textOf = (item: PyValue, what: string): string => {
  if (typeof item === 'string') return item;
  if (typeof item === 'number' || typeof item === 'bigint') return String(item);
  if (typeof item === 'boolean') return item ? 'True' : 'False';
  if (item === null) return 'nan';
  throw broken(`${what} holds something that is neither text nor a number`);
};

/** An array that a pickle builds in two steps, empty until its BUILD. */
export const emptyArray = (): NdArray => ({
  kind: 'array',
  shape: [0],
  dtype: { code: 'b', itemBytes: 1, isBigEndian: false, fields: [] },
  isFortran: false,
  bytes: new Uint8Array(0),
  objects: [],
});

/** One number (or text) out of an array's bytes. */
export const scalarOf = (dtype: Dtype, bytes: Uint8Array): number | string => {
  const array: NdArray = { ...emptyArray(), shape: [1], dtype, bytes };
  checkArray(array);
  if (dtype.code === 'U' || dtype.code === 'S') return arrayTexts(array, 'a scalar')[0]!;
  return arrayNumbers(array, 'a scalar')[0]!;
};
