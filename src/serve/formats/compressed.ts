/**
 * Large answers as gzip for callers that accept it, compressed off the thread that predicts.
 */
import { blocks } from '../../host/blocks.ts';
import type { Answer, Call } from '../../http/call.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** Loaded when it is first needed: no start waits for it. */
const pack = async (bytes: string | Uint8Array): Promise<Bytes> => {
  const { gzip } = await import('node:zlib');
  const { promise, resolve, reject } = Promise.withResolvers<Bytes>();
  gzip(bytes, { level: 1 }, (error, packed) =>
    error ? reject(error) : resolve(new Uint8Array(packed)),
  );
  return promise;
};

/** Below this the packing costs more than it saves. */
const WORTH_BYTES = 32 * 1024;

/** @source RFC 9110, 12.5.3 */
export const takesGzip = (call: Pick<Call, 'header'>): boolean =>
  /(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))|,|$)/i.test(
    call.header('accept-encoding') ?? '',
  );

type Fields = Readonly<Record<string, string>>;

const varyOf = ({ vary }: Fields): string =>
  vary === undefined ? 'accept-encoding' : `${vary}, accept-encoding`;

/** An answer of this text, packed when it is large and the caller takes it. */
export const compressed = async (
  text: string,
  call: Pick<Call, 'header'>,
  headers: Fields,
): Promise<Response> => {
  if (text.length < WORTH_BYTES) return new Response(text, { headers });
  const varied = { ...headers, vary: varyOf(headers) };
  if (!takesGzip(call)) return new Response(text, { headers: varied });
  return new Response(await pack(text), {
    headers: { ...varied, 'content-encoding': 'gzip' },
  });
};

/** An answer made in parts, of which the socket is given one after the other, never the whole in one turn. */
interface PartsAnswer {
  readonly parts: readonly Bytes[];
  readonly headers: Fields;
  /** Called once, when nothing of it is left in memory. */
  readonly onSent: () => void;
}

/** An answer of these parts, packed when it is large and the caller takes it. */
export const compressedParts = async (
  { parts, headers, onSent }: PartsAnswer,
  call: Pick<Call, 'header'>,
): Promise<Answer> => {
  const lengthBytes = parts.reduce((sum, part) => sum + part.length, 0);
  if (lengthBytes < WORTH_BYTES) {
    const whole = joined(parts);
    onSent();
    return new Response(whole, { headers });
  }
  const isPacked = takesGzip(call);
  try {
    const sent = isPacked ? [await pack(joined(parts))] : parts;
    return {
      status: 200,
      headers: new Headers({
        ...headers,
        vary: varyOf(headers),
        ...(isPacked ? { 'content-encoding': 'gzip' } : {}),
      }),
      parts: oneByOne(sent, onSent),
      lengthBytes: isPacked ? sent[0]!.length : lengthBytes,
    };
  } catch (error) {
    onSent();
    throw error;
  }
};

/** The bytes of all parts, which are used up by it. */
const joined = (parts: readonly Bytes[]): Bytes => {
  const whole = Buffer.concat(parts);
  for (const part of parts) blocks.give(part);
  return whole;
};

/** Whoever asks for the next part, or for none any more, has done with the one before. */
async function* oneByOne(parts: readonly Bytes[], onSent: () => void): AsyncGenerator<Bytes> {
  let n = 0;
  try {
    for (; n < parts.length; blocks.give(parts[n++]!)) yield parts[n]!;
  } finally {
    for (; n < parts.length; n++) blocks.give(parts[n]!);
    onSent();
  }
}
