/**
 * Who may call: API keys from a file, or JSON Web Tokens of an issuer. `--auth keys:FILE` or
 * `--auth jwt:ISSUER|AUDIENCE|JWKS` (an address or a file).
 * Stands at the door of `app`. Keys are known by their SHA-256 only; none is ever kept, shown or logged.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose';
import { AppError } from '../core/errors.ts';
import { QUOTA_KEYS, type Quota } from './context.ts';

/** Lets a request pass or refuses it. @throws AppError key-missing, key-refused, quota-spent */
export type Authorise = (request: Request) => undefined | Promise<undefined>;

/**
 * @param spec `keys:FILE` or `jwt:ISSUER|AUDIENCE|JWKS`
 * @throws AppError usage, file-missing, file-unreadable
 */
export const buildAuthorise = (spec: string, quota: Quota): Authorise => {
  if (spec.startsWith('keys:')) return buildKeys(parseKeys(readText(spec.slice(5))), quota);
  if (spec.startsWith('jwt:')) return buildTokens(spec.slice(4));
  throw new AppError(
    'usage',
    '--auth must be keys:FILE or jwt:ISSUER|AUDIENCE|JWKS (an address or a file)',
  );
};

interface Caller {
  readonly name: string;
  readonly digest: Buffer;
  /** Requests per second; undefined: as many as it likes. */
  readonly perSecond: number | undefined;
}

const LINE = /^([0-9a-f]{64})\s+(\S+)(?:\s+(\d+(?:\.\d+)?))?$/i;

/** One caller a line: SHA-256 of the key in hex, a name, an optional quota per second; `#` begins a comment. */
export const parseKeys = (text: string): readonly Caller[] => {
  const callers = text.split('\n').flatMap((raw, i): Caller[] => {
    const line = raw.replace(/#.*/, '').trim();
    if (line === '') return [];
    const match = LINE.exec(line);
    if (!match) {
      throw new AppError(
        'usage',
        `line ${i + 1} of the key file is not 'SHA-256 NAME [REQUESTS-PER-SECOND]'`,
      );
    }
    const [, hex, name, perSecond] = match;
    return [
      {
        name: name!,
        digest: Buffer.from(hex!, 'hex'),
        perSecond: perSecond === undefined ? undefined : Number(perSecond),
      },
    ];
  });
  if (callers.length === 0 || callers.length > QUOTA_KEYS)
    throw new AppError('usage', `the key file must hold 1 to ${QUOTA_KEYS} keys`);
  return callers;
};

/** A key comes as `Authorization: Bearer KEY` or `X-API-Key: KEY`. */
const presentedKey = ({ headers }: Request): string => {
  const authorization = headers.get('authorization');
  if (authorization !== null) {
    const match = /^Bearer +(\S+)$/i.exec(authorization);
    if (match) return match[1]!;
  }
  const key = headers.get('x-api-key');
  if (key !== null && key !== '') return key;
  throw new AppError('key-missing', 'a key is needed: Authorization: Bearer KEY');
};

/**
 * The digest finds the caller, so the time of the search tells nothing of a key;
 * the digests themselves are compared in constant time.
 */
const buildKeys = (callers: readonly Caller[], quota: Quota): Authorise => {
  const places = new Map(callers.map(({ digest }, place) => [digest.readUInt32BE(0), [place]]));
  for (const [place, { digest }] of callers.entries()) {
    const same = places.get(digest.readUInt32BE(0))!;
    if (!same.includes(place)) same.push(place);
  }
  return (request) => {
    const digest = createHash('sha256').update(presentedKey(request)).digest();
    let found = -1;
    for (const place of places.get(digest.readUInt32BE(0)) ?? [])
      if (timingSafeEqual(digest, callers[place]!.digest)) found = place;
    if (found < 0) throw new AppError('key-refused', 'the key is not known');
    const { perSecond, name } = callers[found]!;
    if (perSecond !== undefined && quota.take(found, perSecond) > 0)
      throw new AppError('quota-spent', `${name} may ask ${perSecond} times a second`);
    return undefined;
  };
};

/** A token that has been verified is not verified again for so long, nor past its end. */
const TRUSTED_MS = 60_000;
const TRUSTED_TOKENS = 10_000;

const buildTokens = (spec: string): Authorise => {
  const [issuer, audience, jwks] = spec.split('|');
  if (!issuer || !audience || !jwks)
    throw new AppError('usage', '--auth jwt: needs ISSUER|AUDIENCE|JWKS (an address or a file)');
  const keys = keySetOf(jwks);
  /** By digest of the token: until when it is trusted. */
  const trusted = new Map<string, number>();
  const verify = async (token: string, digest: string): Promise<undefined> => {
    try {
      const { payload } = await jwtVerify(token, keys, { issuer, audience });
      const now = Date.now();
      if (trusted.size >= TRUSTED_TOKENS) trusted.clear();
      trusted.set(digest, Math.min(now + TRUSTED_MS, (payload.exp ?? Infinity) * 1000));
      return undefined;
    } catch (error) {
      if (error instanceof errors.JOSEError)
        throw new AppError('key-refused', `the token is not accepted: ${error.code}`);
      throw new AppError('not-ready', 'the keys of the token issuer can not be read', {
        cause: error,
      });
    }
  };
  return (request) => {
    const token = presentedKey(request);
    const digest = createHash('sha256').update(token).digest('base64');
    if ((trusted.get(digest) ?? 0) > Date.now()) return undefined;
    return verify(token, digest);
  };
};

/** @throws AppError usage, file-missing, file-unreadable */
const keySetOf = (place: string): JWTVerifyGetKey => {
  if (/^https?:\/\//.test(place)) return createRemoteJWKSet(new URL(place));
  try {
    return createLocalJWKSet(JSON.parse(readText(place)) as JSONWebKeySet);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('usage', `${place} is not a JSON Web Key Set`, { cause: error });
  }
};

const readText = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'file-missing' : 'file-unreadable';
    throw new AppError(code, `${path} can not be read`, { cause: error });
  }
};
