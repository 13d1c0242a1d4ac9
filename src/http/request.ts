/**
 * One request on its connection, as the call that a handler sees: its fields are read from the head's bytes only when
 * asked for. The record is reused for request after request, until an answer has to wait: then it stays with that
 * request, and the server makes another.
 */
import type { Call, InPlace } from './call.ts';
import { fieldOf, textAt } from './fields.ts';
import { createFraming, type Framing } from './framing.ts';
import { NOTHING, type RequestBody, tooLarge } from './request-body.ts';
import { createHead, type RequestHead } from './request-head.ts';
import type { RequestTarget } from './request-target.ts';
import { owned, SLAB } from './slab.ts';

export interface HttpRequest extends Call, InPlace {
  readonly head: RequestHead;
  readonly framing: Framing;
  target: RequestTarget;
  headMark: number;
  /** The body, if it came whole with the head: `source[at .. end)`. */
  source: Uint8Array<ArrayBuffer>;
  at: number;
  end: number;
  /** The body, if it did not: still coming, or come in pieces. */
  incoming: RequestBody | undefined;
  /** There were bytes behind it. */
  isFollowed: boolean;
  /** Its answer has begun to leave. */
  isBegun: boolean;
  /** Only the rest of its body is to come, for nobody. */
  isAnswered: boolean;
  remote: { readonly remoteAddress: string } | undefined;
  gone: AbortController | undefined;
  isGone: boolean;
}

const NOWHERE: RequestTarget = { path: '/', query: '' };
const METHODS = ['POST', 'GET', 'HEAD', 'OPTIONS'].map((name) => ({
  name,
  bytes: Buffer.from(name),
}));

export const createRequest = (isEncrypted: boolean): HttpRequest => {
  const head = createHead();
  const framing = createFraming();
  const scheme = isEncrypted ? 'https' : 'http';
  const wholeBody = (): Uint8Array<ArrayBuffer> => owned(request.source, request.at, request.end);
  const request: HttpRequest = {
    head,
    framing,
    target: NOWHERE,
    headMark: 0,
    source: NOTHING,
    at: 0,
    end: 0,
    incoming: undefined,
    isFollowed: false,
    isBegun: false,
    isAnswered: false,
    remote: undefined,
    gone: undefined,
    isGone: false,
    get method() {
      return methodOf(head);
    },
    get path() {
      return request.target.path;
    },
    get query() {
      return request.target.query;
    },
    header: (name) => fieldOf(head, name),
    peer: () => request.remote?.remoteAddress ?? '',
    origin: () => `${scheme}://${textAt(head, framing.hostStart, framing.hostEnd) || 'localhost'}`,
    bytes: (limitBytes, decidedBy) => {
      const { incoming, at, end } = request;
      if (incoming) return incoming.bytes(limitBytes, decidedBy);
      if (end - at > limitBytes) throw tooLarge(limitBytes);
      return wholeBody();
    },
    inPlace: (limitBytes) => {
      const { incoming, at, end } = request;
      if (incoming || end !== head.end || end - at > limitBytes) return undefined;
      return request;
    },
    parts: () => request.incoming?.parts() ?? wholeParts(wholeBody()),
    signal: () => {
      request.gone ??= new AbortController();
      if (request.isGone) request.gone.abort();
      return request.gone.signal;
    },
  };
  return request;
};

/** Takes along what a request needs when the bytes that it came with are written over. */
export const settle = (request: HttpRequest): void => {
  const { head, incoming } = request;
  if (head.bytes.buffer !== SLAB.buffer) return;
  const { start } = head;
  const end = incoming ? start + head.at : request.end;
  head.bytes = owned(head.bytes as Buffer<ArrayBuffer>, start, end);
  head.start = 0;
  head.end = head.bytes.length;
  if (incoming) request.source = NOTHING;
  else {
    request.source = head.bytes as Buffer<ArrayBuffer>;
    request.at -= start;
    request.end -= start;
  }
};

let lastMark = 0;

/** A mark that no head has had in this process. */
export const nextMark = (): number => ++lastMark;

/** Whether all of the body has come. */
export const isRead = ({ incoming }: HttpRequest): boolean =>
  incoming === undefined || incoming.isWhole();

const methodOf = ({ bytes, start, methodEnd }: RequestHead): string => {
  next: for (const { name, bytes: letters } of METHODS) {
    if (letters.length !== methodEnd) continue;
    for (let i = 0; i < letters.length; i++) if (bytes[start + i] !== letters[i]) continue next;
    return name;
  }
  return bytes.toString('latin1', start, start + methodEnd);
};

/** A body that is there already, as parts. */
async function* wholeParts(
  body: Uint8Array<ArrayBuffer>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, undefined> {
  if (body.length > 0) yield body;
}
