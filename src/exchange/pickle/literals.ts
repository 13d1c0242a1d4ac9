/**
 * The steps of a pickle that write a plain value out.
 */
import {
  decodeLong,
  decodeQuoted,
  decodeRawUnicode,
  parseInteger,
  readLine,
  type Stream,
  take,
  u8,
  u16,
  u32,
  u64,
  utf8,
} from './byte-reader.ts';
import type { PyValue } from './python-values.ts';

/** Steps that write a plain value out: nothing, truth, numbers, text, bytes. Undefined for a step of another kind. */
export const readLiteral = (opcode: number, stream: Stream): PyValue | undefined => {
  switch (opcode) {
    case 0x4e: // NONE
      return null;
    case 0x88: // NEWTRUE
      return true;
    case 0x89: // NEWFALSE
      return false;
    case 0x49: // INT
    case 0x4c: // LONG
      return parseInteger(readLine(stream));
    case 0x4a: // BININT
      return u32(stream) | 0;
    case 0x4b: // BININT1
      return u8(stream);
    case 0x4d: // BININT2
      return u16(stream);
    case 0x8a: // LONG1
      return decodeLong(take(stream, u8(stream)));
    case 0x8b: // LONG4
      return decodeLong(take(stream, u32(stream)));
    case 0x46: // FLOAT
      return Number(readLine(stream));
    case 0x47: // BINFLOAT
      take(stream, 8);
      return stream.view.getFloat64(stream.at - 8, false);
    case 0x53: // STRING
      return decodeQuoted(readLine(stream));
    case 0x54: // BINSTRING
      return Buffer.from(take(stream, u32(stream))).toString('latin1');
    case 0x55: // SHORT_BINSTRING
      return Buffer.from(take(stream, u8(stream))).toString('latin1');
    case 0x56: // UNICODE
      return decodeRawUnicode(readLine(stream));
    case 0x58: // BINUNICODE
      return utf8(take(stream, u32(stream)));
    case 0x8c: // SHORT_BINUNICODE
      return utf8(take(stream, u8(stream)));
    case 0x8d: // BINUNICODE8
      return utf8(take(stream, u64(stream)));
    case 0x42: // BINBYTES
      return take(stream, u32(stream));
    case 0x43: // SHORT_BINBYTES
      return take(stream, u8(stream));
    case 0x8e: // BINBYTES8
    case 0x96: // BYTEARRAY8
      return take(stream, u64(stream));
    default:
      return undefined;
  }
};
