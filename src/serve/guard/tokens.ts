/**
 * JSON Web Tokens of an issuer, checked with `jose`; a token that was accepted is remembered for a minute.
 * The library is loaded only where tokens are asked for: no other start waits for it.
 */
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import { AppError } from '../../core/errors.ts';
import { readAuthFile } from './auth-file.ts';

/** A token that has been verified is not verified again for so long, nor past its end. */
const TRUSTED_MS = 60_000;
const TRUSTED_TOKENS = 10_000;

/** Lets a token pass or refuses it. @throws AppError key-refused, not-ready */
export type TokenCheck = (token: string) => undefined | Promise<undefined>;

/**
 * @param spec `ISSUER|AUDIENCE|JWKS`
 * @throws AppError usage, file-missing, file-unreadable
 */
export const buildTokens = (spec: string): TokenCheck => {
  const [issuer, audience, jwks] = spec.split('|');
  if (!issuer || !audience || !jwks)
    throw new AppError('usage', '--auth jwt: needs ISSUER|AUDIENCE|JWKS (an address or a file)');
  const library = import('jose');
  const keySet = keySetOf(jwks, library);
  /** By digest of the token: until when it is trusted. */
  const trusted = new Map<string, number>();
  const verify = async (token: string, digest: string): Promise<undefined> => {
    const { errors, jwtVerify } = await library;
    try {
      const { payload } = await jwtVerify(token, await keySet, { issuer, audience });
      const now = Date.now();
      if (trusted.size >= TRUSTED_TOKENS) trusted.clear();
      trusted.set(digest, Math.min(now + TRUSTED_MS, (payload.exp ?? Infinity) * 1000));
      return undefined;
    } catch (error) {
      if (error instanceof errors.JOSEError)
        throw new AppError('key-refused', `the token is not accepted: ${error.code}`);
      throw new AppError('not-ready', 'the keys of the token issuer cannot be read', {
        cause: error,
      });
    }
  };
  return (token) => {
    const digest = new Bun.CryptoHasher('sha256').update(token).digest('base64');
    if ((trusted.get(digest) ?? 0) > Date.now()) return undefined;
    return verify(token, digest);
  };
};

/** The keys at an address are read when they are first needed, those of a file now. @throws AppError usage, file-missing, file-unreadable */
const keySetOf = (
  place: string,
  library: Promise<typeof import('jose')>,
): Promise<JWTVerifyGetKey> => {
  const isAddress = /^https?:\/\//.test(place);
  if (isAddress && !URL.canParse(place)) throw new AppError('usage', `${place} is not an address`);
  const local = isAddress ? undefined : parseKeySet(place);
  return library.then(({ createLocalJWKSet, createRemoteJWKSet }) =>
    local ? createLocalJWKSet(local) : createRemoteJWKSet(new URL(place)),
  );
};

/** @source RFC 7517, 5 (a set is an object whose `keys` are objects) */
const parseKeySet = (path: string): JSONWebKeySet => {
  const text = readAuthFile(path);
  try {
    const { keys } = JSON.parse(text) as { keys: unknown };
    if (Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null))
      return { keys };
  } catch {
    // Said below.
  }
  throw new AppError('usage', `${path} is not a JSON Web Key Set`);
};
