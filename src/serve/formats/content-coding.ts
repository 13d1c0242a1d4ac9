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

/** @throws AppError body-too-large, request-malformed */
export const unpack = async (bytes: Bytes, limitBytes: number): Promise<Bytes> => {
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

/** The call with its body unpacked while it comes, as slowly as it is taken. */
export const unpacked = (call: Call): Call =>
  Object.create(call, { parts: { value: () => unpackParts(call.parts()) } }) as Call;

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
