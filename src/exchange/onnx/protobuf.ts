/**
 * Protocol buffers without a schema: a message as its fields by number.
 * @source https://protobuf.dev/programming-guides/encoding/
 */
import { broken } from './errors.ts';

/** Values in the order of the file: a varint, fixed bytes, or a nested message's bytes. */
export type Message = ReadonlyMap<number, readonly (number | Uint8Array)[]>;

/** @throws AppError model-broken */
export const parseMessage = (bytes: Uint8Array): Message => {
  const fields = new Map<number, (number | Uint8Array)[]>();
  const stream = { bytes, at: 0 };
  while (stream.at < bytes.length) {
    const key = varint(stream);
    const [field, wire] = [Math.floor(key / 8), key % 8];
    let value: number | Uint8Array;
    if (wire === 0) value = varint(stream);
    else if (wire === 1) value = take(stream, 8);
    else if (wire === 2) value = take(stream, varint(stream));
    else if (wire === 5) value = take(stream, 4);
    else throw broken(`wire type ${wire}`);
    const values = fields.get(field);
    if (values) values.push(value);
    else fields.set(field, [value]);
  }
  return fields;
};

interface Stream {
  readonly bytes: Uint8Array;
  at: number;
}

const take = (stream: Stream, length: number): Uint8Array => {
  const { bytes, at } = stream;
  if (!(length >= 0 && at + length <= bytes.length)) throw broken(`it ends inside ${length} bytes`);
  stream.at = at + length;
  return bytes.subarray(at, at + length);
};

/** A signed whole number; beyond 2^53 it is rounded. */
const varint = (stream: Stream): number => {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = stream.bytes[stream.at++];
    if (byte === undefined) throw broken('it ends inside a number');
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return Number(BigInt.asIntN(64, value));
  }
  throw broken('a number does not end');
};

const view = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const textAt = (message: Message, field: number): string => {
  const value = message.get(field)?.[0];
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : '';
};

export const textsAt = (message: Message, field: number): readonly string[] =>
  bytesAt(message, field).map((bytes) => Buffer.from(bytes).toString('utf8'));

export const wholeAt = (message: Message, field: number): number => {
  const value = message.get(field)?.[0];
  return typeof value === 'number' ? value : 0;
};

/** Nested messages, or byte strings. */
export const bytesAt = (message: Message, field: number): readonly Uint8Array[] =>
  (message.get(field) ?? []).filter((value) => value instanceof Uint8Array);

export const messagesAt = (message: Message, field: number): readonly Message[] =>
  bytesAt(message, field).map(parseMessage);

/** Repeated whole numbers, packed or not. */
export const wholesAt = (message: Message, field: number): readonly number[] =>
  (message.get(field) ?? []).flatMap((value) => {
    if (typeof value === 'number') return [value];
    const stream = { bytes: value, at: 0 };
    const numbers: number[] = [];
    while (stream.at < value.length) numbers.push(varint(stream));
    return numbers;
  });

const FLOATS = {
  4: (bytes: DataView, at: number) => bytes.getFloat32(at, true),
  8: (bytes: DataView, at: number) => bytes.getFloat64(at, true),
} as const;

/** Repeated floats of 4 or 8 bytes, packed or not. */
export const floatsAt = (message: Message, field: number, size: 4 | 8): readonly number[] =>
  (message.get(field) ?? []).flatMap((value) => {
    if (typeof value === 'number' || value.length % size !== 0)
      throw broken(`field ${field} holds no floats`);
    return decodeFloats(value, size);
  });

/** Floats that lie one after the other. */
export const decodeFloats = (bytes: Uint8Array, size: 4 | 8): number[] => {
  const from = view(bytes);
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, i) =>
    FLOATS[size](from, i * size),
  );
};
