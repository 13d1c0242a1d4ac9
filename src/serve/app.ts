/**
 * The HTTP face of one worker: which path answers what, and the frame around every answer
 * (method, failure, counters).
 * Stands between the socket that `worker` opens and the routes.
 */
import { AppError, type ErrorCode } from '../core/errors.ts';
import type { Endpoint } from './call.ts';
import type { BuildApp, ServeContext } from './context.ts';
import { methodAt, routeAt } from './counters.ts';
import { problemResponse } from './problem.ts';
import { buildHome } from './routes/home.ts';
import { buildLive, buildReady } from './routes/health.ts';
import { buildModel } from './routes/model.ts';
import { buildPredict } from './routes/predict.ts';
import { buildResult } from './routes/result.ts';

/** Every path of the service. */
const endpointsOf = (context: ServeContext): Readonly<Record<string, Endpoint>> => ({
  '/predict': { label: '/predict', methods: { ...buildPredict(context) } },
  '/result': { label: '/result', methods: { POST: buildResult(context) } },
  '/': { label: '/', methods: { GET: buildHome(context) } },
  '/model': { label: '/model', methods: { GET: buildModel(context) } },
  '/livez': { label: '/livez', methods: { GET: buildLive(context) } },
  '/readyz': { label: '/readyz', methods: { GET: buildReady(context) } },
});

const OTHER = routeAt('other');

const notFound = (path: string): AppError =>
  new AppError('not-found', `there is nothing at ${path.slice(0, 200)}`);

/** OPTIONS is answered everywhere; any other method that the path does not offer is refused. */
const otherMethod = (method: string, methods: Endpoint['methods']): Response => {
  const allowed = Object.keys(methods).flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : name));
  const headers = { allow: [...allowed, 'OPTIONS'].join(', ') };
  if (method === 'OPTIONS') return new Response(null, { status: 204, headers });
  const detail = `${method.slice(0, 20)} is not allowed here; allowed: ${allowed.join(', ')}`;
  return problemResponse(new AppError('method-refused', detail), headers);
};

/** Failures after which the same request may well succeed a little later. */
const COMES_BACK = new Set<ErrorCode>(['overloaded', 'draining', 'not-ready', 'deadline-passed']);

export const buildApp: BuildApp = (context) => {
  const endpoints = new Map(
    Object.entries(endpointsOf(context)).map(([path, { label, methods }]) => [
      path,
      { route: routeAt(label), methods },
    ]),
  );
  const { counters } = context;
  return async (request) => {
    const startMs = performance.now();
    const { url, method } = request;
    const pathAt = url.indexOf('/', url.indexOf(':') + 3);
    const queryAt = url.indexOf('?', pathAt);
    const path = queryAt < 0 ? url.slice(pathAt) : url.slice(pathAt, queryAt);
    const query = queryAt < 0 ? '' : url.slice(queryAt + 1);
    const endpoint = endpoints.get(path);
    let response: Response;
    try {
      if (endpoint === undefined) throw notFound(path);
      const handler = endpoint.methods[method === 'HEAD' ? 'GET' : (method as 'GET')];
      response =
        handler === undefined
          ? otherMethod(method, endpoint.methods)
          : await handler({ request, query, parts: {} });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      response = problemResponse(
        error,
        COMES_BACK.has(error.code)
          ? { 'retry-after': String(context.admission.retryAfterSeconds()) }
          : {},
      );
    }
    counters.requestDone(
      endpoint?.route ?? OTHER,
      methodAt(method),
      response.status,
      (performance.now() - startMs) * 1e6,
    );
    return response;
  };
};
