/**
 * Where the model that the user means comes from, a folder or an address, and how it comes into a copy of our own.
 */
import { closeSync, existsSync, openSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { refusalReason } from '../../core/files/system-refusal.ts';
import { MODEL_FILE_LIMIT_BYTES } from '../../core/model-file.ts';
import { findModel, modelNames } from '../../core/model-store.ts';
import { fetchFault } from '../../host/fetch-fault.ts';
import { shownAddress } from '../../host/shown-text.ts';
import { freeBytes } from '../../host/shared-folder.ts';
import type { ServeConfig } from '../config.ts';
import type { ModelCopy, ModelRef } from '../messages.ts';
import { checkMemory, dropCopy, holdCopy, keepModel } from './shared-dir.ts';

/**
 * The file of the model that the user means; without a name, the only model there is.
 * @throws AppError model-missing, usage
 */
export const resolveModel = (config: ServeConfig, wanted = config.model): string => {
  if (wanted !== undefined) return findModel(config.modelsDir, wanted);
  const names = modelNames(config.modelsDir);
  if (names.length > 1)
    throw new AppError(
      'usage',
      `${config.modelsDir} holds ${names.join(', ')}: say which with --model`,
    );
  if (names.length === 0)
    throw new AppError(
      'model-missing',
      `${config.modelsDir} ${existsSync(config.modelsDir) ? 'holds no model' : 'does not exist, so it holds no model'}: 'puntual start' or 'puntual train FILE' makes one`,
    );
  return findModel(config.modelsDir, names[0]!);
};

/** `20261122T101500Z-1a2b3c4d` of `models/nyc/20261122T101500Z-1a2b3c4d/model.safetensors`. */
const versionOfPath = (path: string): string => basename(dirname(path));

/** Whether a model is named by an address. */
export const isAddress = (model: string): boolean => /^https?:\/\//i.test(model);

/** A model as it may be shown: an address without what may be secret in it. */
export const shownModel = (model: string): string =>
  isAddress(model) ? shownAddress(model) : model;

/** What the user wants served, each as in `--model`. */
export interface WantedModels {
  readonly first: string | undefined;
  readonly named: readonly string[];
  readonly shadow: string | undefined;
}

export const wantedOf = ({ model, namedModels, shadowModel }: ServeConfig): WantedModels => ({
  first: model,
  named: namedModels,
  shadow: shadowModel,
});

/** Where copies go: the first folder that has room takes one; their numbers differ. */
export interface CopyPlace {
  readonly sharedDirs: readonly string[];
  readonly nextNumber: () => number;
  /**
   * Why there is no memory for copies of so many bytes together and for what reads them; undefined where there is. Asked
   * before anything is copied, since the kernel would end the service rather than refuse a copy in memory.
   */
  readonly shortage: (bytes: number) => string | undefined;
}

/**
 * Copies the models, or fetches them, so that what serves cannot change or vanish under the workers.
 * @throws AppError model-missing, model-broken (another checksum), usage, file-unreadable, file-unwritable,
 * target-unreachable, limit-system (no memory); then no copy is left
 */
export const bringModels = async (
  config: ServeConfig,
  place: CopyPlace,
  wanted: WantedModels,
): Promise<ModelRef> => {
  const why = place.shortage(wantedBytes(config, wanted));
  if (why !== undefined) throw new AppError('limit-system', why);
  const { first, named, shadow } = wanted;
  const copies: ModelCopy[] = [];
  const bring = async (model: string | undefined): Promise<ModelCopy> => {
    const copy = await bringModel(config, place, model);
    copies.push(copy);
    holdCopy(copy.file);
    return copy;
  };
  try {
    const copy = await bring(first);
    const others: ModelRef['others'][number][] = [];
    for (const model of named) others.push({ ...(await bring(model)), role: 'named' });
    if (shadow !== undefined) others.push({ ...(await bring(shadow)), role: 'shadow' });
    return { ...copy, others };
  } catch (error) {
    for (const { file } of copies) dropCopy(file);
    throw error;
  }
};

/** Every copy that a service holds for its models. */
export const filesOf = ({ file, others }: ModelRef): readonly string[] => [
  file,
  ...others.map((other) => other.file),
];

/** 0 of what is not there, or out of reach. */
const sizeOfFile = (file: string): number => {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
};

/** Bytes of all its files; one that is not there any more has none. */
export const bytesOf = (ref: ModelRef): number =>
  filesOf(ref).reduce((sum, file) => sum + sizeOfFile(file), 0);

/**
 * Bytes that copies of these models will have, as far as they are known before: an address does not say.
 * @throws AppError model-missing, usage
 */
export const wantedBytes = (config: ServeConfig, { first, named, shadow }: WantedModels): number =>
  [first, ...named, ...(shadow === undefined ? [] : [shadow])]
    .filter((model) => model === undefined || !isAddress(model))
    .reduce((sum, model) => sum + sizeOfFile(resolveModel(config, model)), 0);

const bringModel = async (
  config: ServeConfig,
  { sharedDirs, nextNumber }: CopyPlace,
  wanted: string | undefined,
): Promise<ModelCopy> => {
  if (wanted !== undefined && isAddress(wanted))
    return fetchModel(wanted, sharedDirs, nextNumber());
  const path = resolveModel(config, wanted);
  return keepModel(sharedDirs, path, { version: versionOfPath(path), n: nextNumber() });
};

/** How long a model may take, and how much of it there may be. */
export interface FetchLimits {
  readonly wholeMs: number;
  /** Without a byte. */
  readonly silenceMs: number;
  /** A server that sends a byte now and then is slower, once `silenceMs` have passed. */
  readonly bytesPerSecond: number;
  readonly bytes: number;
  /** So much room is left to whoever else writes into the folder: more than comes between two looks. */
  readonly roomLeftBytes: number;
}

const FETCH_LIMITS: FetchLimits = {
  wholeMs: 600_000,
  silenceMs: 30_000,
  bytesPerSecond: 10_000,
  bytes: MODEL_FILE_LIMIT_BYTES,
  roomLeftBytes: 16 * 2 ** 20,
};

/** Memory that is left is looked at again after so much. */
const CHECK_BYTES = 4 * 2 ** 20;

/** Not unpacked by whoever fetches, who would do so without a bound. */
const PLAIN = { decompress: false, headers: { 'accept-encoding': 'identity' } } as const;

/** @returns undefined where it is packed in a way that was not asked for and is not known */
const unpackedBody = ({
  headers,
  body,
}: Response): ReadableStream<Uint8Array<ArrayBuffer>> | undefined => {
  switch (headers.get('content-encoding')?.trim().toLowerCase() || 'identity') {
    case 'identity':
      return body ?? undefined;
    case 'gzip':
      return body?.pipeThrough(new DecompressionStream('gzip'));
    default:
      return undefined;
  }
};

/**
 * @throws AppError usage, model-missing, model-broken (another checksum), target-unreachable, file-unreadable (too large),
 * file-unwritable, limit-system
 */
export const fetchModel = async (
  address: string,
  sharedDirs: readonly string[],
  n: number,
  limits = FETCH_LIMITS,
): Promise<ModelCopy> => {
  const wanted = /#sha256=([0-9a-f]{64})$/i.exec(address)?.[1]?.toLowerCase();
  const shown = shownModel(address);
  if (wanted === undefined || !URL.canParse(address))
    throw new AppError(
      'usage',
      `${shown} needs the SHA-256 of the file: https://HOST/PATH#sha256=64 hex digits (sha256sum prints it)`,
    );
  const failures: string[] = [];
  for (const dir of sharedDirs) {
    const file = join(dir, `model-${n}-fetched.safetensors`);
    try {
      const actual = await fetchInto(file, { address, shown, limits });
      if (actual !== wanted)
        throw new AppError(
          'model-broken',
          `${shown} has the SHA-256 ${actual}, but ${wanted} was expected`,
        );
      return { file, path: shown, version: actual.slice(0, 8) };
    } catch (error) {
      dropCopy(file);
      if (error instanceof AppError) throw error;
      failures.push(`${dir}: ${refusalReason(error)}`);
    }
  }
  throw new AppError(
    'file-unwritable',
    `a copy of ${shown} cannot be written: ${failures.join(', ')}`,
  );
};

/**
 * @returns the SHA-256 in hex
 * @throws AppError target-unreachable, model-missing, file-unreadable (too large), limit-system; what the file
 * system says as it is
 */
const fetchInto = async (
  file: string,
  {
    address,
    shown,
    limits,
  }: { readonly address: string; readonly shown: string; readonly limits: FetchLimits },
): Promise<string> => {
  const { wholeMs, silenceMs, bytesPerSecond } = limits;
  const begunMs = performance.now();
  const silence = new AbortController();
  const whole = AbortSignal.timeout(wholeMs);
  const signal = AbortSignal.any([silence.signal, whole]);
  const timer = setTimeout(() => silence.abort(), silenceMs);
  const unreachable = (why: string): AppError =>
    new AppError('target-unreachable', `the model at ${shown} cannot be fetched: ${why}`);
  const asFetched = <T>(promise: Promise<T>): Promise<T> =>
    promise.catch((error: unknown) => {
      if (silence.signal.aborted) throw unreachable(`nothing came for ${silenceMs / 1000} s`);
      throw unreachable(
        whole.aborted ? `it takes longer than ${wholeMs / 1000} s` : fetchFault(error),
      );
    });
  const checkSize = (nBytes: number): void => {
    if (nBytes > limits.bytes)
      throw new AppError(
        'file-unreadable',
        `the model at ${shown} is larger than ${limits.bytes / 2 ** 20} MB`,
      );
    // A worker will hold it once more.
    checkMemory(`the model at ${shown}`, nBytes);
  };
  try {
    const response = await asFetched(fetch(address, { signal, ...PLAIN }));
    if (response.status === 404)
      throw new AppError('model-missing', `there is no model at ${shown}`);
    if (response.status !== 200) throw unreachable(`the answer has the status ${response.status}`);
    if (!response.body) throw unreachable('the answer is empty');
    const body = unpackedBody(response);
    if (!body) throw unreachable(`it comes packed as ${response.headers.get('content-encoding')}`);
    checkSize(Number(response.headers.get('content-length') ?? 0));
    const target = openSync(file, 'wx', 0o600);
    try {
      const hash = new Bun.CryptoHasher('sha256');
      const reader = body.getReader();
      let nBytes = 0;
      let checkedBytes = 0;
      for (;;) {
        const { done, value } = await asFetched(reader.read());
        if (done) return hash.digest('hex');
        timer.refresh();
        nBytes += value.length;
        const pastMs = performance.now() - begunMs;
        if (pastMs > silenceMs && nBytes < (bytesPerSecond * pastMs) / 1000)
          throw unreachable(`less than ${bytesPerSecond} bytes a second come`);
        if (nBytes > checkedBytes + CHECK_BYTES) {
          checkSize(nBytes);
          if (freeBytes(dirname(file)) < limits.roomLeftBytes)
            throw new Error('there is no room for it');
          checkedBytes = nBytes;
        }
        hash.update(value);
        for (let at = 0; at < value.length; ) at += writeSync(target, value, at);
      }
    } finally {
      closeSync(target);
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
};
