/**
 * The admin port: health, workers, metrics, and the change of model. Answered by the supervisor, which never predicts,
 * so that a probe is never behind a prediction.
 */
import { AppError, ERRORS } from '../../core/errors.ts';
import type { Log } from '../log.ts';
import { METRICS_TYPE, renderMetrics } from '../telemetry/metrics.ts';
import type { ServiceView } from '../telemetry/view.ts';
import type { Reload, Served } from './reload.ts';

interface AdminSetting {
  readonly host: string;
  readonly port: number;
  readonly view: () => ServiceView;
  /** @throws AppError not-ready while the service is starting */
  readonly reload: () => Reload;
  readonly log: Log;
}

/** Shares its port, so that a new supervisor can take over; that nobody else is there is known before. */
export const openAdmin = ({
  host,
  port,
  view,
  reload,
  log,
}: AdminSetting): Bun.Server<undefined> => {
  const routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
    '/livez': { GET: () => health(true, view(), false) },
    '/readyz': { GET: (url) => health(view().ready, view(), url.searchParams.has('verbose')) },
    '/workers': { GET: () => Response.json({ workers: view().workers }) },
    '/metrics': {
      GET: () => new Response(renderMetrics(view()), { headers: { 'content-type': METRICS_TYPE } }),
    },
    '/reload': {
      POST: async (_, request) => served(await reload().switchTo(await modelOf(request))),
    },
    '/rollback': { POST: async () => served(await reload().rollBack()) },
  };
  const answer = async (request: Request): Promise<Response> => {
    try {
      const url = new URL(request.url);
      const route = Object.hasOwn(routes, url.pathname) ? routes[url.pathname] : undefined;
      if (!route) throw new AppError('not-found', `there is ${Object.keys(routes).join(', ')}`);
      const method = request.method === 'HEAD' ? 'GET' : request.method;
      const run = Object.hasOwn(route, method) ? route[method] : undefined;
      if (!run) return refused('method-refused', 'another method is expected', Object.keys(route));
      return await run(url, request);
    } catch (error) {
      if (error instanceof AppError) return refused(error.code, error.message);
      log.error('the admin port met a bug', { error: (error as Error).stack ?? String(error) });
      return new Response('a bug; it is in the log\n', { status: 500 });
    }
  };
  return Bun.serve({ hostname: host, port, reusePort: true, development: false, fetch: answer });
};

type Route = (url: URL, request: Request) => Response | Promise<Response>;

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

/** `{"model": PATH}`; an empty body means the model that the service was started with, as it is now. */
const modelOf = async (request: Request): Promise<string | undefined> => {
  const text = await request.text();
  if (text.trim() === '') return undefined;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new AppError('request-malformed', 'a body such as {"model":"nyc"} is expected');
  }
  const model =
    typeof body === 'object' && body !== null && Object.hasOwn(body, 'model')
      ? (body as { model: unknown }).model
      : undefined;
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
      },
    },
  );
};
