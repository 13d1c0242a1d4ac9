/**
 * The values that a pickle writes out: numbers, text, lengths, lines.
 * Nothing is read past the end, and a length is used only once the bytes are known to be there.
 */
import { broken } from './python-values.ts';

const LINE_LIMIT_BYTES = 65_536;
const LONG_LIMIT_BYTES = 64;

/** The bytes of a file, and how far they are read. */
export interface Stream {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  nOpcodes: number;
  /** Whether it named `getattr`, of which a call with a known pair has to follow. */
  awaitsGetattr: boolean;
}

export const take = (stream: Stream, length: number): Uint8Array => {
  const { at, bytes } = stream;
  if (!(length >= 0 && at + length <= bytes.length))
    throw broken(`it ends inside a value of ${length} bytes`);
  stream.at = at + length;
  return bytes.subarray(at, at + length);
};

export const u8 = (stream: Stream): number => take(stream, 1)[0]!;
export const u16 = (stream: Stream): number => {
  take(stream, 2);
  return stream.view.getUint16(stream.at - 2, true);
};
export const u32 = (stream: Stream): number => {
  take(stream, 4);
  return stream.view.getUint32(stream.at - 4, true);
};
export const u64 = (stream: Stream): number => {
  take(stream, 8);
  return Number(stream.view.getBigUint64(stream.at - 8, true));
};

export const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

export const readLine = (stream: Stream): string => {
  const end = stream.bytes.indexOf(10, stream.at);
  if (end < 0 || end - stream.at > LINE_LIMIT_BYTES) throw broken('a line does not end');
  const text = Buffer.from(stream.bytes.subarray(stream.at, end)).toString('latin1');
  stream.at = end + 1;
  return text;
};

/** A two's-complement little-endian whole number. */
export const decodeLong = (bytes: Uint8Array): number | bigint => {
  if (bytes.length > LONG_LIMIT_BYTES) throw broken(`a whole number has ${bytes.length} bytes`);
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  if (bytes.length > 0 && bytes[bytes.length - 1]! >= 128) value -= 1n << BigInt(8 * bytes.length);
  return narrow(value);
};

const narrow = (value: bigint): number | bigint =>
  value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : value;

export const parseInteger = (text: string): number | bigint | boolean => {
  if (text === '00') return false;
  if (text === '01') return true;
  if (text.length > 100 || !/^-?\d+L?$/.test(text))
    throw broken(`'${text.slice(0, 20)}' is no number`);
  return narrow(BigInt(text.replace('L', '')));
};

/** `'a\x20b'` of protocol 0, as bytes stood in Python 2. */
export const decodeQuoted = (text: string): string =>
  text
    .slice(1, -1)
    .replace(/\\x([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    .replace(/\\n/g, '\n')
    .replace(/\\(['"\\])/g, '$1');

export const decodeRawUnicode = (text: string): string =>
  text.replace(/\\u([0-9a-f]{4})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
