/**
 * Problem documents (RFC 9457): failures as HTTP, made from the one error table.
 */
import { type AppError, type ErrorCode, ERRORS } from '../../core/errors.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** Every code that a caller of the service can meet; the others are of the command line. */
export const HTTP_CODES = [
  'request-malformed',
  'key-missing',
  'key-refused',
  'not-found',
  'model-missing',
  'method-refused',
  'request-slow',
  'body-too-large',
  'batch-too-large',
  'target-too-long',
  'type-unsupported',
  'coding-unsupported',
  'expectation-failed',
  'value-invalid',
  'quota-spent',
  'head-too-large',
  'overloaded',
  'not-ready',
  'deadline-passed',
] as const satisfies readonly ErrorCode[];

/** Faults beyond these are counted in the detail, not listed. */
const FAULTS_SHOWN = 100;

/** The document of one failure; `error` repeats the detail for clients of the Open Inference Protocol. */
export const problemOf = (error: AppError): Readonly<Record<string, unknown>> => {
  const { title, status } = ERRORS[error.code];
  return {
    type: `/docs#${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    ...(error.faults.length > 0 ? { errors: error.faults.slice(0, FAULTS_SHOWN) } : {}),
    error: error.message,
  };
};

export const problemText = (error: AppError): string => JSON.stringify(problemOf(error));

/** The answer to one failure, `headers` on top of the type. */
export const problemResponse = (
  error: AppError,
  headers: Readonly<Record<string, string>> = {},
): Response =>
  new Response(problemText(error), {
    status: ERRORS[error.code].status,
    headers: { 'content-type': PROBLEM_TYPE, 'cache-control': 'no-store', ...headers },
  });
