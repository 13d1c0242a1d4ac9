/**
 * `/openapi.json`, `/docs` and `/postman.json`: the interface for programs, people and Postman.
 */
import style from '../../../web/docs/docs.css' with { type: 'text' };
import { type DocsView, type OperationView, renderDocs } from '../../../web/docs/page.tsx';
import { docsScript } from '../../../web/scripts.ts';
import { ERRORS } from '../../core/errors.ts';
import type { Input } from '../../core/inputs.ts';
import type { ServeContext } from '../context.ts';
import { withEtag } from '../documents/etag.ts';
import { buildOpenApi, type OpenApi } from '../documents/openapi.ts';
import type { Operation } from '../documents/operation.ts';
import { assetHeaders, PAGE_HEADERS } from '../documents/page-headers.ts';
import { buildCollection } from '../documents/postman.ts';
import { HTTP_CODES } from '../formats/problem.ts';
import { exampleFlight } from '../documents/schema.ts';
import type { Handler } from '../endpoint.ts';

export const buildDocuments = ({ loaded, named, config }: ServeContext) => {
  const { inputs } = loaded.model;
  const example = exampleFlight(loaded.model);
  let openApi: OpenApi | undefined;
  const document = (): OpenApi => {
    openApi ??= buildOpenApi(
      loaded,
      named.map((other) => other.loaded),
      config.auth,
    );
    return openApi;
  };
  const openApiAnswer = withEtag(() => JSON.stringify(document()), {
    'content-type': 'application/json',
  });
  const docsAnswer = withEtag(() => renderDocs(docsOf(document(), inputs)), PAGE_HEADERS);
  return {
    '/openapi.json': openApiAnswer,
    '/docs': docsAnswer,
    '/docs/': docsAnswer,
    '/assets/docs.js': withEtag(docsScript, assetHeaders('text/javascript; charset=utf-8')),
    '/assets/docs.css': withEtag(() => style, assetHeaders('text/css; charset=utf-8')),
    '/postman.json': ({ origin }) =>
      Response.json(buildCollection(loaded, document(), example, origin())),
  } satisfies Record<string, Handler>;
};

const docsOf = ({ info, paths, security }: OpenApi, inputs: readonly Input[]): DocsView => {
  const groups = new Map<string, OperationView[]>();
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      const view = operationView(path, method.toUpperCase(), operation);
      groups.set(operation.tags[0]!, [...(groups.get(operation.tags[0]!) ?? []), view]);
    }
  }
  return {
    needsKey: security !== undefined,
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
    errors: HTTP_CODES.map((code) => ({
      code,
      title: ERRORS[code].title,
      status: ERRORS[code].status,
    })),
  };
};

const KNOWN_SHOWN = 12;

const knownOf = ({ values = [] }: Input): string => {
  if (values.length === 0) return '';
  const rest = values.length - KNOWN_SHOWN;
  return `${values.slice(0, KNOWN_SHOWN).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
};

/** Where the commands point until a script puts in the address that the page came from. */
const ORIGIN = 'http://localhost:8080';

const operationView = (path: string, method: string, operation: Operation): OperationView => {
  const [type, content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const parameters = (operation.parameters ?? []) as readonly {
    name: string;
    description?: string;
    schema: { description?: string; type?: unknown; enum?: readonly string[] };
    example?: unknown;
  }[];
  const text = type === undefined ? undefined : bodyText(type, content?.example ?? {});
  const query = new URLSearchParams(
    parameters.flatMap(({ name, example }) =>
      example === undefined ? [] : [[name, String(example)]],
    ),
  );
  const target = query.size === 0 ? path : `${path}?${query}`;
  return {
    method,
    path,
    summary: operation.summary,
    description: (operation.description ?? '').replaceAll('`', ''),
    parameters: parameters.map(({ name, description, schema, example }) => ({
      name,
      description: description ?? schema.description ?? '',
      value: example === undefined ? '' : String(example),
      choices: schema.type === 'boolean' ? ['false', 'true'] : (schema.enum ?? []),
    })),
    body: type === undefined ? undefined : { type, text: text! },
    command:
      type === undefined
        ? `curl '${ORIGIN}${target}'`
        : `curl ${ORIGIN}${path} -H 'Content-Type: ${type}' \\\n  -d '${text!.replaceAll("'", "'\\''")}'`,
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
