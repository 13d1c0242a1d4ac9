/**
 * One request as a handler sees it, and what may answer it.
 */
import type { AppError } from '../core/errors.ts';
import type { Kept } from './kept-answer.ts';

export interface Call {
  readonly method: string;
  readonly path: string;
  /** What follows the question mark, without it. */
  readonly query: string;
  /**
   * Calls of the same mark have the same head, but for the length of the body: what was found out of method, target and
   * fields holds for all of them. 0: such calls are not known.
   */
  readonly headMark: number;
  /** Value of a field (name in lower case), several of one name joined by commas; null when there is none. */
  readonly header: (name: string) => string | null;
  /** The address that the connection comes from; '' where it has none. */
  readonly peer: () => string;
  /** Scheme and host, as the caller wrote it. */
  readonly origin: () => string;
  /**
   * The whole body: at once when it is there already.
   * @param decidedBy asked while a large body comes: where it gives something, that is the body then
   * @throws AppError body-too-large, request-malformed, request-slow; or rejects with them
   */
  readonly bytes: (
    limitBytes: number,
    decidedBy?: DecidedBy,
  ) => Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>;
  /**
   * A body that came with its head and is the last thing received, in place: `source[at .. end)`; undefined for others.
   * No view is made of it, which would cost more than reading it.
   */
  readonly inPlace: (limitBytes: number) => InPlace | undefined;
  /** The body while it comes, never faster than it is taken. */
  readonly parts: () => AsyncIterableIterator<Uint8Array<ArrayBuffer>>;
  /** Fires when the caller has gone. */
  readonly signal: () => AbortSignal;
}

/** What of a body decides its answer, by its first bytes, as many as in `LOOKS_BYTES`; undefined where more of it counts. */
export type DecidedBy = (first: Uint8Array) => Uint8Array<ArrayBuffer> | undefined;

/** Good until the handler returns. Behind the end stands nothing, or a zero: who reads on comes to a byte that JSON has not. */
export interface InPlace {
  readonly source: Uint8Array<ArrayBuffer>;
  readonly at: number;
  readonly end: number;
}

/** An answer that is written while it is made. */
export interface Streamed {
  readonly status: number;
  readonly headers: Headers;
  readonly parts: AsyncIterable<Uint8Array<ArrayBuffer>>;
  /** How long all parts are together, where that is known; else they are sent in chunks. */
  readonly lengthBytes?: number;
}

/** A text that would be another one in another language: as a text, and `Vary` says so. */
export interface Spoken {
  readonly kind: 'spoken';
  readonly status: 200;
  readonly text: string;
}

/**
 * A JSON text that writes itself into the bytes that are sent, so that no string is made of it: 200. Good only until the
 * next call is answered: who has to wait keeps `lasting` of it.
 */
export interface Written {
  readonly kind: 'written';
  readonly status: 200;
  /** It would be another text in another language, as `Spoken`. */
  readonly isSpoken: boolean;
  /** @returns the most bytes that `write` will take now */
  readonly mostBytes: () => number;
  /** Writes all of it. @returns the place behind it */
  readonly write: (into: Uint8Array, at: number) => number;
}

/** Written in the turn in which it is given. A text is a whole answer: 200, `application/json`. */
export type Ready = string | Spoken | Kept | Written;

export type Answer = Ready | Response | Streamed;

export interface Handlers {
  readonly answer: (call: Call) => Answer | Promise<Answer>;
  /** The document that tells a caller why what it sent is no request. */
  readonly refused: (error: AppError) => string;
  /** A bug in `answer`: what its caller gets. */
  readonly failed: (error: Error) => Response;
  /** A request is refused that did not arrive in time, or for which there is no memory. */
  readonly onShed: (reason: 'slow' | 'memory') => void;
}

export const isStreamed = (answer: Answer): answer is Streamed =>
  typeof answer === 'object' && 'parts' in answer;

export const isReady = (answer: Answer | Promise<Answer>): answer is Ready =>
  typeof answer === 'string' || 'kind' in answer;

export const statusOf = (answer: Answer): number =>
  typeof answer === 'string' ? 200 : answer.status;

export const spoken = (text: string): Spoken => ({ kind: 'spoken', status: 200, text });

const JSON_FIELDS = { 'content-type': 'application/json' };
const SPOKEN_FIELDS = { ...JSON_FIELDS, vary: 'accept-language' };

export const textOf = ({ mostBytes, write }: Written): string => {
  const bytes = Buffer.allocUnsafe(mostBytes());
  return bytes.toString('utf8', 0, write(bytes, 0));
};

/** The same answer, which stays what it is while others are made: for whoever does not write it in this turn. */
export const lasting = (given: Answer | Promise<Answer>): LastingAnswer | Promise<Answer> =>
  given instanceof Promise ? given : lastingOf(given);

type LastingAnswer = Exclude<Answer, Written>;

const lastingOf = (answer: Answer): LastingAnswer => {
  if (!isWritten(answer)) return answer;
  return answer.isSpoken ? spoken(textOf(answer)) : textOf(answer);
};

export const isWritten = (answer: Answer): answer is Written =>
  typeof answer === 'object' && 'kind' in answer && answer.kind === 'written';

/** An answer whose fields can be added to. */
export const withHeaders = (given: Answer): Response | Streamed => {
  const answer = lastingOf(given);
  if (typeof answer === 'string') return new Response(answer, { headers: JSON_FIELDS });
  if (!('kind' in answer)) return answer;
  if (answer.kind === 'spoken') return new Response(answer.text, { headers: SPOKEN_FIELDS });
  const { status, headers, body } = answer;
  return new Response(status === 204 || status === 304 ? null : body, { status, headers });
};
