/**
 * A FlatBuffer's tables: fields by their number, vectors, texts. Nothing is read past the end.
 * @source https://flatbuffers.dev/internals/
 */
import { broken } from './errors.ts';

const TABLES_LIMIT = 200_000;

/** One table: where it stands, and where its list of fields does. */
export interface FlatTable {
  readonly view: DataView;
  readonly at: number;
}

/** A vector: where its items begin, and how many there are. */
interface FlatVector {
  readonly at: number;
  readonly length: number;
}

/** @throws AppError model-broken */
export const rootTable = (bytes: Uint8Array): FlatTable => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return tableAt(view, u32(view, 0));
};

const u32 = (view: DataView, at: number): number => view.getUint32(inside(view, at, 4), true);

const inside = (view: DataView, at: number, length: number): number => {
  if (!(at >= 0 && at + length <= view.byteLength))
    throw broken(`it points to byte ${at} of ${view.byteLength}`);
  return at;
};

const tableAt = (view: DataView, at: number): FlatTable => {
  inside(view, at, 4);
  return { view, at };
};

/** Where a field stands; undefined for one that is left out, which then has its default. */
const fieldAt = ({ view, at }: FlatTable, field: number): number | undefined => {
  const list = at - view.getInt32(at, true);
  const size = view.getUint16(inside(view, list, 4), true);
  const place = 4 + 2 * field;
  if (place + 2 > size) return undefined;
  const offset = view.getUint16(inside(view, list + place, 2), true);
  return offset === 0 ? undefined : at + offset;
};

export const wholeField = (table: FlatTable, field: number, otherwise: number): number => {
  const at = fieldAt(table, field);
  return at === undefined ? otherwise : table.view.getInt32(inside(table.view, at, 4), true);
};

export const byteField = (table: FlatTable, field: number): number => {
  const at = fieldAt(table, field);
  return at === undefined ? 0 : table.view.getUint8(inside(table.view, at, 1));
};

export const numberField = (table: FlatTable, field: number, otherwise: number): number => {
  const at = fieldAt(table, field);
  return at === undefined ? otherwise : table.view.getFloat64(inside(table.view, at, 8), true);
};

export const textField = (table: FlatTable, field: number): string => {
  const { view } = table;
  const { at, length } = vectorField(table, field, 1);
  return Buffer.from(view.buffer, view.byteOffset + at, length).toString('utf8');
};

export const tableField = (table: FlatTable, field: number): FlatTable | undefined => {
  const at = fieldAt(table, field);
  return at === undefined ? undefined : tableAt(table.view, at + u32(table.view, at));
};

const vectorField = (table: FlatTable, field: number, itemBytes: number): FlatVector => {
  const { view } = table;
  const place = fieldAt(table, field);
  if (place === undefined) return { at: 0, length: 0 };
  const at = place + u32(view, place);
  const length = u32(view, at);
  inside(view, at + 4, length * itemBytes);
  return { at: at + 4, length };
};

export const tablesField = (table: FlatTable, field: number): readonly FlatTable[] => {
  const { view } = table;
  const { at, length } = vectorField(table, field, 4);
  if (length > TABLES_LIMIT) throw broken(`it has ${length} tables in a list`);
  return Array.from({ length }, (_, i) => tableAt(view, at + 4 * i + u32(view, at + 4 * i)));
};

/** How a vector holds its numbers. */
const KINDS = {
  i32: { bytes: 4, read: (view: DataView, at: number): number => view.getInt32(at, true) },
  u32: { bytes: 4, read: (view: DataView, at: number): number => view.getUint32(at, true) },
  u16: { bytes: 2, read: (view: DataView, at: number): number => view.getUint16(at, true) },
  f32: { bytes: 4, read: (view: DataView, at: number): number => view.getFloat32(at, true) },
  f64: { bytes: 8, read: (view: DataView, at: number): number => view.getFloat64(at, true) },
} as const;

/** @param perItem numbers of which one item is made, as of a struct */
export const numbersField = (
  table: FlatTable,
  field: number,
  kind: keyof typeof KINDS,
  perItem = 1,
): Float64Array => {
  const { bytes, read } = KINDS[kind];
  const { at, length } = vectorField(table, field, bytes * perItem);
  return Float64Array.from({ length: length * perItem }, (_, i) =>
    read(table.view, at + i * bytes),
  );
};
