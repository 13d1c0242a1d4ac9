/**
 * One request on its way through the room, and what answers it.
 * Stands between `app`, which takes requests in, and the routes.
 */
import type { Route } from './labels.ts';

export interface Call {
  readonly request: Request;
  /** What stands behind the question mark, without it. */
  readonly query: string;
}

/** Answers a call. @throws AppError, which becomes a problem document */
export type Handler = (call: Call) => Response | Promise<Response>;

/** Answers a call whose body `app` has read: known type, within the limit. @throws AppError */
export interface Post {
  /** Media types that are taken; a request that states none is taken too. */
  readonly types: readonly string[];
  /** @returns the text of a JSON answer, or a whole one. */
  readonly answer: (
    bytes: Uint8Array<ArrayBuffer>,
    call: Call,
  ) => string | Response | Promise<Response>;
  /** For a type whose body is answered while it comes. */
  readonly stream?: { readonly type: string; readonly answer: Handler };
}

/** What one path offers. HEAD is answered wherever GET is. */
export interface Endpoint {
  /** Its name in metrics: a template, never a raw path. */
  readonly label: Route;
  readonly GET?: Handler;
  readonly POST?: Post;
}

export const jsonHeaders = { 'content-type': 'application/json' };
