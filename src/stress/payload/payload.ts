/**
 * Which requests a run asks, and in what words that is told: a fixed body, a file's rows, made flights, a feeder.
 */
import { readFileSync } from 'node:fs';
import { AppError } from '../../core/errors.ts';
import { type DataFile, fitRow, readDataFile } from './data-file.ts';
import { readFeeder } from './feeder.ts';
import { isModelDocument, type ModelDocument, makeFlights } from './made-flights.ts';
import { hasType, pathOf, type Request, typeOf } from './request.ts';

export interface PayloadOptions {
  readonly url: URL;
  readonly method?: string | undefined;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string | undefined;
  readonly data?: string | undefined;
  /** Reads the files that this room cannot: Parquet, Arrow, zstd. */
  readonly readRows?: RowReader | undefined;
  readonly script?: string | undefined;
  readonly seed: number;
  readonly timeoutMs: number;
}

export interface Payload {
  readonly requests: readonly Request[];
  /** Such as `POST /predict, 10,000 flights made from the model 'nyc'`. */
  readonly sentence: string;
  readonly model: ModelDocument | undefined;
}

export const MAX_REQUESTS = 10_000;
const MADE_FLIGHTS = 10_000;
const MODEL_TIMEOUT_MS = 2000;

/** @throws AppError usage, file-missing, file-empty, file-broken */
export const buildPayload = async (ask: PayloadOptions): Promise<Payload> => {
  if (ask.script !== undefined) {
    const requests = await readFeeder(ask.script, { ...ask, path: pathOf(ask.url) }, MAX_REQUESTS);
    const sentence = `${requests.length.toLocaleString('en')} requests fed by ${ask.script}`;
    return { requests, sentence, model: undefined };
  }
  const given = ask.method ?? ask.body;
  const isPredict = ['/', '/predict'].includes(ask.url.pathname);
  const model =
    ask.body === undefined && isPredict && (ask.method ?? 'POST') === 'POST'
      ? await fetchModel(ask.url, ask.headers, Math.min(MODEL_TIMEOUT_MS, ask.timeoutMs))
      : undefined;
  const url = new URL(ask.url);
  if (model && url.pathname === '/') url.pathname = '/predict';
  if (ask.data !== undefined) return await fromFile(ask, url, ask.data, model);
  if (model && given !== 'GET') {
    const flights = makeFlights(model, MADE_FLIGHTS, ask.seed);
    return {
      requests: flights.map((flight) => jsonRequest(ask, url, flight)),
      sentence: `POST ${url.pathname}, ${flights.length.toLocaleString('en')} flights made from the model '${model.name}' (version ${model.version})`,
      model,
    };
  }
  const method = ask.method ?? (ask.body === undefined ? 'GET' : 'POST');
  const body = ask.body === undefined ? null : Buffer.from(readBody(ask.body));
  const headers = body && !hasType(ask) ? [...ask.headers, typeOf(body)] : ask.headers;
  return {
    requests: [{ method, path: pathOf(url), headers, body }],
    sentence: `${method} ${pathOf(url)}${body ? `, a body of ${body.length} bytes` : ''}`,
    model: undefined,
  };
};

/** @param most rows that are wanted */
export type RowReader = (path: string, most: number) => Promise<DataFile>;

const FOREIGN = /\.(parquet|pq|arrow|arrows|feather|ipc|zst)$/i;

const fromFile = async (
  ask: PayloadOptions,
  url: URL,
  path: string,
  model: ModelDocument | undefined,
): Promise<Payload> => {
  const { rows, nInFile } =
    ask.readRows && FOREIGN.test(path)
      ? await ask.readRows(path, MAX_REQUESTS)
      : readDataFile(path, MAX_REQUESTS);
  const inputs = model && new Set(Object.keys(model.inputs.properties));
  const bodies = inputs ? rows.map((row) => fitRow(row, inputs)) : rows;
  const missing = model?.inputs.required?.filter((name) => bodies[0]?.[name] === undefined) ?? [];
  if (missing.length > 0) {
    throw new AppError(
      'columns-unknown',
      `--data '${path}' lacks what the model '${model?.name}' requires: ${missing.join(', ')}.`,
    );
  }
  const shown = rows.length.toLocaleString('en');
  const method = ask.method ?? 'POST';
  return {
    requests: bodies.map((row) => jsonRequest({ ...ask, method }, url, row)),
    sentence: `${method} ${pathOf(url)}, ${shown} ${rows.length === 1 ? 'row' : 'rows'} of ${path}${
      nInFile > rows.length ? ` (the first of ${nInFile.toLocaleString('en')})` : ''
    }`,
    model,
  };
};

const jsonRequest = (ask: PayloadOptions, url: URL, value: unknown): Request => ({
  method: ask.method ?? 'POST',
  path: pathOf(url),
  headers: hasType(ask) ? ask.headers : [...ask.headers, ['Content-Type', 'application/json']],
  body: Buffer.from(JSON.stringify(value)),
});

/** `--body TEXT`, or `--body @FILE`. */
const readBody = (text: string): string | Uint8Array => {
  if (!text.startsWith('@')) return text;
  try {
    return readFileSync(text.slice(1));
  } catch {
    throw new AppError('file-missing', `--body '${text}': the file cannot be read.`);
  }
};

/** What a Puntual service says of its model; undefined for any other service. */
export const fetchModel = async (
  url: URL,
  headers: readonly (readonly [string, string])[],
  timeoutMs: number,
): Promise<ModelDocument | undefined> => {
  try {
    const answer = await fetch(new URL('/model', url), {
      headers: Object.fromEntries(headers),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      tls: { rejectUnauthorized: false },
    });
    const document: unknown = answer.ok ? await answer.json() : undefined;
    return isModelDocument(document) ? document : undefined;
  } catch {
    return undefined;
  }
};
