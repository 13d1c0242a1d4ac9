/**
 * One request on its connection, as the call that a handler sees: read from the head's bytes only when it is asked.
 * One exchange serves request after request, until an answer has to
 * wait: then it stays with that request, and the connection's server takes another.
 */
import type { Call, InPlace } from './call.ts';
import { fieldOf, textAt } from './fields.ts';
import { createFraming, type Framing } from './framing.ts';
import { createHead, type Head } from './head.ts';
import { type Inflow, NOTHING, tooLarge } from './request-body.ts';
import type { Target } from './target.ts';

export interface Exchange extends Call, InPlace {
  readonly head: Head;
  readonly framing: Framing;
  target: Target;
  /** The body, if it came whole with the head: `source[at .. end)`. */
  source: Uint8Array<ArrayBuffer>;
  at: number;
  end: number;
  /** The body, if it did not. */
  inflow: Inflow | undefined;
  /** Its answer has begun to leave. */
  isBegun: boolean;
  /** Only the rest of its body is to come, for nobody. */
  isAnswered: boolean;
  gone: AbortController | undefined;
  isGone: boolean;
}

const NOWHERE: Target = { path: '/', query: '' };
const METHODS = ['POST', 'GET', 'HEAD', 'OPTIONS'].map((name) => ({
  name,
  bytes: Buffer.from(name),
}));

export const createExchange = (isEncrypted: boolean): Exchange => {
  const head = createHead();
  const framing = createFraming();
  const scheme = isEncrypted ? 'https' : 'http';
  const body = (): Uint8Array<ArrayBuffer> => exchange.source.subarray(exchange.at, exchange.end);
  const exchange: Exchange = {
    head,
    framing,
    target: NOWHERE,
    source: NOTHING,
    at: 0,
    end: 0,
    inflow: undefined,
    isBegun: false,
    isAnswered: false,
    gone: undefined,
    isGone: false,
    get method() {
      return methodOf(head);
    },
    get path() {
      return exchange.target.path;
    },
    get query() {
      return exchange.target.query;
    },
    header: (name) => fieldOf(head, name),
    origin: () => `${scheme}://${textAt(head, framing.hostStart, framing.hostEnd) || 'localhost'}`,
    bytes: (limitBytes) => {
      const { inflow, at, end } = exchange;
      if (inflow) return inflow.bytes(limitBytes);
      if (end - at > limitBytes) throw tooLarge(limitBytes);
      return body();
    },
    inPlace: (limitBytes) => {
      const { inflow, source, at, end } = exchange;
      if (inflow || end !== source.length || end - at > limitBytes) return undefined;
      return exchange;
    },
    parts: () => exchange.inflow?.parts() ?? wholeParts(body()),
    signal: () => {
      exchange.gone ??= new AbortController();
      if (exchange.isGone) exchange.gone.abort();
      return exchange.gone.signal;
    },
  };
  return exchange;
};

/** Whether all of the body has come. */
export const isRead = ({ inflow }: Exchange): boolean => inflow === undefined || inflow.isWhole();

const methodOf = ({ bytes, start, methodEnd }: Head): string => {
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
