/**
 * Which requests a run sends, and the sentence that says so: a fixed body, a file's rows, made flights, a feeder.
 */
import { readFileSync } from 'node:fs';
import { AppError } from '../../core/errors.ts';
import { type DataRow, fitRow, readDataFile, type TableReader } from './data-file.ts';
import { readFeeder } from './feeder.ts';
import { isModelDocument, type ModelDocument, makeFlights } from './made-flights.ts';
import { hasType, pathOf, type Request, typeOf } from './request.ts';

export interface PayloadOptions {
  readonly url: URL;
  readonly method?: string | undefined;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string | undefined;
  readonly data?: { readonly path: string; readonly readTable: TableReader } | undefined;
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

const MAX_REQUESTS = 10_000;
const MADE_FLIGHTS = 10_000;
const MODEL_TIMEOUT_MS = 2000;

/** @throws AppError usage, file-missing, file-empty, file-broken */
export const buildPayload = async (options: PayloadOptions): Promise<Payload> => {
  if (options.script !== undefined) {
    const requests = await readFeeder(
      options.script,
      { ...options, path: pathOf(options.url) },
      MAX_REQUESTS,
    );
    const sentence = `${requests.length.toLocaleString('en')} requests fed by ${options.script}`;
    return { requests, sentence, model: undefined };
  }
  const given = options.method ?? options.body;
  const isPredict = ['/', '/predict'].includes(options.url.pathname);
  const model =
    options.body === undefined && isPredict && (options.method ?? 'POST') === 'POST'
      ? await fetchModel(
          options.url,
          options.headers,
          Math.min(MODEL_TIMEOUT_MS, options.timeoutMs),
        )
      : undefined;
  const url = new URL(options.url);
  if (model && url.pathname === '/') url.pathname = '/predict';
  if (options.data !== undefined) return await fromFile(options, url, options.data, model);
  if (model && given !== 'GET') {
    const flights = makeFlights(model, MADE_FLIGHTS, options.seed);
    return {
      requests: flights.map((flight) => jsonRequest(options, url, JSON.stringify(flight))),
      sentence: `POST ${url.pathname}, ${flights.length.toLocaleString('en')} flights made from the model '${model.name}' (version ${model.version})`,
      model,
    };
  }
  const method = options.method ?? (options.body === undefined ? 'GET' : 'POST');
  const body = options.body === undefined ? null : Buffer.from(readBody(options.body));
  const headers = body && !hasType(options) ? [...options.headers, typeOf(body)] : options.headers;
  return {
    requests: [{ method, path: pathOf(url), headers, body }],
    sentence: `${method} ${pathOf(url)}${body ? `, a body of ${body.length} bytes` : ''}`,
    model: undefined,
  };
};

const fromFile = async (
  options: PayloadOptions,
  url: URL,
  { path, readTable }: NonNullable<PayloadOptions['data']>,
  model: ModelDocument | undefined,
): Promise<Payload> => {
  const { rows, nInFile, nRejected } = await readDataFile(path, MAX_REQUESTS, readTable);
  const inputs = model && new Set(Object.keys(model.inputs.properties));
  const fit = ({ fields }: DataRow) => (inputs ? fitRow(fields, inputs) : fields);
  const first = fit(rows[0]!);
  const missing = model?.inputs.required?.filter((name) => first[name] === undefined) ?? [];
  if (missing.length > 0) {
    throw new AppError(
      'columns-unknown',
      `--data '${path}' lacks what the model '${model?.name}' requires: ${missing.join(', ')}.`,
    );
  }
  const count = (nRows: number): string => nRows.toLocaleString('en');
  const rejected =
    nRejected === 0
      ? ''
      : `; ${count(nRejected)} damaged ${nRejected === 1 ? 'line is' : 'lines are'} left out`;
  const method = options.method ?? 'POST';
  return {
    requests: rows.map((row) => {
      const fields = fit(row);
      const text = fields === row.fields ? row.text : undefined;
      return jsonRequest({ ...options, method }, url, text ?? JSON.stringify(fields));
    }),
    sentence: `${method} ${pathOf(url)}, ${count(rows.length)} ${rows.length === 1 ? 'row' : 'rows'} of ${path}${
      nInFile > rows.length ? ` (the first of ${count(nInFile)})` : ''
    }${rejected}`,
    model,
  };
};

const jsonRequest = (options: PayloadOptions, url: URL, json: string): Request => ({
  method: options.method ?? 'POST',
  path: pathOf(url),
  headers: hasType(options)
    ? options.headers
    : [...options.headers, ['Content-Type', 'application/json']],
  body: Buffer.from(json),
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
const fetchModel = async (
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
