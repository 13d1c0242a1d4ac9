/**
 * A client of Puntual's HTTP interface: fetch only, so that it runs in browsers, Node, Bun and Deno.
 * Predictions are pure, so a call that failed on the way is sent again; types are in `client.d.ts`.
 */

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_RETRIES = 2;
const BATCH_FLIGHTS = 500;

export class PuntualError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The service answered, and not with what was asked for. */
export class APIError extends PuntualError {
  constructor(status, headers, body, message) {
    super(message);
    this.status = status;
    this.headers = headers;
    this.body = body;
    this.requestId = headers.get('x-request-id') ?? undefined;
    this.code = typeof body?.code === 'string' ? body.code : undefined;
    this.errors = Array.isArray(body?.errors) ? body.errors : [];
  }
}
export class BadRequestError extends APIError {}
export class AuthenticationError extends APIError {}
export class PermissionDeniedError extends APIError {}
export class NotFoundError extends APIError {}
export class UnprocessableEntityError extends APIError {}
export class RateLimitError extends APIError {}
export class InternalServerError extends APIError {}

/** No answer came. */
export class APIConnectionError extends PuntualError {}
export class APIConnectionTimeoutError extends APIConnectionError {}
export class APIUserAbortError extends PuntualError {}

const ERRORS = {
  400: BadRequestError,
  401: AuthenticationError,
  403: PermissionDeniedError,
  404: NotFoundError,
  422: UnprocessableEntityError,
  429: RateLimitError,
};

const errorOf = async (response) => {
  const text = await response.text().catch(() => '');
  let body = text;
  try {
    body = JSON.parse(text);
  } catch {
    // Something in between answered, in its own words.
  }
  const { status, headers } = response;
  const Kind = ERRORS[status] ?? (status >= 500 ? InternalServerError : APIError);
  return new Kind(status, headers, body, `${status} ${body?.detail ?? body?.error ?? text}`.trim());
};

const isWorthRetrying = ({ status, headers }) => {
  const told = headers.get('x-should-retry');
  if (told === 'true' || told === 'false') return told === 'true';
  return status === 408 || status === 409 || status === 429 || status >= 500;
};

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;
const LONGEST_TOLD_MS = 60_000;

/** `Retry-After` as seconds or a date where it was sent, else twice as long each time, less up to a quarter. */
const pauseMs = (attempt, headers) => {
  const told = headers?.get('retry-after');
  if (told) {
    const ms = /^\d+(\.\d+)?$/.test(told) ? Number(told) * 1000 : Date.parse(told) - Date.now();
    if (ms <= LONGEST_TOLD_MS) return Math.max(0, ms);
  }
  const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
  return longest * (1 - Math.random() / 4);
};

const sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new APIUserAbortError('the request was aborted'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });

/** Lines of a body while it comes. */
async function* linesOf(body) {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop();
      for (const line of lines) if (line !== '') yield line;
      if (done) break;
    }
    if (rest !== '') yield rest;
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function* batchesOf(flights, size) {
  let batch = [];
  for await (const flight of flights) {
    batch.push(flight);
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

const switchesOf = ({ explain, strict, lang }) => {
  const query = new URLSearchParams();
  if (explain) query.set('explain', 'true');
  if (strict) query.set('strict', 'true');
  if (lang) query.set('lang', lang);
  return query.size === 0 ? '' : `?${query}`;
};

const JSON_TYPE = 'application/json';

export class Puntual {
  #baseURL;
  #headers;
  #timeoutMs;
  #maxRetries;
  #fetch;

  constructor({
    baseURL = 'http://localhost:8080',
    apiKey,
    timeoutMs = DEFAULT_TIMEOUT_MS,
    maxRetries = DEFAULT_RETRIES,
    fetch = globalThis.fetch,
    defaultHeaders = {},
  } = {}) {
    this.#baseURL = String(baseURL).replace(/\/+$/, '');
    this.#headers = { ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}), ...defaultHeaders };
    this.#timeoutMs = timeoutMs;
    this.#maxRetries = maxRetries;
    this.#fetch = (...given) => fetch(...given);
  }

  /** How likely one flight is to be late. */
  async predict(flight, options = {}) {
    return this.#json('POST', `/predict${switchesOf(options)}`, flight, options);
  }

  /** The model that answers: inputs, an example, training, measured quality. */
  async model(options = {}) {
    return this.#json('GET', '/model', undefined, options);
  }

  /**
   * Predictions of any number of flights, in their order. Flights are taken only as fast as predictions are read; one
   * that cannot be read yields what was wrong with it, and the others go on.
   */
  async *predictMany(flights, options = {}) {
    const size = options.batchSize ?? BATCH_FLIGHTS;
    for await (const batch of batchesOf(flights, size)) {
      const body = batch.map((flight) => JSON.stringify(flight)).join('\n');
      const response = await this.#send('POST', `/predict${switchesOf(options)}`, {
        type: 'application/x-ndjson',
        body,
        options,
      });
      try {
        for await (const line of linesOf(response.body)) yield JSON.parse(line);
      } catch (error) {
        if (options.signal?.aborted) throw new APIUserAbortError('the request was aborted');
        throw error instanceof PuntualError
          ? error
          : new APIConnectionError('the answer broke off', { cause: error });
      }
    }
  }

  /** Columns in, columns out: the Open Inference Protocol V2 by JSON. */
  async infer(model, request, options = {}) {
    return this.#json('POST', `/v2/models/${encodeURIComponent(model)}/infer`, request, options);
  }

  /** Whether the service may be sent work. */
  async isReady(options = {}) {
    try {
      await this.#send('GET', '/readyz', { options: { maxRetries: 0, ...options } });
      return true;
    } catch (error) {
      if (error instanceof APIUserAbortError) throw error;
      return false;
    }
  }

  async #json(method, path, value, options) {
    const body = value === undefined ? undefined : JSON.stringify(value);
    const response = await this.#send(method, path, { type: JSON_TYPE, body, options });
    try {
      return await response.json();
    } catch (error) {
      if (options.signal?.aborted) throw new APIUserAbortError('the request was aborted');
      throw new APIConnectionError('the answer broke off', { cause: error });
    }
  }

  /** One request and its retries. */
  async #send(method, path, { type, body, options }) {
    const maxRetries = options.maxRetries ?? this.#maxRetries;
    for (let attempt = 0; ; attempt++) {
      let failure;
      let headers;
      try {
        const response = await this.#once(method, path, { type, body, options });
        if (response.ok) return response;
        headers = response.headers;
        failure = await errorOf(response);
        if (!isWorthRetrying(failure)) throw failure;
      } catch (error) {
        if (!(error instanceof APIConnectionError)) throw error;
        failure = error;
      }
      if (attempt >= maxRetries) throw failure;
      await sleep(pauseMs(attempt, headers), options.signal);
    }
  }

  async #once(method, path, { type, body, options }) {
    const { signal, timeoutMs = this.#timeoutMs, headers = {} } = options;
    if (signal?.aborted) throw new APIUserAbortError('the request was aborted');
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      return await this.#fetch(this.#baseURL + path, {
        method,
        headers: {
          accept: type ?? '*/*',
          ...(body === undefined ? {} : { 'content-type': type }),
          ...this.#headers,
          ...headers,
        },
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        ...(body === undefined ? {} : { body }),
      });
    } catch (error) {
      if (signal?.aborted) throw new APIUserAbortError('the request was aborted', { cause: error });
      if (timeout.aborted)
        throw new APIConnectionTimeoutError(`no answer within ${timeoutMs} ms`, { cause: error });
      throw new APIConnectionError(`${this.#baseURL} cannot be reached`, { cause: error });
    }
  }
}
