/**
 * One request as a handler sees it, and what may answer it.
 */
import type { AppError } from '../core/errors.ts';

export interface Call {
  readonly method: string;
  readonly path: string;
  /** What follows the question mark, without it. */
  readonly query: string;
  /** Value of a field (name in lower case), several of one name joined by commas; null when there is none. */
  readonly header: (name: string) => string | null;
  /** The address that the connection comes from; '' where it has none. */
  readonly peer: () => string;
  /** Scheme and host, as the caller wrote it. */
  readonly origin: () => string;
  /**
   * The whole body: at once when it is there already.
   * @throws AppError body-too-large, request-malformed, request-slow; or rejects with them
   */
  readonly bytes: (
    limitBytes: number,
  ) => Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>;
  /**
   * A body that came with its head and is the last thing received, in place: `source[at ..]`; undefined for others.
   * No view is made of it, which would cost more than reading it.
   */
  readonly inPlace: (limitBytes: number) => InPlace | undefined;
  /** The body while it comes, never faster than it is taken. */
  readonly parts: () => AsyncIterableIterator<Uint8Array<ArrayBuffer>>;
  /** Fires when the caller has gone. */
  readonly signal: () => AbortSignal;
}

/** Good until the handler returns. */
export interface InPlace {
  readonly source: Uint8Array<ArrayBuffer>;
  readonly at: number;
}

/** An answer that is written while it is made. */
export interface Streamed {
  readonly status: number;
  readonly headers: Headers;
  readonly parts: AsyncIterable<Uint8Array<ArrayBuffer>>;
  /** How long all parts are together, where that is known; else they are sent in chunks. */
  readonly lengthBytes?: number;
}

/** A text is a whole answer: 200, `application/json`. */
export type Answer = string | Response | Streamed;

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

/** An answer whose fields can be added to. */
export const withHeaders = (answer: Answer): Response | Streamed =>
  typeof answer === 'string'
    ? new Response(answer, { headers: { 'content-type': 'application/json' } })
    : answer;
