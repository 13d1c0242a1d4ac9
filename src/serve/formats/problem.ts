/**
 * Problem documents (RFC 9457): failures as HTTP, made from the one error table.
 */
import { type AppError, type ErrorCode, ERRORS } from '../../core/errors.ts';
import type { Lang } from '../../core/language.ts';
import { SPANISH_TITLES, spanishOf } from './spanish.ts';

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

const spanishTitles: Partial<Record<ErrorCode, string>> = SPANISH_TITLES;

/** Faults beyond these are counted in the detail, not listed. */
const FAULTS_SHOWN = 100;

/** The document of one failure; `error` repeats the detail for clients of the Open Inference Protocol. */
export const problemOf = (
  error: AppError,
  lang: Lang = 'en',
): Readonly<Record<string, unknown>> => {
  const { code, faults } = error;
  const { title, status } = ERRORS[code];
  const said = (english: string): string => (lang === 'es' ? spanishOf(english) : english);
  const detail = said(error.message);
  return {
    type: `/docs#${code}`,
    title: (lang === 'es' ? spanishTitles[code] : undefined) ?? title,
    status,
    detail,
    code,
    ...(faults.length > 0
      ? {
          errors: faults
            .slice(0, FAULTS_SHOWN)
            .map((fault) => ({ pointer: fault.pointer, detail: said(fault.detail) })),
        }
      : {}),
    error: detail,
  };
};

export const problemText = (error: AppError): string => JSON.stringify(problemOf(error));

/** The answer to one failure, `headers` on top of the type. */
export const problemResponse = (
  error: AppError,
  lang: Lang = 'en',
  headers: Readonly<Record<string, string>> = {},
): Response =>
  new Response(JSON.stringify(problemOf(error, lang)), {
    status: ERRORS[error.code].status,
    headers: {
      'content-type': PROBLEM_TYPE,
      'content-language': lang,
      'cache-control': 'no-store',
      vary: 'accept-language',
      ...headers,
    },
  });
