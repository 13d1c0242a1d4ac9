/**
 * Answers that never change while a model is loaded: written and packed once, kept in memory, with an ETag; 304 to
 * callers that have them.
 */
import type { Call } from '../../http/call.ts';
import type { Handler } from '../endpoint.ts';
import { takesGzip } from '../formats/compressed.ts';

type Headers = Readonly<Record<string, string>>;

interface Packed {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: Headers;
}

/** Below this the packing saves nothing. */
const WORTH_BYTES = 1024;

/** @param write called when the answer is first asked for */
export const withEtag = (
  write: () => string | Promise<string>,
  headers: Headers | (() => Headers),
): Handler => {
  let built: Promise<Answers> | undefined;
  let answers: Answers | undefined;
  const build = async (): Promise<Answers> => {
    answers = pack(await write(), typeof headers === 'function' ? headers() : headers);
    return answers;
  };
  return (call) => {
    if (answers !== undefined) return answerOf(answers, call);
    built ??= build();
    return built.then((ready) => answerOf(ready, call));
  };
};

interface Answers {
  readonly plain: Packed;
  readonly gzip: Packed | undefined;
}

const answerOf = ({ plain, gzip }: Answers, call: Pick<Call, 'header'>): Response => {
  const { bytes, headers } = gzip !== undefined && takesGzip(call) ? gzip : plain;
  if (matches(call.header('if-none-match'), headers['etag']!))
    return new Response(null, { status: 304, headers });
  return new Response(bytes, { headers });
};

const pack = (text: string, given: Headers): Answers => {
  const bytes = new TextEncoder().encode(text);
  const tag = Bun.hash(bytes).toString(36);
  const isPacked = bytes.length >= WORTH_BYTES;
  const vary = [given['vary'], isPacked ? 'accept-encoding' : undefined].filter(Boolean).join(', ');
  const headers = {
    'cache-control': 'no-cache',
    ...given,
    etag: `"${tag}"`,
    ...(vary === '' ? {} : { vary }),
  };
  return {
    plain: { bytes, headers },
    gzip: isPacked
      ? {
          bytes: Bun.gzipSync(bytes, { level: 9 }),
          headers: { ...headers, etag: `"${tag}-gzip"`, 'content-encoding': 'gzip' },
        }
      : undefined,
  };
};

/** @source RFC 9110, 13.1.2: weak comparison */
const matches = (asked: string | null, etag: string): boolean =>
  asked !== null &&
  (asked === '*' || asked.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag));
