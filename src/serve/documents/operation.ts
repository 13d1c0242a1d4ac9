/**
 * One operation of the OpenAPI document as a record, and what operations share: answers, and how they can fail.
 */
import { ERRORS, type ErrorCode } from '../../core/errors.ts';
import { PROBLEM_TYPE } from '../formats/problem.ts';
import { ref } from './components.ts';
import type { Schema } from './schema.ts';

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly unknown[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Readonly<Record<string, Content>>;
  };
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Content {
  readonly schema: Schema;
  readonly example?: unknown;
}

/** Operations by path, then by method. */
export type Operations = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

type Answers = Readonly<Record<string, unknown>>;

export const answer = (
  description: string,
  content: Readonly<Record<string, Content>>,
): unknown => ({
  description,
  content,
});
export const json = (schema: Schema): Readonly<Record<string, Content>> => ({
  'application/json': { schema },
});

/** One answer per status, naming the codes that have it. */
const problems = (codes: readonly ErrorCode[]): Answers => {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const { status } = ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, names]) => [
      String(status),
      {
        description: names.map((name) => `${ERRORS[name].title} (\`${name}\`)`).join('; '),
        content: { [PROBLEM_TYPE]: { schema: ref('Problem') } },
      },
    ]),
  );
};

/** Failures that any path can answer with. */
const ANYWHERE: readonly ErrorCode[] = ['method-refused', 'overloaded'];
const WITH_AUTH: readonly ErrorCode[] = ['key-missing', 'key-refused', 'quota-spent'];
const WITH_BODY: readonly ErrorCode[] = [
  'request-malformed',
  'request-slow',
  'body-too-large',
  'type-unsupported',
  'coding-unsupported',
  'value-invalid',
];

/** What an operation can fail with, by what it takes: nothing, a flight in its address, a body. */
export interface Failures {
  readonly plain: Answers;
  readonly ofQuery: Answers;
  readonly ofBody: Answers;
}

export const failuresOf = (hasAuth: boolean): Failures => {
  const common = hasAuth ? [...ANYWHERE, ...WITH_AUTH] : ANYWHERE;
  return {
    plain: problems(common),
    ofQuery: problems([...common, 'value-invalid']),
    ofBody: problems([...common, ...WITH_BODY]),
  };
};

interface ReadOperation {
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly schema: Schema;
}

/** An operation that takes nothing and answers JSON. */
export const reading = (
  { operationId, tag, summary, schema }: ReadOperation,
  failures: Answers,
): Readonly<Record<string, Operation>> => ({
  get: {
    operationId,
    tags: [tag],
    summary,
    responses: { '200': answer(summary, json(schema)), ...failures },
  },
});

export const OBJECT: Schema = { type: 'object' };

/** A health check also says no. */
export const NOT_READY: Answers = { '503': answer('Not ready', json(OBJECT)) };
