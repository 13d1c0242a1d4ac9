/**
 * Large answers as gzip for callers that accept it, compressed off the thread that predicts.
 */
import type { Call } from '../../http/call.ts';

/** Loaded when it is first needed: no start waits for it. */
const pack = async (text: string): Promise<Uint8Array<ArrayBuffer>> => {
  const { gzip } = await import('node:zlib');
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
  gzip(text, { level: 1 }, (error, packed) =>
    error ? reject(error) : resolve(new Uint8Array(packed)),
  );
  return promise;
};

/** Below this the packing costs more than it saves. */
const WORTH_BYTES = 32 * 1024;

/** @source RFC 9110, 12.5.3 */
const takesGzip = (call: Pick<Call, 'header'>): boolean =>
  /(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))|,|$)/i.test(
    call.header('accept-encoding') ?? '',
  );

/** An answer of this text, packed when it is large and the caller takes it. */
export const compressed = async (
  text: string,
  call: Pick<Call, 'header'>,
  headers: Readonly<Record<string, string>>,
): Promise<Response> => {
  if (text.length < WORTH_BYTES) return new Response(text, { headers });
  const varied = { ...headers, vary: 'accept-encoding' };
  if (!takesGzip(call)) return new Response(text, { headers: varied });
  return new Response(await pack(text), {
    headers: { ...varied, 'content-encoding': 'gzip' },
  });
};
