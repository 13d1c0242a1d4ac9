/**
 * Calls from pages of other origins: refused by every browser unless their origin is configured.
 * Stands around the answers of `app`; without origins it is not there at all.
 * @source https://fetch.spec.whatwg.org/#http-cors-protocol
 */

export interface Cors {
  /** The answer to a preflight, undefined when the request is none. */
  readonly preflight: (request: Request) => Response | undefined;
  /** Adds what lets the page read the answer. */
  readonly mark: (request: Request, response: Response) => Response;
}

/** @param origins such as `https://app.example`, or `*` */
export const buildCors = (origins: readonly string[]): Cors | undefined => {
  if (origins.length === 0) return undefined;
  const allowed = new Set(origins);
  const allowedOrigin = (request: Request): string | undefined => {
    const origin = request.headers.get('origin');
    if (origin === null) return undefined;
    return allowed.has('*') ? '*' : allowed.has(origin) ? origin : undefined;
  };
  return {
    preflight: (request) => {
      const isPreflight =
        request.method === 'OPTIONS' && request.headers.has('access-control-request-method');
      const origin = isPreflight ? allowedOrigin(request) : undefined;
      if (origin === undefined) return undefined;
      return new Response(null, {
        status: 204,
        headers: {
          'access-control-allow-origin': origin,
          'access-control-allow-methods': 'GET, HEAD, POST',
          'access-control-allow-headers':
            'authorization, content-type, x-api-key, traceparent, request-timeout, inference-header-content-length',
          'access-control-max-age': '600',
          vary: 'origin',
        },
      });
    },
    mark: (request, response) => {
      const origin = allowedOrigin(request);
      response.headers.append('vary', 'origin');
      if (origin !== undefined) {
        response.headers.set('access-control-allow-origin', origin);
        response.headers.set(
          'access-control-expose-headers',
          'retry-after, inference-header-content-length',
        );
      }
      return response;
    },
  };
};
