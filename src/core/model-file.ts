/**
 * The model file: safetensors whose `__metadata__` holds `format`, `sha256` and `model`.
 *
 * `model` is the Model record as JSON in which each typed array is replaced by {"$tensor": name}, the name
 * being its path ("heads.0.score.forest.left"). `sha256` is that of the whole file with its own 64 characters
 * set to "0", so any flipped bit shows. The file holds no clock: the same training gives the same bytes.
 */
import { basename, dirname } from 'node:path';
import { AppError } from './errors.ts';
import { checkModel } from './model-check.ts';
import type { Model } from './model.ts';
import { readRegularFile } from './files/regular-file.ts';
import { encodeTensors, parseTensors, type Tensor } from './safetensors.ts';
import { writeAtomically } from './files/atomic-write.ts';

const FORMAT = 'puntual-model-1';
/** No model file is larger. */
export const MODEL_FILE_LIMIT_BYTES = 2 * 1024 * 1024 * 1024;
const NO_SUM = '0'.repeat(64);

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
  const bytes = encodeTensors({ format: FORMAT, sha256: NO_SUM, model: text }, tensors);
  const sha256 = new Bun.CryptoHasher('sha256').update(bytes).digest('hex');
  bytes.write(sha256, sumPosition(bytes));
  return { bytes, sha256 };
};

/**
 * The model in the bytes of a file, checked: checksum, header, every tensor's bounds, every node of every tree.
 * Arrays are views of `bytes` where alignment allows.
 * @throws AppError model-broken
 */
export const decodeModel = (bytes: Uint8Array): { model: Model; sha256: string } => {
  const { metadata, tensor } = parseTensors(bytes);
  const { format, sha256, model: text } = metadata;
  if (format !== FORMAT || typeof sha256 !== 'string' || typeof text !== 'string') {
    throw broken(`it is not a Puntual model (format ${FORMAT} expected)`);
  }
  const position = sumPosition(bytes);
  const actual = new Bun.CryptoHasher('sha256')
    .update(bytes.subarray(0, position))
    .update(NO_SUM)
    .update(bytes.subarray(position + 64))
    .digest('hex');
  if (actual !== sha256) {
    throw broken(
      `the checksum is ${actual.slice(0, 16)}..., ${sha256.slice(0, 16)}... was expected`,
    );
  }
  const model = attach(JSON.parse(text), tensor) as Model;
  checkModel(model);
  return { model, sha256 };
};

/**
 * Reads and checks a model file.
 * @throws AppError model-missing, file-unreadable, model-broken
 */
export const readModel = (path: string): LoadedModel => {
  let bytes: Uint8Array;
  try {
    bytes = readRegularFile(path, MODEL_FILE_LIMIT_BYTES);
  } catch (error) {
    if (error instanceof AppError && error.code === 'file-missing')
      throw new AppError('model-missing', `there is no model at ${path}`, { cause: error });
    throw error;
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
 * Writes a model file in one step.
 * @returns its checksum
 * @throws AppError file-unwritable (no permission, disk full)
 */
export const writeModel = (model: Model, path: string): string => {
  const { bytes, sha256 } = encodeModel(model);
  writeAtomically(path, bytes);
  return sha256;
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
