/**
 * Who may call: API keys from a file, or JSON Web Tokens of an issuer. `--auth keys:FILE` or
 * `--auth jwt:ISSUER|AUDIENCE|JWKS` (an address or a file).
 * Keys are known by their SHA-256 only; none is ever kept, shown or logged.
 */
import { AppError } from '../../core/errors.ts';
import type { Call } from '../../http/call.ts';
import { QUOTA_KEYS, type Quota } from '../context.ts';
import { readAuthFile } from './auth-file.ts';
import { buildTokens } from './tokens.ts';

/** Lets a call pass or refuses it. @throws AppError key-missing, key-refused, quota-spent */
export type Authorise = (call: Pick<Call, 'header'>) => undefined | Promise<undefined>;

/**
 * @param spec `keys:FILE` or `jwt:ISSUER|AUDIENCE|JWKS`
 * @throws AppError usage, file-missing, file-unreadable
 */
export const buildAuthorise = (spec: string, quota: Quota): Authorise => {
  if (spec.startsWith('keys:')) return buildKeys(parseKeys(readAuthFile(spec.slice(5))), quota);
  if (spec.startsWith('jwt:')) {
    const check = buildTokens(spec.slice(4));
    return (request) => check(presentedKey(request));
  }
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
    if (perSecond !== undefined && quota.take(found, perSecond) > 0)
      throw new AppError('quota-spent', `${name} may ask ${perSecond} times a second`);
    return undefined;
  };
};
