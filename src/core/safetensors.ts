/**
 * Safetensors: named flat arrays behind a JSON header, so that any language can read them and no code can hide in them.
 *
 *   u64 length | JSON header, padded with spaces | arrays, each on an 8-byte border
 *
 * Arrays have no holes between them, as other readers demand: padding is an array of its own, `NAME.pad`.
 * @source https://github.com/huggingface/safetensors#format
 */
import { AppError } from './errors.ts';
import { jsonFault } from './json-fault.ts';

const HEADER_LIMIT_BYTES = 64 * 1024 * 1024;

const DTYPES = {
  F64: Float64Array,
  F32: Float32Array,
  I32: Int32Array,
  U32: Uint32Array,
  U8: Uint8Array,
} as const;

type Dtype = keyof typeof DTYPES;
export type Tensor = InstanceType<(typeof DTYPES)[Dtype]>;
interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly [number];
  readonly data_offsets: readonly [number, number];
}

/** The bytes of a file; `metadata` is the first key of its header. */
export const encodeTensors = (
  metadata: Readonly<Record<string, string>>,
  tensors: ReadonlyMap<string, Tensor>,
): Buffer => {
  const entries: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, tensor] of tensors) {
    const end = offset + tensor.byteLength;
    entries[name] = { dtype: dtypeOf(tensor), shape: [tensor.length], data_offsets: [offset, end] };
    offset = onBorder(end);
    if (offset !== end)
      entries[`${name}.pad`] = { dtype: 'U8', shape: [offset - end], data_offsets: [end, offset] };
  }
  const json = Buffer.from(JSON.stringify(entries));
  const dataAt = 8 + onBorder(json.length);
  const bytes = Buffer.alloc(dataAt + offset);
  bytes.writeBigUInt64LE(BigInt(dataAt - 8), 0);
  bytes.fill(' ', 8, dataAt);
  json.copy(bytes, 8);
  let at = dataAt;
  for (const tensor of tensors.values()) {
    bytes.set(new Uint8Array(tensor.buffer, tensor.byteOffset, tensor.byteLength), at);
    at += onBorder(tensor.byteLength);
  }
  return bytes;
};

const onBorder = (length: number): number => Math.ceil(length / 8) * 8;

const dtypeOf = (tensor: Tensor): Dtype => {
  for (const name of Object.keys(DTYPES) as Dtype[])
    if (tensor instanceof DTYPES[name]) return name;
  throw new TypeError('a file holds only F64, F32, I32, U32 and U8 arrays');
};

interface Tensors {
  readonly metadata: Readonly<Record<string, unknown>>;
  /** A view of the file's bytes where alignment allows. @throws AppError model-broken */
  readonly tensor: (name: string) => Tensor;
}

/**
 * The header of a file and a way to its arrays, each checked when it is asked for.
 * @throws AppError model-broken
 */
export const parseTensors = (bytes: Uint8Array): Tensors => {
  if (bytes.length < 8) throw broken(`it ends after ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > HEADER_LIMIT_BYTES) throw broken('it is not a safetensors file');
  const dataAt = 8 + headerBytes;
  if (dataAt > bytes.length) throw broken('it ends inside its header');
  const entries = parseHeader(bytes.subarray(8, dataAt));
  const metadata = entries['__metadata__'];
  if (typeof metadata !== 'object' || metadata === null) throw broken('it has no metadata');
  return {
    metadata: metadata as Record<string, unknown>,
    tensor: (name) => {
      const entry = Object.hasOwn(entries, name) ? (entries[name] as TensorEntry) : undefined;
      return viewOf(bytes, dataAt, name, entry);
    },
  };
};

const parseHeader = (json: Uint8Array): Record<string, unknown> => {
  try {
    const entries: unknown = JSON.parse(Buffer.from(json).toString('utf8'));
    if (typeof entries === 'object' && entries !== null) return entries as Record<string, unknown>;
  } catch (error) {
    throw broken(`its header is not JSON: ${jsonFault(error)}`);
  }
  throw broken('its header is not a JSON object');
};

const viewOf = (
  bytes: Uint8Array,
  dataAt: number,
  name: string,
  entry: TensorEntry | undefined,
): Tensor => {
  const kind = entry && Object.hasOwn(DTYPES, entry.dtype) ? DTYPES[entry.dtype] : undefined;
  const [start, end] = entry?.data_offsets ?? [];
  if (
    !kind ||
    !Number.isInteger(start) ||
    !Number.isInteger(end) ||
    start! < 0 ||
    end! < start! ||
    end! > bytes.length - dataAt
  ) {
    throw broken(`tensor ${name} is missing or lies outside the file`);
  }
  if ((end! - start!) % kind.BYTES_PER_ELEMENT !== 0)
    throw broken(`tensor ${name} has a broken length`);
  const from = bytes.byteOffset + dataAt + start!;
  const length = (end! - start!) / kind.BYTES_PER_ELEMENT;
  if (from % kind.BYTES_PER_ELEMENT === 0)
    return new kind(bytes.buffer as ArrayBuffer, from, length);
  return new kind(bytes.slice(dataAt + start!, dataAt + end!).buffer as ArrayBuffer, 0, length);
};

const broken = (detail: string): AppError =>
  new AppError('model-broken', `the model file is damaged: ${detail}`);
