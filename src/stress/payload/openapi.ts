/**
 * Requests of an OpenAPI document (JSON or YAML): each operation with the examples that it gives.
 */
import { AppError } from '../../core/errors.ts';
import type { Payload } from './payload.ts';
import type { Request } from './request.ts';

type Json = Readonly<Record<string, unknown>>;

/** DELETE is left out: what it takes away is not there for the next request. */
const METHODS = ['get', 'head', 'post', 'put', 'patch'] as const;

export const requestsOfOpenApi = (
  path: string,
  text: string,
  headers: Request['headers'],
): Payload => {
  const document = readDocument(path, text);
  const base = basePath(document);
  const requests: Request[] = [];
  const skipped: string[] = [];
  for (const [template, item] of Object.entries(recordOf(document['paths']))) {
    for (const method of METHODS) {
      const operation = recordOf(item)[method];
      if (operation === undefined) continue;
      const built = buildRequest(document, { template, method, base }, recordOf(item), headers);
      if (built) requests.push(built);
      else skipped.push(`${method.toUpperCase()} ${template}`);
    }
  }
  if (requests.length === 0) {
    throw new AppError(
      'file-empty',
      `--openapi '${path}' has no operation whose required parameters and body have examples.`,
    );
  }
  const left =
    skipped.length === 0
      ? ''
      : `; left out for want of an example: ${skipped.slice(0, 5).join(', ')}${skipped.length > 5 ? ` and ${skipped.length - 5} more` : ''}`;
  return {
    requests,
    sentence: `${requests.length} operations of ${path}${left}`,
    model: undefined,
  };
};

interface Place {
  readonly template: string;
  readonly method: string;
  readonly base: string;
}

/** Undefined when a required value has no example. */
const buildRequest = (
  document: Json,
  { template, method, base }: Place,
  item: Json,
  headers: Request['headers'],
): Request | undefined => {
  const operation = recordOf(item[method]);
  const parameters = [...listOf(item['parameters']), ...listOf(operation['parameters'])].map(
    (parameter) => resolve(document, parameter),
  );
  let path = base + template;
  const query = new URLSearchParams();
  const own: [string, string][] = [];
  for (const parameter of parameters) {
    const name = String(parameter['name']);
    const value = exampleOf(document, parameter);
    if (value === undefined) {
      if (parameter['required'] === true) return undefined;
      continue;
    }
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    if (parameter['in'] === 'path') {
      path = path.replaceAll(`{${name}}`, encodeURIComponent(text));
    } else if (parameter['in'] === 'query') query.append(name, text);
    else if (parameter['in'] === 'header') own.push([name, text]);
  }
  if (path.includes('{')) return undefined;
  const body = bodyOf(document, operation);
  if (body === undefined) return undefined;
  const search = query.size > 0 ? `?${query}` : '';
  return {
    name: String(operation['operationId'] ?? `${method.toUpperCase()} ${template}`),
    method: method.toUpperCase(),
    path: path + search,
    headers: body === null ? [...headers, ...own] : [...headers, ...own, ['Content-Type', body[0]]],
    body: body === null ? null : Buffer.from(body[1]),
  };
};

/** Type and text of a body; null for none, undefined for one that is required and has no example. */
const bodyOf = (document: Json, operation: Json): [string, string] | null | undefined => {
  if (operation['requestBody'] === undefined) return null;
  const body = resolve(document, operation['requestBody']);
  for (const [type, media] of Object.entries(recordOf(body['content']))) {
    const example = exampleOf(document, recordOf(media));
    if (example === undefined) continue;
    return [type, typeof example === 'string' ? example : JSON.stringify(example)];
  }
  return body['required'] === true ? undefined : null;
};

/** The example of a parameter, a body or a schema: its own, the first of several, its default, or of its parts. */
const exampleOf = (document: Json, holder: Json, depth = 0): unknown => {
  if (holder['example'] !== undefined) return holder['example'];
  const { examples } = holder;
  if (Array.isArray(examples) && examples.length > 0) return examples[0];
  const [first] = Object.values(recordOf(examples));
  if (first !== undefined) return resolve(document, first)['value'];
  if (holder['schema'] !== undefined) {
    return exampleOf(document, resolve(document, holder['schema']), depth);
  }
  if (holder['default'] !== undefined) return holder['default'];
  const { enum: values, const: constant } = holder;
  if (constant !== undefined) return constant;
  if (Array.isArray(values)) return values[0];
  return depth < MAX_DEPTH ? exampleOfParts(document, holder, depth) : undefined;
};

const MAX_DEPTH = 8;

const exampleOfParts = (document: Json, schema: Json, depth: number): unknown => {
  if (schema['items'] !== undefined) {
    const item = exampleOf(document, resolve(document, schema['items']), depth + 1);
    return item === undefined ? undefined : [item];
  }
  const properties = Object.entries(recordOf(schema['properties']));
  if (properties.length === 0) return undefined;
  const required = new Set(listOf(schema['required']).map(String));
  const built: Record<string, unknown> = {};
  for (const [name, property] of properties) {
    const value = exampleOf(document, resolve(document, property), depth + 1);
    if (value !== undefined) built[name] = value;
    else if (required.has(name)) return undefined;
  }
  return built;
};

const readDocument = (path: string, text: string): Json => {
  let document: unknown;
  try {
    document = /^\s*\{/.test(text) ? JSON.parse(text) : Bun.YAML.parse(text);
  } catch (cause) {
    throw new AppError('file-broken', `--openapi '${path}' is neither JSON nor YAML.`, { cause });
  }
  if (recordOf(document)['paths'] === undefined) {
    throw new AppError('file-broken', `--openapi '${path}' is not an OpenAPI document.`);
  }
  return recordOf(document);
};

/** The path that all operations lie under. */
const basePath = (document: Json): string => {
  const server = recordOf(listOf(document['servers'])[0])['url'];
  if (typeof server !== 'string' || server.includes('{')) return '';
  return new URL(server, 'http://localhost/').pathname.replace(/\/$/, '');
};

const recordOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A value, or what its `$ref` points at within the document. */
const resolve = (document: Json, value: unknown): Json => {
  let found = recordOf(value);
  for (let hops = 0; typeof found['$ref'] === 'string' && hops < MAX_DEPTH; hops++) {
    const names = found['$ref'].replace(/^#\//, '').split('/');
    let at: unknown = document;
    for (const name of names) {
      at = recordOf(at)[name.replaceAll('~1', '/').replaceAll('~0', '~')];
    }
    found = recordOf(at);
  }
  return found;
};
