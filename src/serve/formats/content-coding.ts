/**
 * Content codings of requests: bodies that come as gzip, unpacked within a bound of size and of ratio, whole or while
 * they come. What unpacks off the loop does not keep others waiting.
 * @source RFC 9110, 8.4; RFC 7694 (`Accept-Encoding` in an answer)
 */
import { AppError } from '../../core/errors.ts';
import type { Call } from '../../http/call.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** What a 415 for any other coding names. */
export const ACCEPTED_CODINGS = 'gzip';

/** A body that unpacks to more than so many times its size was made to do harm; small ones may. */
const RATIO_LIMIT = 200;
const RATIO_FROM_BYTES = 64 * 1024;

/** Whether a body is packed. @throws AppError coding-unsupported for any coding but gzip */
export const isPacked = (call: Pick<Call, 'header'>): boolean => {
  const coding = call.header('content-encoding');
  if (coding === null) return false;
  const name = coding.trim().toLowerCase();
  if (name === '' || name === 'identity') return false;
  if (name === 'gzip' || name === 'x-gzip') return true;
  throw new AppError(
    'coding-unsupported',
    `the content coding is ${coding.slice(0, 40)}; only gzip, or none, is supported`,
  );
};

/** So many bodies are unpacked at once: more would only wait for a thread, with room for what they unpack to. */
const AT_ONCE = 4;
/** What a stream that is being unpacked takes, for windows, buffers and objects. */
const STREAM_BYTES = 128 * 1024;

interface Unpacking {
  /**
   * A whole body. @returns undefined where others already keep all the memory that they may
   * @throws AppError body-too-large, request-malformed
   */
  readonly whole: (bytes: Bytes, limitBytes: number) => Promise<Bytes> | undefined;
  /** The call with its body unpacked while it comes, as slowly as it is taken; undefined where there is no memory. */
  readonly stream: (call: Call) => Call | undefined;
}

/** @param mostBytes that are kept for packed bodies, and for streams */
export const buildUnpacking = (mostBytes: number): Unpacking => {
  let nBytes = 0;
  let nRunning = 0;
  let nStreams = 0;
  const queue: (() => void)[] = [];
  const turn = (): Promise<void> | undefined => {
    if (nRunning++ < AT_ONCE) return undefined;
    return new Promise((resolve) => queue.push(resolve));
  };
  const inTurn = async (bytes: Bytes, limitBytes: number): Promise<Bytes> => {
    nBytes += bytes.length;
    try {
      await turn();
      return await unpack(bytes, limitBytes);
    } finally {
      nBytes -= bytes.length;
      nRunning--;
      queue.shift()?.();
    }
  };
  const counted = async function* (call: Call): AsyncGenerator<Bytes, undefined> {
    nStreams++;
    try {
      yield* unpackParts(call.parts());
    } finally {
      nStreams--;
    }
  };
  return {
    whole: (bytes, limitBytes) =>
      nBytes > 0 && nBytes + bytes.length > mostBytes ? undefined : inTurn(bytes, limitBytes),
    stream: (call) =>
      (nStreams + 1) * STREAM_BYTES > mostBytes
        ? undefined
        : (Object.create(call, { parts: { value: () => counted(call) } }) as Call),
  };
};

const unpack = async (bytes: Bytes, limitBytes: number): Promise<Bytes> => {
  const { gunzip } = await import('node:zlib');
  const mostBytes = Math.min(limitBytes, Math.max(RATIO_FROM_BYTES, bytes.length * RATIO_LIMIT));
  const { promise, resolve, reject } = Promise.withResolvers<Bytes>();
  gunzip(bytes, { maxOutputLength: mostBytes }, (error, unpacked) => {
    if (error) reject(failureOf(error, mostBytes));
    else
      resolve(new Uint8Array(unpacked.buffer as ArrayBuffer, unpacked.byteOffset, unpacked.length));
  });
  return promise;
};

const failureOf = (error: Error, mostBytes: number): AppError =>
  'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    ? tooLarge(`unpacks to more than ${mostBytes} bytes`)
    : new AppError('request-malformed', `the body is not gzip: ${error.message}`, { cause: error });

const tooLarge = (what: string): AppError =>
  new AppError(
    'body-too-large',
    `the body ${what}: up to the limit of a body are taken, and ${RATIO_LIMIT} times its size`,
  );

/** @throws AppError body-too-large, request-malformed, and what `parts` throws */
async function* unpackParts(parts: AsyncIterable<Bytes>): AsyncGenerator<Bytes, undefined> {
  const [{ createGunzip }, { Readable, pipeline }] = await Promise.all([
    import('node:zlib'),
    import('node:stream'),
  ]);
  let nIn = 0;
  let nOut = 0;
  const counted = async function* (): AsyncGenerator<Bytes> {
    for await (const part of parts) {
      nIn += part.length;
      yield part;
    }
  };
  const gunzip = createGunzip();
  pipeline(Readable.from(counted()), gunzip, () => {});
  try {
    for await (const part of gunzip as AsyncIterable<Buffer<ArrayBuffer>>) {
      nOut += part.length;
      if (nOut > Math.max(RATIO_FROM_BYTES, nIn * RATIO_LIMIT))
        throw tooLarge(`unpacks to more than ${RATIO_LIMIT} times its size`);
      yield part;
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw failureOf(error as Error, 0);
  } finally {
    gunzip.destroy();
  }
}
