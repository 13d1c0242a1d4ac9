/**
 * The interface as OpenAPI 3.1, made from the loaded model and the error table.
 */
import type { LoadedModel } from '../../core/model-file.ts';
import { VERSION } from '../../core/version.ts';
import { schemasOf } from './components.ts';
import type { Operations } from './operation.ts';
import { operationsOf } from './operations.ts';

export interface OpenApi {
  readonly openapi: '3.1.0';
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly description: string;
    readonly license: Readonly<Record<string, string>>;
  };
  readonly paths: Operations;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly security?: readonly unknown[];
}

export const buildOpenApi = (
  loaded: LoadedModel,
  named: readonly LoadedModel[],
  auth: string | undefined,
): OpenApi => {
  const { model, version } = loaded;
  return {
    openapi: '3.1.0',
    info: {
      title: 'Puntual',
      version: VERSION,
      description: `How likely a flight is to be late, known before departure. Model \`${model.name}\`, version \`${version}\`.`,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    paths: operationsOf(loaded, named, auth !== undefined),
    components: {
      schemas: schemasOf(loaded),
      ...(auth === undefined
        ? {}
        : { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } }),
    },
    ...(auth === undefined ? {} : { security: [{ bearer: [] }] }),
  };
};
