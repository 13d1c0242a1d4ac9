/**
 * Spans and access log around the handler of a worker. When neither is asked for, the handler stays as it is and
 * costs nothing. Records method, route and status: nothing of a body.
 */
import { type Answer, type Call, lasting, withHeaders } from '../../http/call.ts';
import type { ServeConfig } from '../config.ts';
import type { Handler } from '../endpoint.ts';
import { METHODS, ROUTES, type Route } from '../labels.ts';
import type { Log } from '../log.ts';
import { keyOf, methodAt, routeAt } from './counters.ts';
import type { Exemplar } from './exemplars.ts';
import { buildExporter } from './otlp-spans.ts';
import { parseTraceparent, randomHex, type TraceContext } from './trace-context.ts';

interface Tracing {
  readonly around: (handler: Handler) => Handler;
  readonly flush: () => Promise<void>;
}

/** What is recorded of one call. */
interface Recording {
  readonly parent: TraceContext | undefined;
  readonly isSampled: boolean;
  readonly isLogged: boolean;
}

/** @param onSampled told of each sampled request, for the histogram that it is counted in */
export const buildTracing = (
  config: Pick<ServeConfig, 'otlpEndpoint' | 'traceShare' | 'accessLogShare'>,
  log: Log,
  onSampled: (exemplar: Exemplar) => void = () => {},
): Tracing => {
  const { otlpEndpoint, traceShare, accessLogShare } = config;
  const exporter = otlpEndpoint === undefined ? undefined : buildExporter(otlpEndpoint, log);
  if (!exporter && accessLogShare === 0)
    return { around: (handler) => handler, flush: async () => {} };

  const traced = async (
    handler: Handler,
    call: Call,
    { parent, isSampled, isLogged }: Recording,
  ): Promise<Answer> => {
    const traceId = parent?.traceId ?? randomHex(16);
    const spanId = randomHex(8);
    const startMs = performance.timeOrigin + performance.now();
    const answer = withHeaders(await lasting(handler(call)));
    const endMs = performance.timeOrigin + performance.now();
    const { status } = answer;
    const method = METHODS.find((known) => known === call.method) ?? '_OTHER';
    const route = routeOf(call.path);
    answer.headers.set('traceresponse', `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`);
    if (isSampled) {
      onSampled({
        key: keyOf(routeAt(route), methodAt(method), status),
        seconds: (endMs - startMs) / 1000,
        atMs: Math.round(endMs),
        traceId,
        spanId,
      });
      exporter?.add({
        traceId,
        spanId,
        parentId: parent?.parentId,
        name: `${method} ${route}`,
        startMs,
        endMs,
        attributes: {
          'http.request.method': method,
          'http.route': route,
          'http.response.status_code': status,
          'url.scheme': call.origin().startsWith('https:') ? 'https' : 'http',
          ...(status >= 500 ? { 'error.type': String(status) } : {}),
        },
        isError: status >= 500,
      });
    }
    if (isLogged)
      log.info(`${method} ${route} ${status}`, {
        method,
        route,
        status,
        durationMs: Math.round((endMs - startMs) * 1000) / 1000,
        trace_id: traceId,
        span_id: spanId,
      });
    return answer;
  };

  /** What is neither sampled nor logged goes on as it came. */
  const around =
    (handler: Handler): Handler =>
    (call) => {
      const parent = parseTraceparent(call.header('traceparent'));
      const isSampled =
        exporter !== undefined && (parent ? parent.isSampled : Math.random() < traceShare);
      const isLogged = Math.random() < accessLogShare;
      if (!isSampled && !isLogged) return handler(call);
      return traced(handler, call, { parent, isSampled, isLogged });
    };
  return { around, flush: exporter?.flush ?? (async () => {}) };
};

const TEMPLATES: readonly [form: RegExp, route: Route][] = ROUTES.filter((route) =>
  route.includes('{'),
).map((route) => [new RegExp(`^${route.replaceAll(/\{\w+\}/g, '[^/]+')}$`), route]);

/** Without the slash at its end, which means nothing here. */
export const plainPath = (path: string): string =>
  path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;

/** The template of a path, never the path itself: a label must not grow with what callers send. */
export const routeOf = (written: string): Route => {
  const path = plainPath(written);
  return (
    ROUTES.find((route) => route === path) ??
    TEMPLATES.find(([form]) => form.test(path.replace(/\/versions\/[^/]+/, '')))?.[1] ??
    'other'
  );
};
