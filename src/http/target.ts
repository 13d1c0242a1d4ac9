/**
 * The request target: path and query, normalised as a URL does.
 *
 * @source RFC 9112, 3.2: origin and absolute form; the others are for proxies, and for questions not asked here
 */
import { textAt } from './fields.ts';
import type { Head } from './head.ts';

export interface Target {
  readonly path: string;
  /** What stands behind the question mark, without it. */
  readonly query: string;
}

/** Callers ask for the same again and again: the last target is kept, and compared as bytes. */
interface Targets {
  /** Undefined when it is no target. */
  readonly of: (head: Head) => Target | undefined;
}

export const buildTargets = (): Targets => {
  let last: Target | undefined;
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

/** A path that stands in a URL as it is. */
const PLAIN = /^(?:\/[\w~-][\w.~-]*)*\/?(?:\?[\w.~=&+/:,-]*)?$/;

export const parseTarget = (text: string): Target | undefined => {
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

const split = (text: string): Target => {
  const at = text.indexOf('?');
  if (at < 0) return { path: text, query: '' };
  return { path: text.slice(0, at), query: text.slice(at + 1) };
};
