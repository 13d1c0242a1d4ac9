/**
 * `/openapi.json`, `/docs` and `/postman.json`: the interface for programs, people and Postman.
 */
import style from '../../../web/docs.css' with { type: 'text' };
import { type DocsView, type OperationView, renderDocs } from '../../../web/docs.tsx';
import { ERRORS } from '../../core/errors.ts';
import type { Input } from '../../core/inputs.ts';
import type { ServeContext } from '../context.ts';
import { withEtag } from '../documents/etag.ts';
import { buildOpenApi, type OpenApi } from '../documents/openapi.ts';
import type { Operation } from '../documents/operations.ts';
import { assetHeaders, PAGE_HEADERS } from '../documents/page-headers.ts';
import { buildCollection } from '../documents/postman.ts';
import { exampleFlight } from '../documents/schema.ts';
import type { Endpoint } from '../endpoint.ts';

export const buildDocuments = ({
  loaded,
  config,
}: ServeContext): Readonly<Record<string, Endpoint>> => {
  const { inputs } = loaded.model;
  const example = exampleFlight(loaded.model);
  let openApi: OpenApi | undefined;
  const document = (): OpenApi => {
    openApi ??= buildOpenApi(loaded, config.auth);
    return openApi;
  };
  const openApiAnswer = withEtag(() => JSON.stringify(document()), {
    'content-type': 'application/json',
  });
  const docsAnswer = withEtag(() => renderDocs(docsOf(document(), inputs)), PAGE_HEADERS);
  return {
    '/openapi.json': { label: '/openapi.json', GET: openApiAnswer },
    '/docs': { label: '/docs', GET: docsAnswer },
    '/docs/': { label: '/docs', GET: docsAnswer },
    '/assets/docs.css': {
      label: '/assets/{file}',
      GET: withEtag(() => style, assetHeaders('text/css; charset=utf-8')),
    },
    '/postman.json': {
      label: '/postman.json',
      GET: ({ origin }) => Response.json(buildCollection(loaded, document(), example, origin())),
    },
  };
};

const docsOf = ({ info, paths }: OpenApi, inputs: readonly Input[]): DocsView => {
  const groups = new Map<string, OperationView[]>();
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const view = operationView(path, method.toUpperCase(), operation);
      groups.set(operation.tags[0]!, [...(groups.get(operation.tags[0]!) ?? []), view]);
    }
  }
  return {
    title: info.title,
    about: info.description.replaceAll('`', ''),
    groups: [...groups].map(([name, operations]) => ({ name, operations })),
    inputs: inputs.map((input) => ({
      name: input.name,
      type: { category: 'text', number: 'number', time: 'local time' }[input.kind],
      required: input.required,
      description: `${input.description}${input.unit === undefined ? '' : `, ${input.unit}`}`,
      known: knownOf(input),
    })),
    errors: Object.entries(ERRORS).map(([code, { title, status }]) => ({ code, title, status })),
  };
};

const KNOWN_SHOWN = 12;

const knownOf = ({ values = [] }: Input): string => {
  if (values.length === 0) return '';
  const rest = values.length - KNOWN_SHOWN;
  return `${values.slice(0, KNOWN_SHOWN).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
};

const operationView = (path: string, method: string, operation: Operation): OperationView => {
  const [type, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const parameters = (operation.parameters ?? []) as readonly {
    name: string;
    description?: string;
    schema: { description?: string };
  }[];
  return {
    method,
    path,
    summary: operation.summary,
    description: (operation.description ?? '').replaceAll('`', ''),
    parameters: parameters.map(({ name, description, schema }) => ({
      name,
      description: description ?? schema.description ?? '',
    })),
    command:
      type === undefined
        ? `curl http://localhost:8080${path}`
        : `curl http://localhost:8080${path} -H 'Content-Type: ${type}' \\\n  -d '${bodyText(type, content?.example ?? {})}'`,
    statuses: Object.entries(operation.responses).map(([status, answer]) => ({
      status,
      description: (answer as { description: string }).description.replaceAll('`', ''),
    })),
  };
};

const bodyText = (type: string, example: unknown): string =>
  type.includes('form')
    ? String(new URLSearchParams(example as Record<string, string>))
    : JSON.stringify(example);
