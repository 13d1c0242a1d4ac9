/**
 * One user of a journey: its requests one after another, with cookies, redirects and thinking between them.
 *
 * What a script says of a request becomes bytes here; who carries them (the load, or the rehearsal before it) is given.
 */
import { AppError } from '../../core/errors.ts';
import { parseDurationMs } from '../../core/duration.ts';
import { readDescribed } from '../payload/feeder.ts';
import { encodeRequest, pathOf, redirected, type Request } from '../payload/request.ts';
import { buildCookies } from './cookies.ts';

/** What a script is given of its user. */
interface JourneyUser {
  /** 0-based, another for every user of a run. */
  readonly user: number;
  /** The user's row of `--data FILE`. */
  readonly row: Readonly<Record<string, unknown>>;
  /** A number in [0, 1), of the run's seed. */
  readonly random: () => number;
  readonly request: (name: string, described?: unknown) => Promise<Answer>;
  /** Waits: milliseconds or '1s', or between two of them. */
  readonly think: (from: number | string, to?: number | string) => Promise<void>;
}

export type Journey = (user: JourneyUser) => unknown;

/** An answer as a script sees it. */
interface Answer {
  readonly status: number;
  /** Whether the status is one of those that are right. */
  readonly ok: boolean;
  readonly headers: Headers;
  readonly body: string;
  readonly json: () => unknown;
}

/** A whole answer as it came. */
export interface Exchange {
  readonly status: number;
  /** Status line and header fields, without informational ones before. */
  readonly head: string;
  readonly body: Buffer;
}

/** Who carries a user's requests. */
interface Carrier {
  /** A request is wanted now. */
  readonly begin: (name: string) => void;
  /** Sends bytes; for each redirect that is followed again. */
  readonly exchange: (bytes: Uint8Array, isBodiless: boolean) => Promise<Exchange>;
  /** It was answered. @param fault why the answer is wrong though its status is right */
  readonly settle: (status: number, isRight: boolean, fault: string | null) => void;
  readonly sleep: (ms: number) => Promise<void>;
}

/** What all users of a run share. */
export interface JourneyPlan {
  readonly url: URL;
  readonly headers: Request['headers'];
  readonly keepAlive: boolean;
  /** Null: 200 to 299, and 304. */
  readonly statuses: readonly number[] | null;
  readonly follow: boolean;
}

const OWN_KEYS = ['expect', 'status', 'follow'] as const;
const MAX_HOPS = 10;

interface UserFacts {
  readonly user: number;
  readonly row: Readonly<Record<string, unknown>>;
  readonly random: () => number;
}

/** Walks a journey once. @throws whatever the script throws; AppError usage for what it says of a request */
export const walk = async (
  journey: Journey,
  plan: JourneyPlan,
  carrier: Carrier,
  facts: UserFacts,
): Promise<void> => {
  const cookies = buildCookies(plan.url.protocol === 'https:');
  let isAsking = false;

  const send = (request: Request): Promise<Exchange> => {
    const cookie = cookies.of(request.path);
    const hasOwn = request.headers.some(([name]) => name.toLowerCase() === 'cookie');
    const headers =
      cookie === '' || hasOwn ? request.headers : [...request.headers, ['Cookie', cookie] as const];
    const bytes = encodeRequest({ ...request, headers }, plan.url.host, plan.keepAlive);
    return carrier.exchange(bytes, request.method === 'HEAD');
  };

  const ask: JourneyUser['request'] = async (name, described = {}) => {
    checkName(name);
    if (isAsking) {
      throw new AppError(
        'usage',
        `'${name}' was asked while another request of the same user was under way: await each.`,
      );
    }
    isAsking = true;
    const wanted = await wantedOf(plan, name, described);
    carrier.begin(name);
    let asked = wanted.request;
    let exchange = await send(asked);
    let answer = answerOf(exchange, wanted.statuses);
    for (let hops = 0; wanted.follow && hops < MAX_HOPS; hops++) {
      cookies.take(exchange.head, asked.path);
      const next = redirectOf(answer, asked.path, plan.url);
      if (next === undefined) break;
      asked = redirected(asked, next, answer.status);
      exchange = await send(asked);
      answer = answerOf(exchange, wanted.statuses);
    }
    cookies.take(exchange.head, asked.path);
    const isExpected = !answer.ok || wanted.expect === undefined || wanted.expect(answer) === true;
    carrier.settle(answer.status, answer.ok, isExpected ? null : `'${name}' is not as expected`);
    isAsking = false;
    return answer;
  };

  const request: JourneyUser['request'] = (name, described) => {
    const answer = ask(name, described);
    // A script that does not wait for its answer must not end the process when there is none.
    answer.catch(() => {});
    return answer;
  };

  const think: JourneyUser['think'] = (from, to = from) => {
    const [low, high] = [millisecondsOf(from), millisecondsOf(to)];
    return carrier.sleep(low + (high - low) * facts.random());
  };

  await journey({ ...facts, request, think });
};

const checkName = (name: unknown): void => {
  if (typeof name !== 'string' || name === '' || /[{},]/.test(name)) {
    throw new AppError(
      'usage',
      `a request of a journey needs a name first, a text without {, } and commas: request('login', { path: '/login' }); it was ${JSON.stringify(name)}.`,
    );
  }
};

const millisecondsOf = (time: number | string): number => {
  const ms = typeof time === 'number' ? time : parseDurationMs(time);
  if (ms !== undefined && ms >= 0 && Number.isFinite(ms)) return ms;
  throw new AppError(
    'usage',
    `think(${JSON.stringify(time)}): milliseconds or a text such as '1s' is expected.`,
  );
};

interface Wanted {
  readonly request: Request;
  readonly statuses: readonly number[] | null;
  readonly follow: boolean;
  readonly expect: ((answer: Answer) => unknown) | undefined;
}

const wantedOf = async (plan: JourneyPlan, name: string, described: unknown): Promise<Wanted> => {
  const { expect, status, follow, ...rest } = Object(described) as Record<string, unknown>;
  if (expect !== undefined && typeof expect !== 'function') {
    throw new AppError('usage', `'${name}': expect is a function of the answer.`);
  }
  const statuses = status === undefined ? plan.statuses : [status].flat().map(Number);
  if (statuses?.some((code) => !Number.isInteger(code) || code < 100 || code > 999)) {
    throw new AppError('usage', `'${name}': status is a number such as 201, or a list of them.`);
  }
  try {
    return {
      request: await readDescribed(
        { path: pathOf(plan.url), headers: plan.headers },
        rest,
        OWN_KEYS,
      ),
      statuses,
      follow: follow === undefined ? plan.follow : follow === true,
      expect: expect as Wanted['expect'],
    };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('usage', `'${name}': ${why}`, { cause });
  }
};

const answerOf = (
  { status, head, body }: Exchange,
  statuses: readonly number[] | null,
): Answer => ({
  status,
  ok:
    statuses === null
      ? (status >= 200 && status < 300) || status === 304
      : statuses.includes(status),
  get headers() {
    return headersOf(head);
  },
  get body() {
    return body.toString();
  },
  json: () => JSON.parse(body.toString()),
});

const headersOf = (head: string): Headers => {
  const headers = new Headers();
  for (const line of head.split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return headers;
};

/** The path that a redirect leads to within the service; undefined for anything else. */
const redirectOf = (answer: Answer, from: string, url: URL): string | undefined => {
  if (answer.ok || ![301, 302, 303, 307, 308].includes(answer.status)) return undefined;
  const location = answer.headers.get('location');
  const at = new URL(from, url);
  if (location === null || !URL.canParse(location, at.href)) return undefined;
  const to = new URL(location, at);
  return to.origin === url.origin ? to.pathname + to.search : undefined;
};
