/** Protocol buffers written field by field. */

/** One field, encoded. */
type FieldBytes = Uint8Array;

const varint = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const more = rest > 127n ? 128 : 0;
    bytes.push(Number(rest & 127n) | more);
    rest >>= 7n;
  } while (rest !== 0n);
  return bytes;
};

export const wholeField = (field: number, value: number): FieldBytes =>
  Uint8Array.from([...varint(field * 8), ...varint(value)]);

export const bytesField = (field: number, bytes: Uint8Array): FieldBytes =>
  Buffer.concat([Uint8Array.from([...varint(field * 8 + 2), ...varint(bytes.length)]), bytes]);

export const textField = (field: number, text: string): FieldBytes =>
  bytesField(field, Buffer.from(text));

export const messageField = (field: number, fields: readonly FieldBytes[]): FieldBytes =>
  bytesField(field, Buffer.concat(fields));

/** Whole numbers, packed. */
export const wholesField = (field: number, values: readonly number[]): FieldBytes =>
  bytesField(field, Uint8Array.from(values.flatMap(varint)));
