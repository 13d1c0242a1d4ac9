/**
 * The HTTP face of one worker: which path answers what, and the frame around every answer
 * (method, failure, counters).
 * Stands between the socket that `worker` opens and the routes.
 */
import { AppError, type ErrorCode } from '../core/errors.ts';
import { buildAuthorise } from './auth.ts';
import { brokenOff, bytesOf, mediaTypeOf, requireType } from './body.ts';
import { type Call, type Endpoint, jsonHeaders, type Post } from './call.ts';
import type { BuildApp, ServeContext } from './context.ts';
import { buildCors } from './cors.ts';
import { methodAt, routeAt } from './counters.ts';
import { problemResponse } from './problem.ts';
import { buildDocuments } from './routes/documents.ts';
import { buildHome } from './routes/home.ts';
import { buildLive, buildReady } from './routes/health.ts';
import { buildModel } from './routes/model.ts';
import { buildPredict } from './routes/predict.ts';
import { buildResult } from './routes/result.ts';
import { buildV2 } from './routes/v2.ts';

/** Every path of the service. */
const endpointsOf = (context: ServeContext): Readonly<Record<string, Endpoint>> => ({
  '/predict': buildPredict(context),
  '/result': buildResult(context),
  '/': { label: '/', GET: buildHome(context) },
  '/model': { label: '/model', GET: buildModel(context) },
  '/livez': { label: '/livez', GET: buildLive(context) },
  '/readyz': { label: '/readyz', GET: buildReady(context) },
  ...buildV2(context),
  ...buildDocuments(context),
});

const notFound = (path: string): AppError =>
  path.startsWith('/v2/models/')
    ? new AppError('model-missing', `no such model, version or route: ${path.slice(0, 200)}`)
    : new AppError('not-found', `there is nothing at ${path.slice(0, 200)}`);

/** OPTIONS is answered everywhere; any other method that the path does not offer is refused. */
const otherMethod = (method: string, { GET, POST }: Endpoint): Response => {
  const allowed = [...(GET ? ['GET', 'HEAD'] : []), ...(POST ? ['POST'] : []), 'OPTIONS'].join(
    ', ',
  );
  const headers = { allow: allowed };
  if (method === 'OPTIONS') return new Response(null, { status: 204, headers });
  const detail = `${method.slice(0, 20)} is not allowed here; allowed: ${allowed}`;
  return problemResponse(new AppError('method-refused', detail), headers);
};

/** Failures after which the same request may well succeed a little later. */
const COMES_BACK = new Set<ErrorCode>(['overloaded', 'draining', 'not-ready', 'deadline-passed']);

const OTHER = routeAt('other');
const POST = methodAt('POST');
const jsonInit = { headers: jsonHeaders };

export const buildApp: BuildApp = (context) => {
  const { counters, admission, config } = context;
  const authorise =
    config.auth === undefined ? undefined : buildAuthorise(config.auth, context.quota);
  const cors = buildCors(config.corsOrigins);
  const places = new Map(
    Object.entries(endpointsOf(context)).map(([path, endpoint]) => [
      path,
      { endpoint, route: routeAt(endpoint.label) },
    ]),
  );

  const failure = (error: unknown): Response => {
    if (!(error instanceof AppError)) throw error;
    if (error.code === 'key-missing')
      return problemResponse(error, { 'www-authenticate': 'Bearer realm="puntual"' });
    if (error.code === 'quota-spent') {
      counters.shed('quota');
      return problemResponse(error, { 'retry-after': '1' });
    }
    if (!COMES_BACK.has(error.code)) return problemResponse(error);
    return problemResponse(error, { 'retry-after': String(admission.retryAfterSeconds()) });
  };
  const done = (route: number, method: number, status: number, startMs: number): void =>
    counters.requestDone(route, method, status, (performance.now() - startMs) * 1e6);

  /** Everything but POST. */
  const answer = async (
    endpoint: Endpoint | undefined,
    path: string,
    call: Call,
  ): Promise<Response> => {
    const { method } = call.request;
    try {
      await authorise?.(call.request);
      if (endpoint === undefined) throw notFound(path);
      if (endpoint.GET && (method === 'GET' || method === 'HEAD')) return await endpoint.GET(call);
      return otherMethod(method, endpoint);
    } catch (error) {
      return failure(error);
    }
  };

  /** One await for the body, none after it for what is answered at once: this is the hot road. */
  const answerPost = async (post: Post, call: Call, route: number, startMs: number) => {
    let response: Response;
    let hasArrived = false;
    try {
      const { request } = call;
      if (authorise) await authorise(request);
      const type = mediaTypeOf(request);
      if (post.stream && type === post.stream.type) {
        hasArrived = true;
        response = await post.stream.answer(call);
      } else {
        requireType(type, post.types);
        const bytes = await bytesOf(request, config.bodyLimitBytes);
        hasArrived = true;
        const given = post.answer(bytes, call);
        if (typeof given === 'string') {
          done(route, POST, 200, startMs);
          return new Response(given, jsonInit);
        }
        response = await given;
      }
    } catch (error) {
      response = failure(hasArrived ? error : brokenOff(error));
    }
    done(route, POST, response.status, startMs);
    return response;
  };

  const face = (request: Request): Response | Promise<Response> => {
    const startMs = performance.now();
    const { url, method } = request;
    const pathAt = url.indexOf('/', url.indexOf(':') + 3);
    const queryAt = url.indexOf('?', pathAt);
    const path = queryAt < 0 ? url.slice(pathAt) : url.slice(pathAt, queryAt);
    const query = queryAt < 0 ? '' : url.slice(queryAt + 1);
    const place = places.get(path);
    const call = { request, query };
    const route = place === undefined ? OTHER : place.route;
    if (method === 'POST' && place?.endpoint.POST)
      return answerPost(place.endpoint.POST, call, route, startMs);
    return answer(place?.endpoint, path, call).then((response) => {
      done(route, methodAt(method), response.status, startMs);
      return response;
    });
  };
  if (!cors) return face;
  return async (request) => cors.preflight(request) ?? cors.mark(request, await face(request));
};
