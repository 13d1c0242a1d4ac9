/**
 * Parse errors: why bytes are no request that this server takes, each with its error code and sentence.
 */
import { AppError, type ErrorCode } from '../core/errors.ts';

const FAULTS = {
  'method-broken': ['request-malformed', 'the method is not a token followed by a space'],
  'target-broken': ['request-malformed', 'the target holds a byte that is not allowed there'],
  'target-ambiguous': [
    'request-malformed',
    'the path holds a backslash, a doubled slash, a dot segment, an encoded dot, slash or control, or a percent sign that encodes nothing: write it plainly',
  ],
  'target-long': ['target-too-long', 'the target is longer than 8 KiB'],
  'version-broken': ['request-malformed', 'the request line does not end with an HTTP version'],
  // Not 505: what a caller does wrong must not look like a fault of the service.
  'version-other': ['request-malformed', 'only HTTP/1.1 and HTTP/1.0 are supported'],
  'name-broken': ['request-malformed', 'a field name holds a byte that is not allowed there'],
  'value-broken': ['request-malformed', 'a field value holds a byte that is not allowed there'],
  'line-broken': ['request-malformed', 'a line does not end with CR and LF'],
  'head-large': ['head-too-large', 'the head is larger than 16 KiB or holds more than 100 fields'],
  'host-broken': ['request-malformed', 'exactly one Host field with a valid host is required'],
  'length-broken': ['request-malformed', 'Content-Length is not one whole number'],
  'framing-doubled': [
    'request-malformed',
    'the body is framed more than once, or by chunks in HTTP/1.0',
  ],
  'coding-other': ['request-malformed', 'the only transfer coding supported is chunked'],
  'expectation-other': ['expectation-failed', 'the only expectation supported is 100-continue'],
  'chunk-broken': ['request-malformed', 'a chunk of the body is not framed correctly'],
  'body-ended': ['request-malformed', 'the body broke off before its end'],
  slow: ['request-slow', 'the request took too long to arrive'],
  'stream-slow': ['request-slow', 'the stream has waited too long for its caller'],
  crowded: ['overloaded', 'unfinished requests already hold too much memory'],
} as const satisfies Record<string, readonly [ErrorCode, string]>;

export type ParseFault = keyof typeof FAULTS;

export const parseErrorOf = (fault: ParseFault): AppError => {
  const [code, detail] = FAULTS[fault];
  return new AppError(code, detail);
};
