/**
 * An endpoint: which methods one path offers, and what answers them.
 */
import type { Answer, Call, DecidedBy, InPlace, Ready } from '../http/call.ts';
import type { Route } from './labels.ts';

/** Answers a call. @throws AppError, which becomes a problem document */
export type Handler = (call: Call) => Answer | Promise<Answer>;

/** Answers a call whose body `app` has read: known type, within the limit. @throws AppError */
export interface Post {
  /** Media types that are taken; a request that states none is taken too. Without it, all are. */
  readonly types?: readonly string[];
  /** The largest body, where that is less than what the service takes otherwise. */
  readonly limitBytes?: number;
  /** Of a large body that is answered as if it were only this, the rest is not kept. */
  readonly decidedBy?: (call: Call) => DecidedBy | undefined;
  /** The hot path: answers a plain body in place, from `at` to its end; undefined for any other. */
  readonly scan?: (body: InPlace, call: Call) => Ready | undefined;
  /** The bytes may be used for others as soon as the answer is there. */
  readonly answer: (bytes: Uint8Array<ArrayBuffer>, call: Call) => Answer | Promise<Answer>;
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

/** Of an answer that holds sentences for people. */
export const spokenHeaders = { ...jsonHeaders, vary: 'accept-language' };
