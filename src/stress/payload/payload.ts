/**
 * Which requests a run sends, and the sentence that says so: a fixed body, a file's rows, made flights, a feeder.
 */
import { AppError } from '../../core/errors.ts';
import { readNamedFile } from '../../core/files/named-file.ts';
import { type DataRow, fitRow, readDataFile, type TableReader } from './data-file.ts';
import { readFeeder } from './feeder.ts';
import { type ModelDocument, makeFlights } from './made-flights.ts';
import { mixRequests } from './mix.ts';
import { hasType, pathOf, type Request, typeOf } from './request.ts';

export interface PayloadOptions {
  readonly url: URL;
  readonly method?: string | undefined;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string | undefined;
  readonly data?: { readonly path: string; readonly readTable: TableReader } | undefined;
  readonly script?: string | undefined;
  readonly seed: number;
  /** Paths that are asked in turn, where several URLs are given. */
  readonly paths: readonly string[];
  /** Requests that were made from a file before. */
  readonly source?: Payload | undefined;
  /** What a Puntual service says of its model; undefined for any other service. */
  readonly askModel: () => Promise<ModelDocument | undefined>;
}

export interface Payload {
  readonly requests: readonly Request[];
  /** Such as `POST /predict, 10,000 flights made from the model 'nyc'`. */
  readonly sentence: string;
  readonly model: ModelDocument | undefined;
  /** When each request is planned, milliseconds from the start: a recorded traffic. */
  readonly momentsMs?: readonly number[];
}

const MAX_REQUESTS = 10_000;
const MADE_FLIGHTS = 10_000;

/** @throws AppError usage, file-missing, file-empty, file-broken */
export const buildPayload = async (options: PayloadOptions): Promise<Payload> => {
  if (options.source !== undefined) return options.source;
  if (options.script !== undefined) return await fromFeeder(options, options.script);
  const given = options.method ?? options.body;
  const isPredict = ['/', '/predict'].includes(options.url.pathname);
  const isOpen = options.paths.length < 2 && options.body === undefined;
  const model =
    isOpen && isPredict && (options.method ?? 'POST') === 'POST'
      ? await options.askModel()
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
  const paths = options.paths.length > 0 ? options.paths : [pathOf(url)];
  return {
    requests: paths.map((path) => ({
      ...(paths.length > 1 ? { name: path } : {}),
      method,
      path,
      headers,
      body,
    })),
    sentence: `${method} ${paths.join(', ')}${body ? `, a body of ${body.length} bytes` : ''}`,
    model: undefined,
  };
};

const fromFeeder = async (options: PayloadOptions, script: string): Promise<Payload> => {
  const { requests, isList } = await readFeeder(
    script,
    { ...options, path: pathOf(options.url) },
    MAX_REQUESTS,
  );
  const count = (nRequests: number): string => nRequests.toLocaleString('en');
  if (!isList) {
    return {
      requests: requests.map(({ request }) => request),
      sentence: `${count(requests.length)} requests fed by ${script}`,
      model: undefined,
    };
  }
  const rows =
    options.data === undefined
      ? []
      : (await readDataFile(options.data.path, MAX_REQUESTS, options.data.readTable, 'text')).rows;
  const sum = requests.reduce((total, { weight }) => total + weight, 0);
  const shares = requests.map(
    ({ request, weight }) =>
      `${request.name ?? `${request.method} ${request.path}`} ${Number(((100 * weight) / sum).toPrecision(3))} %`,
  );
  const isMixed = requests.some(
    ({ request, weight }) => request.name !== undefined || weight !== 1,
  );
  return {
    requests: mixRequests(
      requests,
      rows.map(({ fields }) => fields),
      MAX_REQUESTS,
    ),
    sentence: isMixed
      ? `${requests.length} kinds of requests of ${script}: ${shares.join(', ')}`
      : `${count(requests.length)} requests fed by ${script}`,
    model: undefined,
  };
};

const fromFile = async (
  options: PayloadOptions,
  url: URL,
  { path, readTable }: NonNullable<PayloadOptions['data']>,
  model: ModelDocument | undefined,
): Promise<Payload> => {
  const { rows, nInFile, nRejected } = await readDataFile(
    path,
    MAX_REQUESTS,
    readTable,
    model ? 'flights' : 'numbers',
  );
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
  const path = text.slice(1);
  return readNamedFile(path, `--body '${text}': ${path}`);
};
