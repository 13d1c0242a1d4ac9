/**
 * Spans and access log around the handler of a worker. When neither is asked for, the handler stays as it is and
 * costs nothing. Stands between `worker` and `app`. Records method, route and status: nothing of a body.
 */
import type { ServeConfig } from './config.ts';
import { METHODS, ROUTES } from './labels.ts';
import type { Log } from './log.ts';
import { buildExporter } from './otlp.ts';
import { parseTraceparent, randomHex } from './trace-context.ts';

export type Handler = (
  request: Request,
  server: Bun.Server<undefined>,
) => Response | Promise<Response>;

export interface Tracing {
  readonly around: (handler: Handler) => Handler;
  readonly flush: () => Promise<void>;
}

export const buildTracing = (
  config: Pick<ServeConfig, 'otlpEndpoint' | 'traceShare' | 'accessLogShare'>,
  log: Log,
): Tracing => {
  const { otlpEndpoint, traceShare, accessLogShare } = config;
  const exporter = otlpEndpoint === undefined ? undefined : buildExporter(otlpEndpoint, log);
  if (!exporter && accessLogShare === 0)
    return { around: (handler) => handler, flush: async () => {} };

  const around =
    (handler: Handler): Handler =>
    async (request, server) => {
      const parent = parseTraceparent(request.headers.get('traceparent'));
      const isSampled = exporter && (parent ? parent.isSampled : Math.random() < traceShare);
      const isLogged = Math.random() < accessLogShare;
      if (!isSampled && !isLogged) return handler(request, server);
      const traceId = parent?.traceId ?? randomHex(16);
      const spanId = randomHex(8);
      const startMs = performance.timeOrigin + performance.now();
      const response = await handler(request, server);
      const endMs = performance.timeOrigin + performance.now();
      const method = METHODS.find((known) => known === request.method) ?? '_OTHER';
      const route = routeOf(request.url);
      response.headers.set('traceresponse', `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`);
      if (isSampled)
        exporter.add({
          traceId,
          spanId,
          parentId: parent?.parentId,
          name: `${method} ${route}`,
          startMs,
          endMs,
          attributes: {
            'http.request.method': method,
            'http.route': route,
            'http.response.status_code': response.status,
            'url.scheme': request.url.slice(0, request.url.indexOf(':')),
          },
          isError: response.status >= 500,
        });
      if (isLogged)
        log.info(`${method} ${route} ${response.status}`, {
          method,
          route,
          status: response.status,
          durationMs: Math.round((endMs - startMs) * 1000) / 1000,
          trace_id: traceId,
          span_id: spanId,
        });
      return response;
    };
  return { around, flush: exporter?.flush ?? (async () => {}) };
};

const TEMPLATES: readonly [form: RegExp, route: string][] = ROUTES.filter((route) =>
  route.includes('{'),
).map((route) => [new RegExp(`^${route.replaceAll(/\{\w+\}/g, '[^/]+')}$`), route]);

/** The template of a path, never the path itself: a label must not grow with what callers send. */
export const routeOf = (url: string): string => {
  const { pathname } = new URL(url);
  return (
    ROUTES.find((route) => route === pathname) ??
    TEMPLATES.find(([form]) => form.test(pathname.replace(/\/versions\/[^/]+/, '')))?.[1] ??
    'other'
  );
};
