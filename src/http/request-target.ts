/**
 * The request target: path and query, normalised as a URL does.
 *
 * @source RFC 9112, 3.2: origin and absolute form; the others are for proxies, and for questions not asked here
 */
import { textAt } from './fields.ts';
import type { RequestHead } from './request-head.ts';

export interface RequestTarget {
  readonly path: string;
  /** What follows the question mark, without it. */
  readonly query: string;
}

/** Callers ask for the same again and again: the last target is kept, and compared as bytes. */
interface Targets {
  /** Undefined when it is no target. */
  readonly of: (head: RequestHead) => RequestTarget | undefined;
}

export const buildTargets = (): Targets => {
  let last: RequestTarget | undefined;
  let lastBytes: Uint8Array = new Uint8Array(0);
  return {
    of: (head) => {
      const { bytes, start, methodEnd, targetEnd } = head;
      const from = start + methodEnd + 1;
      const length = targetEnd - methodEnd - 1;
      if (length === lastBytes.length) {
        let i = 0;
        while (i < length && bytes[from + i] === lastBytes[i]) i++;
        if (i === length) return last;
      }
      last = parseTarget(textAt(head, methodEnd + 1, targetEnd));
      lastBytes = new Uint8Array(bytes.subarray(from, from + length));
      return last;
    },
  };
};

/** A path that a URL leaves as it is. */
const PLAIN = /^(?:\/[\w~-][\w.~-]*)*\/?(?:\?[\w.~=&+/:,-]*)?$/;

export const parseTarget = (text: string): RequestTarget | undefined => {
  if (text.startsWith('/') && PLAIN.test(text)) return split(text);
  const isAbsolute = /^https?:\/\/[^/?#]/i.test(text);
  if (!isAbsolute && !text.startsWith('/')) return undefined;
  try {
    const { pathname, search } = new URL(isAbsolute ? text : `http://host${text}`);
    return { path: pathname, query: search.slice(1) };
  } catch {
    return undefined;
  }
};

const split = (text: string): RequestTarget => {
  const at = text.indexOf('?');
  if (at < 0) return { path: text, query: '' };
  return { path: text.slice(0, at), query: text.slice(at + 1) };
};
