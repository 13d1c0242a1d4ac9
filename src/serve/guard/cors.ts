/**
 * CORS: calls from pages of other origins, which browsers refuse unless their origin is configured.
 *
 * @source https://fetch.spec.whatwg.org/#http-cors-protocol
 */
import { type Answer, type Call, withHeaders } from '../../http/call.ts';

interface Cors {
  /** The answer to a preflight, undefined when the request is none. */
  readonly preflight: (call: Call) => Response | undefined;
  /** Adds what lets the page read the answer. */
  readonly mark: (call: Call, answer: Answer) => Answer;
}

/** @param origins such as `https://app.example`, or `*` */
export const buildCors = (origins: readonly string[]): Cors | undefined => {
  if (origins.length === 0) return undefined;
  const allowed = new Set(origins);
  const allowedOrigin = (call: Call): string | undefined => {
    const origin = call.header('origin');
    if (origin === null) return undefined;
    return allowed.has('*') ? '*' : allowed.has(origin) ? origin : undefined;
  };
  return {
    preflight: (call) => {
      const isPreflight =
        call.method === 'OPTIONS' && call.header('access-control-request-method') !== null;
      const origin = isPreflight ? allowedOrigin(call) : undefined;
      if (origin === undefined) return undefined;
      return new Response(null, {
        status: 204,
        headers: {
          'access-control-allow-origin': origin,
          'access-control-allow-methods': 'GET, HEAD, POST',
          'access-control-allow-headers':
            'authorization, content-encoding, content-type, x-api-key, traceparent, request-timeout, inference-header-content-length',
          'access-control-max-age': '600',
          vary: 'origin',
        },
      });
    },
    mark: (call, answer) => {
      const marked = withHeaders(answer);
      const origin = allowedOrigin(call);
      marked.headers.append('vary', 'origin');
      if (origin !== undefined) {
        marked.headers.set('access-control-allow-origin', origin);
        marked.headers.set(
          'access-control-expose-headers',
          'retry-after, inference-header-content-length',
        );
      }
      return marked;
    },
  };
};
