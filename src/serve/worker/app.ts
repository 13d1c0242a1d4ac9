/**
 * The HTTP application of one worker: which path answers what, and what surrounds every answer: authorisation, method,
 * failure, counters.
 */
import { AppError, type ErrorCode } from '../../core/errors.ts';
import { blocks } from '../../host/blocks.ts';
import { type Answer, type Call, isWritten, lasting, statusOf } from '../../http/call.ts';
import { bufferBytesOf } from '../config.ts';
import type { BuildApp, ServeContext } from '../context.ts';
import type { Endpoint, Post } from '../endpoint.ts';
import { mediaTypeOf, requireType, SMALL_BYTES } from '../formats/body.ts';
import { ACCEPTED_CODINGS, buildUnpacking, isPacked } from '../formats/content-coding.ts';
import { langOf } from '../formats/language.ts';
import { buildRefusals, problemResponse } from '../formats/problem.ts';
import { checkQuery } from '../formats/query.ts';
import { buildAuthorise } from '../guard/auth.ts';
import { buildCors } from '../guard/cors.ts';
import { shed } from '../guard/shed.ts';
import { buildLive, buildReady } from '../routes/health.ts';
import { later } from '../routes/later.ts';
import { buildModel } from '../routes/model.ts';
import { buildPredict } from '../routes/predict.ts';
import { buildResult } from '../routes/result.ts';
import { buildService } from '../routes/service.ts';
import { buildV2 } from '../routes/v2.ts';
import { methodAt, routeAt } from '../telemetry/counters.ts';
import { plainPath } from '../telemetry/trace.ts';

/** What people read, see `later.ts`. */
const PAGES = {
  '/': '/',
  '/assets/page.js': '/assets/{file}',
  '/assets/page.css': '/assets/{file}',
  '/assets/icon.svg': '/assets/{file}',
  '/assets/names.json': '/assets/{file}',
} as const;
const DOCUMENTS = {
  '/openapi.json': '/openapi.json',
  '/docs': '/docs',
  '/docs/': '/docs',
  '/assets/docs.js': '/assets/{file}',
  '/assets/docs.css': '/assets/{file}',
  '/postman.json': '/postman.json',
} as const;

/** Every path of the service. */
const endpointsOf = (context: ServeContext): Readonly<Record<string, Endpoint>> => ({
  '/predict': buildPredict(context),
  '/result': buildResult(context),
  '/model': { label: '/model', GET: buildModel(context) },
  '/livez': { label: '/livez', GET: buildLive(context) },
  '/readyz': { label: '/readyz', GET: buildReady(context) },
  ...buildV2(context),
  ...later(DOCUMENTS, async () => (await import('../routes/documents.ts')).buildDocuments(context)),
  ...later(PAGES, async () => (await import('../routes/home.ts')).buildHome(context)),
  ...buildService(context),
});

const notFound = (path: string): AppError =>
  path.startsWith('/v2/models/')
    ? new AppError('model-missing', `no such model, version or route: ${path.slice(0, 200)}`)
    : new AppError('not-found', `there is nothing at ${path.slice(0, 200)}`);

/** OPTIONS is answered everywhere; any other method that the path does not offer is refused. */
const otherMethod = (call: Call, { GET, POST }: Endpoint): Response => {
  const { method } = call;
  const allowed = [...(GET ? ['GET', 'HEAD'] : []), ...(POST ? ['POST'] : []), 'OPTIONS'].join(
    ', ',
  );
  const headers = { allow: allowed };
  if (method === 'OPTIONS') return new Response(null, { status: 204, headers });
  const detail = `${method.slice(0, 20)} is not allowed here; allowed: ${allowed}`;
  return problemResponse(new AppError('method-refused', detail), langOf(call), headers);
};

/** Failures after which the same request may well succeed a little later. */
const COMES_BACK = new Set<ErrorCode>(['overloaded', 'not-ready', 'deadline-passed']);

type Bytes = Uint8Array<ArrayBuffer>;

const OTHER = routeAt('other');

/** What is known of all calls with one head. */
interface Plan {
  readonly mark: number;
  readonly endpoint: Endpoint | undefined;
  readonly route: number;
  readonly method: number;
  readonly isPost: boolean;
  /** Its body is as plain as its type says, so that a scan may read it: known once that was looked at. */
  isPlain: boolean;
  /** Its query gives no name twice: known once that was looked at. */
  isDistinct: boolean;
}

export const buildApp: BuildApp = (context) => {
  const { counters, admission, config, watch } = context;
  const authoriserOf = (auth: string | undefined) =>
    auth === undefined
      ? undefined
      : buildAuthorise(auth, context.quota, config, (why) => context.log.error(why));
  let authorise = authoriserOf(config.auth);
  context.onAuth((auth) => {
    authorise = authoriserOf(auth);
  });
  const cors = buildCors(config.corsOrigins);
  const places = new Map(
    Object.entries(endpointsOf(context)).map(([path, endpoint]) => [
      path,
      { endpoint, route: routeAt(endpoint.label) },
    ]),
  );

  const refusalOf = buildRefusals();
  const failure = (error: unknown, call: Call): Answer => {
    if (!(error instanceof AppError)) throw error;
    const lang = langOf(call);
    if (error.code === 'key-missing')
      return problemResponse(error, lang, { 'www-authenticate': 'Bearer realm="puntual"' });
    if (error.code === 'coding-unsupported')
      return problemResponse(error, lang, { 'accept-encoding': ACCEPTED_CODINGS });
    if (error.code === 'quota-spent') {
      counters.shed('quota');
    } else if (!COMES_BACK.has(error.code)) return problemResponse(error, lang);
    const seconds = error.retryAfterSeconds ?? admission.retryAfterSeconds();
    return refusalOf(error, lang, Math.max(1, Math.ceil(seconds)));
  };
  const done = ({ route, method }: Plan, status: number, startMs: number, endMs: number): void =>
    counters.requestDone(route, method, status, (endMs - startMs) * 1e6);

  /** Whether nothing but calls was worked on since the watch was read: the end of one is the start of the next. */
  let isBusy = false;
  const rest = (): void => {
    isBusy = false;
  };
  const start = (): number => {
    if (isBusy) return watch.lastMs;
    isBusy = true;
    queueMicrotask(rest);
    return performance.now();
  };

  /** Everything but POST. */
  const answerOther = (endpoint: Endpoint | undefined, call: Call): Answer | Promise<Answer> => {
    const { method, path } = call;
    if (endpoint === undefined) throw notFound(path);
    if (endpoint.GET && (method === 'GET' || method === 'HEAD')) return endpoint.GET(call);
    return otherMethod(call, endpoint);
  };

  const limitOf = ({ limitBytes = Number.POSITIVE_INFINITY }: Post): number =>
    Math.min(limitBytes, config.bodyLimitBytes);

  const unpacking = buildUnpacking(bufferBytesOf(config));
  const answerPacked = async (post: Post, call: Call): Promise<Answer> => {
    const bytes = await unpacking.whole(await call.bytes(limitOf(post)), limitOf(post));
    if (bytes === undefined) throw shed(context, 'memory');
    return lasting(post.answer(bytes, call));
  };
  const streamOf = (call: Call): Call => {
    const unpacked = unpacking.stream(call);
    if (unpacked === undefined) throw shed(context, 'memory');
    return unpacked;
  };
  /** A large body is not read for somebody who is refused in any case. */
  const refuseLarge = (call: Call): void => {
    const refused =
      Number(call.header('content-length')) > SMALL_BYTES ? admission.isFull() : undefined;
    if (refused) throw shed(context, refused);
  };

  const answerBody = (post: Post, call: Call, plan: Plan): Answer | Promise<Answer> => {
    if (!plan.isPlain) {
      const packed = isPacked(call);
      const type = mediaTypeOf(call);
      if (post.stream && type === post.stream.type)
        return post.stream.answer(packed ? streamOf(call) : call);
      if (post.types) requireType(type, post.types);
      if (packed) {
        refuseLarge(call);
        return answerPacked(post, call);
      }
      plan.isPlain = true;
    }
    const body = post.scan && call.inPlace(config.bodyLimitBytes);
    const text = body && post.scan?.(body, call);
    if (text !== undefined) return text;
    refuseLarge(call);
    const bytes = call.bytes(limitOf(post), post.decidedBy?.(call));
    return bytes instanceof Promise ? answerLate(post, bytes, call) : post.answer(bytes, call);
  };
  const answerLate = async (post: Post, coming: Promise<Bytes>, call: Call): Promise<Answer> => {
    const bytes = await coming;
    try {
      return await lasting(post.answer(bytes, call));
    } finally {
      blocks.give(bytes);
    }
  };

  const answer = (plan: Plan, call: Call): Answer | Promise<Answer> => {
    const { endpoint } = plan;
    if (endpoint && !plan.isDistinct) {
      checkQuery(call.query);
      plan.isDistinct = true;
    }
    return endpoint?.POST && plan.isPost
      ? answerBody(endpoint.POST, call, plan)
      : answerOther(endpoint, call);
  };

  const planOf = (call: Call): Plan => {
    const place = places.get(call.path) ?? places.get(plainPath(call.path));
    return {
      mark: call.headMark,
      endpoint: place?.endpoint,
      route: place === undefined ? OTHER : place.route,
      method: methodAt(call.method),
      isPost: call.method === 'POST',
      isPlain: false,
      isDistinct: call.query === '',
    };
  };
  let last: Plan | undefined;

  /** The hot path: nothing waits unless the body, the caller's key or the answer does. */
  const serve = (call: Call): Answer | Promise<Answer> => {
    const startMs = start();
    const { headMark } = call;
    const plan = last !== undefined && headMark > 0 && last.mark === headMark ? last : planOf(call);
    last = plan;
    let given: Answer | Promise<Answer>;
    try {
      const allowed = authorise?.(call);
      given = allowed ? allowed.then(() => lasting(answer(plan, call))) : answer(plan, call);
    } catch (error) {
      given = failure(error, call);
    }
    if (given instanceof Promise) {
      isBusy = false;
      return given
        .catch((error: unknown) => failure(error, call))
        .then((later) => {
          done(plan, statusOf(later), startMs, performance.now());
          return later;
        });
    }
    // What writes itself was predicted just now, and the watch read.
    if (!isWritten(given)) watch.lastMs = performance.now();
    done(plan, statusOf(given), startMs, watch.lastMs);
    return given;
  };
  if (!cors) return serve;
  return async (call) => cors.preflight(call) ?? cors.mark(call, await lasting(serve(call)));
};
