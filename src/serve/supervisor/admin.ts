/**
 * The admin ports: health, workers, metrics and the comparison with a shadow, which anybody may read; and on one of them the change of model, which
 * only some may ask for (`control-guard.ts`). Answered by the supervisor, which never predicts, so that a probe is
 * never behind a prediction.
 */
import { AppError, ERRORS } from '../../core/errors.ts';
import type { Log } from '../log.ts';
import { metricsResponse } from '../telemetry/metrics.ts';
import { comparisonOf } from '../telemetry/shadow-comparison.ts';
import type { ServiceView } from '../telemetry/view.ts';
import type { ControlGuard } from './control-guard.ts';
import type { Reload, Served } from './reload.ts';

interface AdminSetting {
  readonly host: string;
  readonly port: number;
  readonly view: () => ServiceView;
  readonly log: Log;
  /** Undefined on a port that is for reading only. */
  readonly control:
    | {
        readonly guard: ControlGuard;
        /** @throws AppError not-ready while the service is starting */
        readonly reload: () => Reload;
      }
    | undefined;
}

/** What is asked for: a path, or a name and a version. */
const BODY_LIMIT_BYTES = 64 * 1024;

/** Shares its port, so that a new supervisor can take over; that nobody else is there is known before. */
export const openAdmin = ({
  host,
  port,
  view,
  log,
  control,
}: AdminSetting): Bun.Server<undefined> => {
  const routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
    '/livez': { GET: () => health(true, view(), false) },
    '/readyz': { GET: ({ query }) => health(view().ready, view(), query.has('verbose')) },
    '/workers': { GET: () => Response.json({ workers: view().workers }) },
    '/metrics': {
      GET: ({ request }) => metricsResponse(view(), request.headers.get('accept')),
    },
    '/shadow': { GET: () => shadow(view()) },
    ...(control && {
      '/reload': {
        POST: async ({ request }) => {
          control.guard(request.headers);
          return served(await control.reload().switchTo(await modelOf(request)));
        },
      },
      '/rollback': {
        POST: async ({ request }) => {
          control.guard(request.headers);
          return served(await control.reload().rollBack());
        },
      },
    }),
  };
  const answer = async (
    request: Request,
    server: Pick<Bun.Server<undefined>, 'timeout'>,
  ): Promise<Response> => {
    try {
      const { path, query } = targetOf(request.url);
      const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
      if (!route) throw new AppError('not-found', `there is ${Object.keys(routes).join(', ')}`);
      const method = request.method === 'HEAD' ? 'GET' : request.method;
      const run = Object.hasOwn(route, method) ? route[method] : undefined;
      if (!run) return refused('method-refused', 'another method is expected', Object.keys(route));
      // A reload takes as long as its workers take.
      if (method === 'POST') server.timeout(request, 0);
      return await run({ query, request });
    } catch (error) {
      if (error instanceof AppError) return refused(error.code, error.message);
      log.error('the admin port hit a bug', { error: (error as Error).stack ?? String(error) });
      return new Response('a bug; it is in the log\n', { status: 500 });
    }
  };
  return Bun.serve({
    hostname: host,
    port,
    reusePort: true,
    development: false,
    maxRequestBodySize: BODY_LIMIT_BYTES,
    fetch: answer,
  });
};

type Route = (asked: {
  readonly query: URLSearchParams;
  readonly request: Request;
}) => Response | Promise<Response>;

/** Path and query of a request; its Host, which comes first, may be anything that a caller writes, or not be there. */
const targetOf = (url: string): { readonly path: string; readonly query: URLSearchParams } => {
  const from = url.startsWith('/') ? 0 : url.indexOf('/', url.indexOf('://') + 3);
  const [path = '', query = ''] = (from < 0 ? '/' : url.slice(from)).split('?', 2);
  return { path, query: new URLSearchParams(query) };
};

const shadow = (view: ServiceView): Response => {
  const comparison = comparisonOf(view, view.totals());
  if (comparison === undefined)
    throw new AppError('not-found', 'there is no shadow: start with --shadow MODEL');
  return Response.json(comparison);
};

const health = (ok: boolean, view: ServiceView, verbose: boolean): Response => {
  const status = ok ? 200 : 503;
  const headers = { 'cache-control': 'no-store', ...(ok ? {} : { 'retry-after': '1' }) };
  const name = view.draining ? 'draining' : ok ? 'ok' : 'not ready';
  if (!verbose) return new Response(`${name}\n`, { status, headers });
  return Response.json(
    {
      status: name,
      reasons: view.reasons,
      model: view.model && { name: view.model.name, version: view.model.version },
      workers: view.workers.map(({ id, state }) => ({ id, state })),
    },
    { status, headers },
  );
};

/**
 * `{"model": PATH}`; without a model, or with an empty body, the model that the service was started with, as it is now.
 * A body must say that it is JSON: a form in somebody's page cannot.
 */
const modelOf = async (request: Request): Promise<string | undefined> => {
  const text = await request.text();
  if (text.trim() === '') return undefined;
  const type = request.headers.get('content-type') ?? 'nothing';
  if (type.split(';', 1)[0]!.trim().toLowerCase() !== 'application/json')
    throw new AppError(
      'type-unsupported',
      `the body must come as application/json, it came as ${type.slice(0, 100)}: -H 'content-type: application/json'`,
    );
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new AppError('request-malformed', 'a body such as {"model":"nyc"} is expected');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new AppError('value-invalid', 'a body such as {"model":"nyc"} is expected');
  const model = Object.hasOwn(body, 'model') ? (body as { model: unknown }).model : undefined;
  if (model === undefined || model === null) return undefined;
  if (typeof model !== 'string' || model === '')
    throw new AppError('value-invalid', 'model must be a path, NAME or NAME/VERSION');
  return model;
};

const served = ({ facts }: Served): Response =>
  Response.json({
    model: { name: facts.name, version: facts.version, path: facts.path, sha256: facts.sha256 },
  });

const refused = (
  code: keyof typeof ERRORS,
  detail: string,
  allow?: readonly string[],
): Response => {
  const { status, title } = ERRORS[code];
  return Response.json(
    { type: 'about:blank', title, status, detail, code, error: detail },
    {
      status,
      headers: {
        'content-type': 'application/problem+json',
        ...(allow && { allow: allow.join(', ') }),
        ...(code === 'key-missing' && { 'www-authenticate': 'Bearer realm="puntual"' }),
      },
    },
  );
};
