/**
 * The one table of failures that a user can cause, and the error that carries a row of it.
 */

interface ErrorKind {
  /** What went wrong, in general; the detail says it of this case. */
  readonly title: string;
  /** HTTP status when it happens inside a request. */
  readonly status: number;
  /** Process exit code when it happens inside a command. */
  readonly exit: 2 | 3 | 99;
}

export const ERRORS = {
  usage: { title: 'The command line is invalid', status: 400, exit: 2 },
  'file-missing': { title: 'The file does not exist', status: 422, exit: 2 },
  'file-unreadable': { title: 'The file cannot be read', status: 422, exit: 2 },
  'file-unwritable': { title: 'The file cannot be written', status: 500, exit: 2 },
  'file-empty': { title: 'The file contains no rows', status: 422, exit: 2 },
  'file-broken': { title: 'The file is damaged', status: 422, exit: 2 },
  'columns-unknown': { title: 'The columns fit no known dialect', status: 422, exit: 2 },
  'data-too-small': { title: 'There is not enough data', status: 422, exit: 2 },
  'data-unfit': { title: 'The data cannot be learned from', status: 422, exit: 2 },
  'data-leak': { title: 'A column gives the answer away', status: 422, exit: 2 },
  'model-missing': { title: 'The model does not exist', status: 404, exit: 2 },
  'model-broken': { title: 'The model file is damaged', status: 422, exit: 2 },
  'model-unsupported': {
    title: 'The model is of a kind that is not supported',
    status: 422,
    exit: 2,
  },
  'model-unsafe': { title: 'The model file asks for code to be run', status: 422, exit: 2 },
  'model-unfit': { title: 'The model failed its self-check', status: 422, exit: 2 },
  'model-worse': { title: 'The model is no improvement', status: 422, exit: 99 },
  'port-in-use': { title: 'The port is taken', status: 500, exit: 2 },
  'limit-system': { title: 'A limit of the system is too low', status: 500, exit: 2 },
  'target-unreachable': { title: 'The service cannot be reached', status: 502, exit: 2 },
  'verdict-invalid': { title: 'The run proves nothing', status: 500, exit: 3 },
  'threshold-failed': { title: 'A threshold failed', status: 500, exit: 99 },
  'request-malformed': { title: 'The request cannot be read', status: 400, exit: 2 },
  'value-invalid': { title: 'A value is invalid', status: 422, exit: 2 },
  'head-too-large': { title: 'The headers are too large', status: 431, exit: 2 },
  'target-too-long': { title: 'The address is too long', status: 414, exit: 2 },
  'expectation-failed': { title: 'The expectation cannot be met', status: 417, exit: 2 },
  'body-too-large': { title: 'The body is too large', status: 413, exit: 2 },
  'batch-too-large': { title: 'The batch is too large', status: 413, exit: 2 },
  'type-unsupported': { title: 'The content type is not supported', status: 415, exit: 2 },
  'coding-unsupported': { title: 'The content coding is not supported', status: 415, exit: 2 },
  'not-acceptable': { title: 'No answer of the accepted types exists', status: 406, exit: 2 },
  'key-missing': { title: 'A key or token is needed', status: 401, exit: 2 },
  'key-refused': { title: 'The key or token is not accepted', status: 403, exit: 2 },
  'not-found': { title: 'There is nothing at this address', status: 404, exit: 2 },
  'method-refused': { title: 'The method is not allowed', status: 405, exit: 2 },
  'request-slow': { title: 'The request took too long to arrive', status: 408, exit: 2 },
  'quota-spent': { title: 'The quota is used up', status: 429, exit: 2 },
  overloaded: { title: 'The service is overloaded', status: 503, exit: 2 },
  'not-ready': { title: 'The service is not ready', status: 503, exit: 2 },
  'deadline-passed': {
    title: 'The deadline passed before an answer was ready',
    status: 503,
    exit: 2,
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** One fault inside a larger input: `pointer` is a JSON pointer (RFC 6901) to it. */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

/** The JSON pointer that leads along names and places. @source RFC 6901, 3 */
export const pointerTo = (...path: readonly (string | number)[]): string =>
  path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** The pointer of a fault whose detail is a mapping of columns that would fit: what `--map` takes. */
export const PROPOSAL = '--map';

/** A failure that the user caused and can mend; anything else that is thrown is a bug. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly faults: readonly Fault[];
  /** After so long the same request may well succeed; undefined where nobody knows. */
  readonly retryAfterSeconds: number | undefined;

  /** @param detail one sentence: what was wrong, and what was expected. */
  constructor(
    code: ErrorCode,
    detail: string,
    options?: { faults?: readonly Fault[]; cause?: unknown; retryAfterSeconds?: number },
  ) {
    super(detail, options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.faults = options?.faults ?? [];
    this.retryAfterSeconds = options?.retryAfterSeconds;
  }
}
