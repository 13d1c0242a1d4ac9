/**
 * Universal Binary JSON -> plain values, as XGBoost writes it.
 * Objects have no prototype; nesting and counts are capped.
 * @source https://ubjson.org/type-reference/
 */
import { AppError } from '../../core/errors.ts';

const NESTING_LIMIT = 64;

type Value = unknown;
interface Stream {
  readonly view: DataView;
  at: number;
}

/** @throws AppError model-broken */
export const parseUbjson = (bytes: Uint8Array): Value => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stream: Stream = { view, at: 0 };
  const value = readValue(stream, marker(stream), 0);
  return value;
};

const need = (stream: Stream, length: number): number => {
  const { at, view } = stream;
  if (!(length >= 0 && at + length <= view.byteLength))
    throw broken(`it ends inside a value of ${length} bytes`);
  stream.at = at + length;
  return at;
};

const marker = (stream: Stream): string =>
  String.fromCharCode(stream.view.getUint8(need(stream, 1)));

const BYTES: Readonly<Record<string, number>> = { i: 1, U: 1, I: 2, l: 4, L: 8, d: 4, D: 8 };

const readNumber = ({ view }: Stream, type: string, at: number): number => {
  switch (type) {
    case 'i':
      return view.getInt8(at);
    case 'U':
      return view.getUint8(at);
    case 'I':
      return view.getInt16(at, false);
    case 'l':
      return view.getInt32(at, false);
    case 'L':
      return Number(view.getBigInt64(at, false));
    case 'd':
      return view.getFloat32(at, false);
    default:
      return view.getFloat64(at, false);
  }
};

const readCount = (stream: Stream): number => {
  const type = marker(stream);
  if (!'iUIlL'.includes(type)) throw broken('a length is no whole number');
  const count = readNumber(stream, type, need(stream, BYTES[type]!));
  if (count < 0 || count > stream.view.byteLength) throw broken(`a length of ${count}`);
  return count;
};

const readText = (stream: Stream): string => {
  const length = readCount(stream);
  const at = need(stream, length);
  const { view } = stream;
  return Buffer.from(view.buffer, view.byteOffset + at, length).toString('utf8');
};

const readValue = (stream: Stream, type: string, depth: number): Value => {
  if (depth > NESTING_LIMIT) throw broken('it is nested too deeply');
  switch (type) {
    case 'Z':
      return null;
    case 'T':
      return true;
    case 'F':
      return false;
    case 'S':
    case 'H':
      return readText(stream);
    case 'C':
      return marker(stream);
    case '[':
      return readArray(stream, depth);
    case '{':
      return readObject(stream, depth);
    default: {
      const size = Object.hasOwn(BYTES, type) ? BYTES[type]! : undefined;
      if (size === undefined) throw broken(`'${type}' is no type`);
      return readNumber(stream, type, need(stream, size));
    }
  }
};

/** `$type#count`, `#count`, or neither: then the end is marked. */
const readShape = (stream: Stream): { type?: string; count?: number; first?: string } => {
  let next = marker(stream);
  let type: string | undefined;
  if (next === '$') {
    type = marker(stream);
    next = marker(stream);
    if (next !== '#') throw broken('a typed list has no length');
  }
  if (next !== '#') return { first: next };
  const count = readCount(stream);
  return type === undefined ? { count } : { type, count };
};

const readArray = (stream: Stream, depth: number): Value[] => {
  const { type, count, first } = readShape(stream);
  const items: Value[] = [];
  if (count === undefined) {
    for (let next = first!; next !== ']'; next = marker(stream))
      items.push(readValue(stream, next, depth + 1));
    return items;
  }
  if (type !== undefined && 'ZTF'.includes(type)) throw broken('a list of nothing');
  for (let i = 0; i < count; i++) items.push(readValue(stream, type ?? marker(stream), depth + 1));
  return items;
};

const readObject = (stream: Stream, depth: number): Value => {
  const { type, count, first } = readShape(stream);
  const object = Object.create(null) as Record<string, Value>;
  const readEntry = (): void => {
    const key = readText(stream);
    object[key] = readValue(stream, type ?? marker(stream), depth + 1);
  };
  if (count === undefined) {
    for (let next = first!; next !== '}'; next = marker(stream)) {
      stream.at--;
      readEntry();
    }
    return object;
  }
  if (type !== undefined && 'ZTF'.includes(type)) throw broken('an object of nothing');
  for (let i = 0; i < count; i++) readEntry();
  return object;
};

const broken = (detail: string): AppError =>
  new AppError('model-broken', `the UBJSON cannot be read: ${detail}`);
