/**
 * Answers that never change while a model is loaded: written once, with an ETag; 304 to callers that have them.
 */
import type { Handler } from '../endpoint.ts';

type Headers = Readonly<Record<string, string>>;

/** @param write called when the answer is first asked for */
export const withEtag = (write: () => string, headers: Headers | (() => Headers)): Handler => {
  let answer: { readonly bytes: Uint8Array<ArrayBuffer>; readonly headers: Headers } | undefined;
  return ({ header }) => {
    answer ??= build(write(), typeof headers === 'function' ? headers() : headers);
    const { etag } = answer.headers;
    if (matches(header('if-none-match'), etag!))
      return new Response(null, { status: 304, headers: answer.headers });
    return new Response(answer.bytes, { headers: answer.headers });
  };
};

const build = (text: string, headers: Headers) => {
  const bytes = new TextEncoder().encode(text);
  const etag = `"${Bun.hash(bytes).toString(36)}"`;
  return { bytes, headers: { ...headers, etag, 'cache-control': 'no-cache' } };
};

/** @source RFC 9110, 13.1.2: weak comparison */
const matches = (asked: string | null, etag: string): boolean =>
  asked !== null &&
  (asked === '*' || asked.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag));
