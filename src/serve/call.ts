/**
 * One request on its way through the room, and what answers it.
 * Stands between `app`, which takes requests in, and the routes.
 */
import type { Method, Route } from './labels.ts';

export interface Call {
  readonly request: Request;
  /** What stands behind the question mark, without it. */
  readonly query: string;
  /** Parts of the path that the route leaves open, decoded. */
  readonly parts: Readonly<Record<string, string>>;
}

/** Answers a call. @throws AppError, which becomes a problem document */
export type Handler = (call: Call) => Response | Promise<Response>;

/** What one path offers. HEAD is answered wherever GET is. */
export interface Endpoint {
  /** Its name in metrics: a template, never a raw path. */
  readonly label: Route;
  readonly methods: Readonly<Partial<Record<Extract<Method, 'GET' | 'POST'>, Handler>>>;
}

export const jsonHeaders = { 'content-type': 'application/json' };
