/**
 * The request target: path and query as they stand in the request. Nothing is decoded or normalised, so that what a
 * proxy in front has matched is what is answered; a path that somebody might read in another way is refused.
 *
 * @source RFC 9112, 3.2: origin and absolute form; the others are for proxies, and for questions not asked here
 */
import { HOST } from './characters.ts';
import { textAt } from './fields.ts';
import type { ParseFault } from './parse-errors.ts';
import type { RequestHead } from './request-head.ts';

export interface RequestTarget {
  readonly path: string;
  /** What follows the question mark, without it. */
  readonly query: string;
}

type TargetFault = ParseFault & ('target-broken' | 'target-ambiguous');

/** Callers ask for the same again and again: the last target is kept, and compared as bytes. */
interface Targets {
  /** Why it is none, if so. */
  readonly of: (head: RequestHead) => RequestTarget | TargetFault;
}

export const buildTargets = (): Targets => {
  let last: RequestTarget | TargetFault = 'target-broken';
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

const ABSOLUTE = /^https?:\/\/([^/?]+)(.*)$/i;

/**
 * What proxies decode, merge or resolve, each in its own way: a backslash, a doubled slash, a segment of dots (with
 * parameters or without), an encoded dot, slash, backslash or control, and a percent sign that encodes nothing.
 */
const AMBIGUOUS = /\\|\/\/|\/\.{1,2}(?:[/;]|$)|%(?:2e|2f|5c|[01][0-9a-f]|7f)|%(?![0-9a-f]{2})/i;

/** @param text holds visible ASCII only, and no `#` */
export const parseTarget = (text: string): RequestTarget | TargetFault => {
  if (text.startsWith('/')) return split(text);
  const [, host, rest] = ABSOLUTE.exec(text) ?? [];
  if (host === undefined || !isHost(host)) return 'target-broken';
  return split(rest!.startsWith('/') ? rest! : `/${rest}`);
};

const isHost = (text: string): boolean => [...Buffer.from(text)].every((byte) => HOST[byte] === 1);

const split = (text: string): RequestTarget | TargetFault => {
  const at = text.indexOf('?');
  const path = at < 0 ? text : text.slice(0, at);
  if (AMBIGUOUS.test(path)) return 'target-ambiguous';
  return { path, query: at < 0 ? '' : text.slice(at + 1) };
};
