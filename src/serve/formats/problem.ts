/**
 * Problem documents (RFC 9457): failures as HTTP, made from the one error table.
 */
import { type AppError, type ErrorCode, ERRORS } from '../../core/errors.ts';
import type { Lang } from '../../core/language.ts';
import { type Kept, keepAnswer } from '../../http/kept-answer.ts';
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

const headersOf = (lang: Lang): Readonly<Record<string, string>> => ({
  'content-type': PROBLEM_TYPE,
  'content-language': lang,
  'cache-control': 'no-store',
  vary: 'accept-language',
});

/** The answer to one failure, `headers` on top of the type. */
export const problemResponse = (
  error: AppError,
  lang: Lang = 'en',
  headers: Readonly<Record<string, string>> = {},
): Response =>
  new Response(JSON.stringify(problemOf(error, lang)), {
    status: ERRORS[error.code].status,
    headers: { ...headersOf(lang), ...headers },
  });

/** Refusals that are kept: few sentences in few languages, and seconds by the hundred at most. */
const REFUSALS_KEPT = 500;

/**
 * The answers to failures after which the same request may succeed later, made once and kept: who is overloaded has no
 * time to make them again and again.
 */
export const buildRefusals = (): ((error: AppError, lang: Lang, afterSeconds: number) => Kept) => {
  const kept = new Map<string, Kept>();
  return (error, lang, afterSeconds) => {
    const key = `${error.code} ${lang} ${afterSeconds} ${error.message}`;
    const known = kept.get(key);
    if (known) return known;
    const made = keepAnswer(
      ERRORS[error.code].status,
      { ...headersOf(lang), 'retry-after': String(afterSeconds) },
      Buffer.from(JSON.stringify(problemOf(error, lang))),
    );
    if (kept.size < REFUSALS_KEPT) kept.set(key, made);
    return made;
  };
};
