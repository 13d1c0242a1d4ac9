/**
 * The admin ports: health, workers, metrics and the comparison with a shadow, which anybody may read; and on one of them
 * the change of model, which only some may ask for (`control-guard.ts`). Answered by the supervisor, which never predicts,
 * so that a probe is never behind a prediction; by the HTTP layer of the service port, so that an address is read as it
 * stands there, too.
 */
import { AppError, ERRORS } from '../../core/errors.ts';
import type { Answer, Call } from '../../http/call.ts';
import { openHttp } from '../../http/server.ts';
import { mediaTypeOf, parseBody } from '../formats/body.ts';
import { isPacked } from '../formats/content-coding.ts';
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

const LIMITS = { requestMs: 10_000, idleMs: 75_000, heldBytes: 4 * 1024 * 1024 };

export interface AdminPort {
  /** Takes no new connections; those that are there end with their next answer, or all at once. */
  readonly stop: (atOnce?: boolean) => void;
}

/** Shares its port, so that a new supervisor can take over; that nobody else is there is known before. */
export const openAdmin = ({ host, port, view, log, control }: AdminSetting): AdminPort => {
  const routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
    '/livez': { GET: () => health(true, view(), false) },
    '/readyz': { GET: ({ query }) => health(view().ready, view(), query.has('verbose')) },
    '/workers': { GET: () => Response.json({ workers: view().workers }) },
    '/metrics': {
      GET: ({ call }) => metricsResponse(view(), call.header('accept')),
    },
    '/shadow': { GET: () => shadow(view()) },
    ...(control && {
      '/reload': {
        POST: async ({ call }) => {
          control.guard(call.header);
          return served(await control.reload().switchTo(await modelOf(call)));
        },
      },
      '/rollback': {
        POST: async ({ call }) => {
          control.guard(call.header);
          return served(await control.reload().rollBack());
        },
      },
    }),
  };
  const answer = async (call: Call): Promise<Answer> => {
    try {
      const path = call.path.replace(/(?<=.)\/$/, '');
      const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
      if (!route) throw new AppError('not-found', `there is ${Object.keys(routes).join(', ')}`);
      const method = call.method === 'HEAD' ? 'GET' : call.method;
      const run = Object.hasOwn(route, method) ? route[method] : undefined;
      if (!run) {
        const allowed = Object.keys(route);
        const detail = `${call.method.slice(0, 20)} is not allowed here; ${allowed.join(', ')} is expected`;
        return refused(new AppError('method-refused', detail), allowed);
      }
      return await run({ query: new URLSearchParams(call.query), call });
    } catch (error) {
      if (error instanceof AppError) return refused(error);
      throw error;
    }
  };
  const server = openHttp({
    hostname: host,
    port,
    limits: LIMITS,
    // A few callers a minute: no turn of the supervisor is given to the system's own calls for them.
    byRuntime: true,
    handlers: {
      answer,
      refused: (error) => JSON.stringify(documentOf(error)),
      failed: (error) => {
        log.error('the admin port hit a bug', { error: error.stack ?? String(error) });
        return new Response('a bug; it is in the log\n', { status: 500 });
      },
      onShed: () => {},
    },
  });
  return {
    stop: (atOnce = false) => {
      server.stopListening();
      server.closeAfterAnswers();
      server.endConnections(atOnce ? 'all' : 'idle');
    },
  };
};

type Route = (asked: {
  readonly query: URLSearchParams;
  readonly call: Call;
}) => Response | Promise<Response>;

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
const modelOf = async (call: Call): Promise<string | undefined> => {
  const bytes = await call.bytes(BODY_LIMIT_BYTES);
  if (new TextDecoder().decode(bytes).trim() === '') return undefined;
  const type = mediaTypeOf(call);
  if (type !== 'application/json')
    throw new AppError(
      'type-unsupported',
      `the body must come as application/json, it came as ${type.slice(0, 100) || 'nothing'}: -H 'content-type: application/json'`,
    );
  if (isPacked(call))
    throw new AppError('coding-unsupported', 'the body must come as it is, it came as gzip');
  let body: unknown;
  try {
    body = parseBody(bytes);
  } catch (error) {
    if (error instanceof AppError && error.code !== 'request-malformed') throw error;
    throw new AppError('request-malformed', 'a body such as {"model":"nyc"} is expected');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new AppError('value-invalid', 'a body such as {"model":"nyc"} is expected');
  const unknown = Object.keys(body).find((key) => key !== 'model');
  if (unknown !== undefined)
    throw new AppError(
      'value-invalid',
      `there is no member ${unknown.slice(0, 100)}; a body such as {"model":"nyc"} is expected`,
    );
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

const documentOf = ({ code, message }: AppError): object => {
  const { status, title } = ERRORS[code];
  return { type: 'about:blank', title, status, detail: message, code, error: message };
};

const refused = (error: AppError, allow?: readonly string[]): Response =>
  Response.json(documentOf(error), {
    status: ERRORS[error.code].status,
    headers: {
      'content-type': 'application/problem+json',
      ...(allow && { allow: allow.join(', ') }),
      ...(error.code === 'key-missing' && { 'www-authenticate': 'Bearer realm="puntual"' }),
    },
  });
