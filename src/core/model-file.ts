/**
 * The model file: safetensors, so that any language can open it and no code can hide in it.
 * Floor 0: `train/` and `exchange/` write it, `serve/` and `cli/` read it.
 *
 *   u64 length | JSON header | tensors, 8-byte aligned
 *
 * The header's `__metadata__` holds `format`, `sha256` and `model`: the Model record as JSON in which
 * each typed array is replaced by {"$tensor": name}, the name being its path ("heads.0.score.forest.left").
 * `sha256` is that of the whole file with its own 64 characters set to "0", so any flipped bit shows.
 * The file holds no clock: the same training gives the same bytes.
 * @source https://github.com/huggingface/safetensors#format
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AppError } from './errors.ts';
import { checkModel } from './model-check.ts';
import type { Model } from './model.ts';

const FORMAT = 'puntual-model-1';
const HEADER_LIMIT_BYTES = 64 * 1024 * 1024;
const FILE_LIMIT_BYTES = 2 * 1024 * 1024 * 1024;
const NO_SUM = '0'.repeat(64);

const DTYPES = {
  F64: Float64Array,
  F32: Float32Array,
  I32: Int32Array,
  U32: Uint32Array,
  U8: Uint8Array,
} as const;

type Dtype = keyof typeof DTYPES;
type Tensor = InstanceType<(typeof DTYPES)[Dtype]>;
interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly [number];
  readonly data_offsets: readonly [number, number];
}

/** A model with the identity of the file it came from. */
export interface LoadedModel {
  readonly model: Model;
  /** Hex SHA-256 of the file (see above). */
  readonly sha256: string;
  /** Name of the version's folder, or the first 8 digits of the checksum for a file that lies alone. */
  readonly version: string;
  readonly path: string;
}

/** The bytes of a model's file, and their checksum. */
export const encodeModel = (model: Model): { bytes: Uint8Array; sha256: string } => {
  const tensors = new Map<string, Tensor>();
  const text = JSON.stringify(detach(model, '', tensors));
  const entries: Record<string, unknown> = {
    __metadata__: { format: FORMAT, sha256: NO_SUM, model: text },
  };
  let offset = 0;
  for (const [name, tensor] of tensors) {
    const end = offset + tensor.byteLength;
    entries[name] = { dtype: dtypeOf(tensor), shape: [tensor.length], data_offsets: [offset, end] };
    offset = Math.ceil(end / 8) * 8;
    if (offset !== end)
      entries[`${name}.pad`] = { dtype: 'U8', shape: [offset - end], data_offsets: [end, offset] };
  }
  const json = Buffer.from(JSON.stringify(entries));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const bytes = Buffer.alloc(8 + headerBytes + offset, ' ');
  bytes.writeBigUInt64LE(BigInt(headerBytes), 0);
  json.copy(bytes, 8);
  bytes.fill(0, 8 + headerBytes);
  let at = 8 + headerBytes;
  for (const tensor of tensors.values()) {
    bytes.set(new Uint8Array(tensor.buffer, tensor.byteOffset, tensor.byteLength), at);
    at += Math.ceil(tensor.byteLength / 8) * 8;
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  bytes.write(sha256, sumPosition(bytes));
  return { bytes, sha256 };
};

/**
 * The model in the bytes of a file, checked: checksum, header, every tensor's bounds, every node of every tree.
 * Arrays are views of `bytes` where alignment allows.
 * @throws AppError model-broken
 */
export const decodeModel = (bytes: Uint8Array): { model: Model; sha256: string } => {
  const header = parseHeader(bytes);
  const metadata = header.entries['__metadata__'] as
    | { format?: unknown; sha256?: unknown; model?: unknown }
    | undefined;
  if (
    metadata?.format !== FORMAT ||
    typeof metadata.sha256 !== 'string' ||
    typeof metadata.model !== 'string'
  ) {
    throw broken(`it is not a Puntual model (format ${FORMAT} expected)`);
  }
  const position = sumPosition(bytes);
  const actual = createHash('sha256')
    .update(bytes.subarray(0, position))
    .update(NO_SUM)
    .update(bytes.subarray(position + 64))
    .digest('hex');
  if (actual !== metadata.sha256) {
    throw broken(
      `the checksum is ${actual.slice(0, 16)}..., ${metadata.sha256.slice(0, 16)}... was expected`,
    );
  }
  const model = attach(JSON.parse(metadata.model), (name) =>
    tensorOf(bytes, header, name),
  ) as Model;
  checkModel(model);
  return { model, sha256: actual };
};

/**
 * Reads and checks a model file.
 * @throws AppError model-missing, file-unreadable, model-broken
 */
export const readModel = (path: string): LoadedModel => {
  let bytes: Uint8Array;
  try {
    if (statSync(path).size > FILE_LIMIT_BYTES) throw broken('it is larger than 2 GiB');
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof AppError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new AppError('model-missing', `there is no model at ${path}`);
    }
    throw new AppError(
      'file-unreadable',
      `the model ${path} can not be read: ${(error as Error).message}`,
    );
  }
  try {
    const { model, sha256 } = decodeModel(bytes);
    const version =
      basename(path) === 'model.safetensors' ? basename(dirname(path)) : sha256.slice(0, 8);
    return { model, sha256, version, path };
  } catch (error) {
    if (error instanceof AppError)
      throw new AppError(error.code, `${path}: ${error.message}`, { cause: error });
    throw error;
  }
};

/**
 * Writes a model file in one step: a reader sees the old file or the whole new one, never a part.
 * @returns its checksum
 * @throws AppError file-unwritable (no permission, disk full)
 */
export const writeModel = (model: Model, path: string): string => {
  const { bytes, sha256 } = encodeModel(model);
  writeWhole(path, bytes);
  return sha256;
};

/** Writes bytes to a temporary neighbour, flushes, renames. @throws AppError file-unwritable */
export const writeWhole = (path: string, bytes: Uint8Array): void => {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}`);
  try {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(temporary, 'w');
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    if (existsSync(temporary)) rmSync(temporary, { force: true });
    throw new AppError(
      'file-unwritable',
      `${path} can not be written: ${(error as Error).message}`,
      { cause: error },
    );
  }
};

const dtypeOf = (tensor: Tensor): Dtype => {
  for (const name of Object.keys(DTYPES) as Dtype[])
    if (tensor instanceof DTYPES[name]) return name;
  throw new TypeError('a model holds only F64, F32, I32, U32 and U8 arrays');
};

/** A copy of `value` in which typed arrays are moved out to `tensors` under their path. */
const detach = (value: unknown, path: string, tensors: Map<string, Tensor>): unknown => {
  if (ArrayBuffer.isView(value)) {
    tensors.set(path, value as Tensor);
    return { $tensor: path };
  }
  const below = (key: string | number): string => (path === '' ? `${key}` : `${path}.${key}`);
  if (Array.isArray(value)) return value.map((item, i) => detach(item, below(i), tensors));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, detach(item, below(key), tensors)]),
    );
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return { $number: String(value) };
  return value;
};

const attach = (value: unknown, tensor: (name: string) => Tensor): unknown => {
  if (Array.isArray(value)) return value.map((item) => attach(item, tensor));
  if (typeof value !== 'object' || value === null) return value;
  const record = value as Record<string, unknown>;
  if (typeof record['$tensor'] === 'string') return tensor(record['$tensor']);
  if (typeof record['$number'] === 'string') return Number(record['$number']);
  return Object.fromEntries(
    Object.entries(record)
      .filter(([key]) => key !== '__proto__')
      .map(([key, item]) => [key, attach(item, tensor)]),
  );
};

interface Header {
  readonly entries: Record<string, unknown>;
  /** Where the tensors start. */
  readonly dataAt: number;
}

const parseHeader = (bytes: Uint8Array): Header => {
  if (bytes.length < 8) throw broken(`it ends after ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > HEADER_LIMIT_BYTES) throw broken('it is not a safetensors file');
  if (8 + headerBytes > bytes.length) throw broken('it ends inside its header');
  try {
    const entries: unknown = JSON.parse(
      Buffer.from(bytes.subarray(8, 8 + headerBytes)).toString('utf8'),
    );
    if (typeof entries === 'object' && entries !== null) {
      return { entries: entries as Record<string, unknown>, dataAt: 8 + headerBytes };
    }
  } catch (error) {
    throw broken(`its header is not JSON: ${(error as Error).message}`);
  }
  throw broken('its header is not a JSON object');
};

const tensorOf = (bytes: Uint8Array, header: Header, name: string): Tensor => {
  const entry = (Object.hasOwn(header.entries, name) ? header.entries[name] : undefined) as
    | TensorEntry
    | undefined;
  const kind = entry && Object.hasOwn(DTYPES, entry.dtype) ? DTYPES[entry.dtype] : undefined;
  const [start, end] = entry?.data_offsets ?? [];
  const room = bytes.length - header.dataAt;
  if (
    !kind ||
    !Number.isInteger(start) ||
    !Number.isInteger(end) ||
    start! < 0 ||
    end! < start! ||
    end! > room
  ) {
    throw broken(`tensor ${name} is missing or lies outside the file`);
  }
  if ((end! - start!) % kind.BYTES_PER_ELEMENT !== 0)
    throw broken(`tensor ${name} has a broken length`);
  const from = bytes.byteOffset + header.dataAt + start!;
  const length = (end! - start!) / kind.BYTES_PER_ELEMENT;
  if (from % kind.BYTES_PER_ELEMENT === 0)
    return new kind(bytes.buffer as ArrayBuffer, from, length);
  return new kind(
    bytes.slice(header.dataAt + start!, header.dataAt + end!).buffer as ArrayBuffer,
    0,
    length,
  );
};

/** Where the 64 digits of the checksum stand: `__metadata__` is the header's first key. */
const sumPosition = (bytes: Uint8Array): number => {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 256)).toString(
    'latin1',
  );
  const at = head.indexOf('"sha256":"');
  if (at < 0) throw broken('it has no checksum');
  return at + '"sha256":"'.length;
};

const broken = (detail: string): AppError =>
  new AppError('model-broken', `the model file is damaged: ${detail}`);
