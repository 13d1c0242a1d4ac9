/**
 * What a request by the runtime's `fetch` failed of, in our words: its own texts name its functions and their arguments,
 * and some hold the address with whatever is secret in it.
 */

const BROKEN = 'the connection broke before all had come, or whoever answers does not speak HTTP';
const NO_HTTP = 'the answer is no HTTP that can be read';
const NO_WAY = 'no way leads there';
const AUTHORITIES = 'NODE_EXTRA_CA_CERTS names further authorities';
const NOT_PACKED = 'what came is not packed as it says, or is damaged';

/** By the codes of the runtime. */
const FAULTS: Readonly<Record<string, string>> = {
  ConnectionRefused: 'nothing listens there',
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: BROKEN,
  ConnectionClosed: BROKEN,
  EPIPE: BROKEN,
  ENOTFOUND: 'there is no such host, or no network',
  EAI_AGAIN: 'the name of its host cannot be looked up at present',
  ETIMEDOUT: 'nobody answers there',
  EHOSTUNREACH: NO_WAY,
  ENETUNREACH: NO_WAY,
  EPROTO: 'no encrypted connection (TLS) comes about; it may speak plain HTTP',
  ERR_INVALID_URL: 'the address is invalid',
  InvalidHTTPResponse: NO_HTTP,
  InvalidContentLength: NO_HTTP,
  UnrequestedUpgrade: NO_HTTP,
  UnsupportedTransferEncoding: NO_HTTP,
  ResponseHeadersTooLarge: 'the head of the answer is too large',
  TooManyRedirects: 'it redirects without end',
  UnsupportedRedirectProtocol: 'it redirects to what is no http or https address',
  RedirectURLInvalid: 'it redirects to what is no http or https address',
  ZlibError: NOT_PACKED,
  BrotliDecompressionError: NOT_PACKED,
  ZstdDecompressionError: NOT_PACKED,
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: `its certificate is signed by itself alone (${AUTHORITIES})`,
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
};

const CERTIFICATE = /CERT|ISSUER|LEAF_SIGNATURE|CRL/;

/** A reason that stands after `... cannot be fetched: `. */
export const fetchFault = (error: unknown): string => {
  const { code, name, message = '' } = error as { code?: unknown; name: string; message?: string };
  if (name === 'TimeoutError') return 'it takes too long';
  // A stream that unpacks has no code for it.
  if (message.includes('inflate')) return NOT_PACKED;
  if (typeof code !== 'string') return `the request failed (${name})`;
  return (
    FAULTS[code] ??
    (CERTIFICATE.test(code)
      ? `its certificate cannot be trusted (${code}; ${AUTHORITIES})`
      : `the request failed (${code})`)
  );
};
