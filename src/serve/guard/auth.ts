/**
 * Who may call: API keys from a file, or JSON Web Tokens of an issuer. `--auth keys:FILE` or
 * `--auth jwt:ISSUER|AUDIENCE|JWKS` (an address or a file).
 * Keys are known by their SHA-256 only; none is ever kept, shown or logged. Tokens are checked with `jose`, which is
 * loaded only where tokens are asked for; one that was accepted is remembered for a minute.
 */
import type { CryptoKey, JWTVerifyGetKey, JWTVerifyResult } from 'jose';
import { AppError } from '../../core/errors.ts';
import { readRegularFile } from '../../core/files/regular-file.ts';
import { shownAddress } from '../../host/shown-text.ts';
import type { Call } from '../../http/call.ts';
import type { ServeConfig } from '../config.ts';
import { QUOTA_KEYS, type Quota } from '../context.ts';
import { KEY_SET_LIMIT_BYTES, keysAt, parseKeySet } from './key-set.ts';

/** Lets a call pass or refuses it. @throws AppError key-missing, key-refused, quota-spent */
type Authorise = (call: Pick<Call, 'header'>) => undefined | Promise<undefined>;

/**
 * @param spec `keys:FILE` or `jwt:ISSUER|AUDIENCE|JWKS`
 * @param tell is told why keys at an address could not be fetched
 * @throws AppError usage, file-missing, file-unreadable
 */
export const buildAuthorise = (
  spec: string,
  quota: Quota,
  { endlessTokens }: Pick<ServeConfig, 'endlessTokens'>,
  tell: (why: string) => void = () => {},
): Authorise => {
  if (/^keys:./.test(spec)) return buildKeys(parseKeys(readAuthFile(spec.slice(5))), quota);
  if (spec.startsWith('jwt:')) {
    const check = buildTokens(spec.slice(4), endlessTokens, tell);
    return (request) => check(presentedKey(request));
  }
  throw new AppError(
    'usage',
    '--auth must be keys:FILE or jwt:ISSUER|AUDIENCE|JWKS (an address or a file)',
  );
};

/** The third part of a rule of tokens; undefined where there are not three. */
const keyPlaceOf = (spec: string): string | undefined => {
  const parts = spec.split('|');
  return spec.startsWith('jwt:') && parts.length === 3 ? parts[2] : undefined;
};

/** The file that `--auth` names; undefined when it names none, but an address. */
export const authFileOf = (spec: string): string | undefined => {
  if (spec.startsWith('keys:')) return spec.slice(5) || undefined;
  const jwks = keyPlaceOf(spec);
  return jwks === undefined || jwks === '' || isAddress(jwks) ? undefined : jwks;
};

/** The address of keys that `--auth` names; undefined when it names none. */
export const keyAddressOf = (spec: string): string | undefined => {
  const jwks = keyPlaceOf(spec);
  return jwks !== undefined && isAddress(jwks) ? jwks : undefined;
};

/** The same with another file. */
export const withAuthFile = (spec: string, file: string): string =>
  spec.startsWith('keys:') ? `keys:${file}` : [...spec.split('|').slice(0, 2), file].join('|');

const isAddress = (place: string): boolean => /^https?:\/\//.test(place);

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
    if (Number(perSecond) === 0)
      throw new AppError('usage', `line ${i + 1} of the key file: a quota must be above 0`);
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
const presentedKey = ({ header }: Pick<Call, 'header'>): string => {
  const authorization = header('authorization');
  if (authorization !== null) {
    const match = /^Bearer +(\S+)$/i.exec(authorization);
    if (match) return match[1]!;
  }
  const key = header('x-api-key');
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
  return (call) => {
    const digest = new Bun.CryptoHasher('sha256').update(presentedKey(call)).digest();
    let found = -1;
    for (const place of places.get(digest.readUInt32BE(0)) ?? [])
      if (crypto.timingSafeEqual(digest, callers[place]!.digest)) found = place;
    if (found < 0) throw new AppError('key-refused', 'the key is not known');
    const { perSecond, name } = callers[found]!;
    const waitSeconds = perSecond === undefined ? 0 : quota.take(found, perSecond);
    if (waitSeconds > 0)
      throw new AppError('quota-spent', `${name} may ask ${perSecond} times a second`, {
        retryAfterSeconds: waitSeconds,
      });
    return undefined;
  };
};

/** A token that has been verified is not verified again for so long, nor past its end. */
const TRUSTED_MS = 60_000;
const TRUSTED_TOKENS = 10_000;

/** Lets a token pass or refuses it. @throws AppError key-refused, not-ready */
type TokenCheck = (token: string) => undefined | Promise<undefined>;

/**
 * @param spec `ISSUER|AUDIENCE|JWKS`
 * @throws AppError usage, file-missing, file-unreadable
 */
const buildTokens = (
  spec: string,
  endlessTokens: boolean,
  tell: (why: string) => void,
): TokenCheck => {
  const [issuer, audience, jwks, ...others] = spec.split('|');
  if (!issuer || !audience || !jwks || others.length > 0)
    throw new AppError('usage', '--auth jwt: needs ISSUER|AUDIENCE|JWKS (an address or a file)');
  const requiredClaims = endlessTokens ? [] : ['exp'];
  const library = import('jose');
  const keySet = keySetOf(jwks, library, tell);
  /** By digest of the token: until when it is trusted. */
  const trusted = new Map<string, number>();
  const verified = async (token: string): Promise<JWTVerifyResult> => {
    const { errors, jwtVerify } = await library;
    const claims = { issuer, audience, requiredClaims };
    try {
      return await jwtVerify(token, await keySet, claims);
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      // Of a token that does not say by which, or of keys with one name, it may be any.
      const keys = error as unknown as AsyncIterable<CryptoKey>;
      for await (const key of keys) {
        try {
          return await jwtVerify(token, key, claims);
        } catch (fault) {
          if (!(fault instanceof errors.JWSSignatureVerificationFailed)) throw fault;
        }
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  };
  const verify = async (token: string, digest: string): Promise<undefined> => {
    const { errors } = await library;
    try {
      const { payload } = await verified(token);
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
  tell: (why: string) => void,
): Promise<JWTVerifyGetKey> => {
  if (isAddress(place) && !URL.canParse(place))
    throw new AppError('usage', `${shownAddress(place)} is not an address`);
  const local = isAddress(place) ? undefined : parseKeySet(readAuthFile(place), place);
  return library.then((jose) =>
    local ? jose.createLocalJWKSet(local) : keysAt(place, jose, tell),
  );
};

/** A file that `--auth` names: keys, or the public keys of a token issuer. @throws AppError file-missing, file-unreadable */
const readAuthFile = (path: string): string =>
  readRegularFile(path, KEY_SET_LIMIT_BYTES).toString('utf8');
