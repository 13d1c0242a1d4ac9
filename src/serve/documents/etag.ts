/**
 * Answers that never change while a model is loaded: written and packed once, kept in memory, with an ETag; 304 to
 * callers that have them.
 */

import type { Call } from '../../http/call.ts';
import { itemsOf } from '../../http/field-list.ts';
import { type Kept, keepAnswer } from '../../http/kept-answer.ts';
import type { Handler } from '../endpoint.ts';
import { takesGzip } from '../formats/compressed.ts';

type Headers = Readonly<Record<string, string>>;

/** One variant: whole, and for those who have it already. */
interface Variant {
  readonly etag: string;
  readonly whole: Kept;
  readonly notModified: Kept;
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
  readonly plain: Variant;
  readonly gzip: Variant | undefined;
}

const answerOf = ({ plain, gzip }: Answers, call: Pick<Call, 'header'>): Kept => {
  const { etag, whole, notModified } = gzip !== undefined && takesGzip(call) ? gzip : plain;
  return matches(call.header('if-none-match'), etag) ? notModified : whole;
};

const variantOf = (etag: string, given: Headers, bytes: Uint8Array<ArrayBuffer>): Variant => {
  const headers = { ...given, etag };
  return { etag, whole: keepAnswer(200, headers, bytes), notModified: keepAnswer(304, headers) };
};

const pack = (text: string, given: Headers): Answers => {
  const bytes = new TextEncoder().encode(text);
  const tag = Bun.hash(bytes).toString(36);
  const isPacked = bytes.length >= WORTH_BYTES;
  const vary = [given['vary'], isPacked ? 'accept-encoding' : undefined].filter(Boolean).join(', ');
  const headers = {
    'cache-control': 'no-cache',
    ...given,
    ...(vary === '' ? {} : { vary }),
  };
  return {
    plain: variantOf(`"${tag}"`, headers, bytes),
    gzip: isPacked
      ? variantOf(
          `"${tag}-gzip"`,
          { ...headers, 'content-encoding': 'gzip' },
          Bun.gzipSync(bytes, { level: 9 }),
        )
      : undefined,
  };
};

/** @source RFC 9110, 13.1.2: weak comparison */
const matches = (asked: string | null, etag: string): boolean =>
  asked !== null &&
  (asked === '*' || itemsOf(asked).some((tag) => tag.replace(/^W\//, '') === etag));
