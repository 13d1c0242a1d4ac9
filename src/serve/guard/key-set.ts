/**
 * The public keys of a token issuer: a set of JSON Web Keys from a file or an address. A set of which no key can check a
 * token is refused, since with it every caller would be; keys that cannot, beside others, are passed over.
 * @source RFC 7517 (key sets), RFC 7518 and 8037 (keys of each algorithm)
 */
import { createPublicKey, type webcrypto } from 'node:crypto';
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import { AppError } from '../../core/errors.ts';
import { fetchFault } from '../../host/fetch-fault.ts';
import { shownAddress } from '../../host/shown-text.ts';

type Key = Readonly<Record<string, unknown>>;

const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const;
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  'RSA ': RSA,
  'EC P-256': ['ES256'],
  'EC P-384': ['ES384'],
  'EC P-521': ['ES512'],
  'OKP Ed25519': ['EdDSA', 'Ed25519'],
  'AKP ': ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'],
};
const SMALLEST_RSA_BITS = 2048;
const FLAWS_SHOWN = 3;

/**
 * The keys of a set that can check a token.
 * @param name what a sentence calls the set
 * @throws AppError usage when it is no set, or none of its keys can
 */
export const parseKeySet = (text: string, name: string): JSONWebKeySet => {
  const keys = keysOf(text);
  if (!keys) throw new AppError('usage', `${name} is not a JSON Web Key Set`);
  if (keys.length === 0)
    throw new AppError('usage', `${name} holds no key, so every token would be refused`);
  const judged = keys.map((key, i) => ({ key, flaw: flawOf(key), label: labelOf(key, i) }));
  const usable = judged.flatMap(({ key, flaw }) => (flaw === undefined ? [key] : []));
  if (usable.length > 0) return { keys: usable } as unknown as JSONWebKeySet;
  const shown = judged.slice(0, FLAWS_SHOWN).map(({ label, flaw }) => `${label} ${flaw}`);
  const others = judged.length > FLAWS_SHOWN ? [`${judged.length - FLAWS_SHOWN} more`] : [];
  throw new AppError(
    'usage',
    `${name} holds no key that can check a token, so every token would be refused: ${[...shown, ...others].join('; ')}`,
  );
};

/** Who may read a set with private keys can sign tokens. @returns a sentence; undefined where it holds none */
export const exposureIn = (text: string, name: string): string | undefined => {
  const exposed = (keysOf(text) ?? []).flatMap((key, i) =>
    isPrivate(key) ? [labelOf(key, i)] : [],
  );
  return exposed.length === 0
    ? undefined
    : `${name} holds private keys, with which whoever reads it can sign tokens (${exposed.slice(0, FLAWS_SHOWN).join(', ')}): leave only their public parts in it`;
};

const isPrivate = (key: Key): boolean =>
  key['d'] !== undefined || key['priv'] !== undefined || key['kty'] === 'oct';

const keysOf = (text: string): readonly Key[] | undefined => {
  try {
    const { keys } = JSON.parse(text.replace(/^\ufeff/, '')) as { keys: unknown };
    return Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null)
      ? keys
      : undefined;
  } catch {
    return undefined;
  }
};

const shownText = (value: unknown): string => JSON.stringify(value)?.slice(0, 40) ?? 'missing';

const labelOf = ({ kid }: Key, i: number): string =>
  kid === undefined ? `key ${i + 1}` : `key ${i + 1} (${shownText(kid)})`;

/** Why a key checks no token; undefined where it does. */
const flawOf = (key: Key): string | undefined => {
  const { kty, crv, alg, use, key_ops: operations, ext, kid } = key;
  if (kty === 'oct') return 'is a shared secret (kty "oct"), and only public keys are taken';
  if (alg === 'none') return 'asks for no signature (alg "none")';
  if (isPrivate(key)) return 'is a private key: only its public part belongs here';
  if (use !== undefined && use !== 'sig') return `is not for signatures (use ${shownText(use)})`;
  if (operations !== undefined && !isForVerifying(operations))
    return `is not for checking signatures (key_ops ${shownText(operations)})`;
  if (ext !== undefined && typeof ext !== 'boolean') return `has ext ${shownText(ext)}`;
  if (kid !== undefined && typeof kid !== 'string') return 'has a kid that is no text';
  const algorithms = ALGORITHMS[`${kty} ${kty === 'RSA' || kty === 'AKP' ? '' : crv}`];
  if (!algorithms)
    return `is of a kind that is not taken (kty ${shownText(kty)}, crv ${shownText(crv)})`;
  // A key of kind AKP does not say without it of which size it is.
  if (alg === undefined ? kty === 'AKP' : !algorithms.includes(String(alg)))
    return `is for ${shownText(alg)}; ${algorithms.join(', ')} can be checked with it`;
  return flawOfNumbers(key);
};

const isForVerifying = (operations: unknown): boolean =>
  Array.isArray(operations) &&
  operations.includes('verify') &&
  operations.every((name, i) => typeof name === 'string' && operations.indexOf(name) === i);

const flawOfNumbers = (key: Key): string | undefined => {
  try {
    const { asymmetricKeyDetails } = createPublicKey({
      key: key as webcrypto.JsonWebKey,
      format: 'jwk',
    });
    const bits = asymmetricKeyDetails?.modulusLength ?? SMALLEST_RSA_BITS;
    return bits < SMALLEST_RSA_BITS
      ? `has ${bits} bits, and RSA needs ${SMALLEST_RSA_BITS} or more`
      : undefined;
  } catch {
    return 'is damaged: its numbers make no public key';
  }
};

export const KEY_SET_LIMIT_BYTES = 4 * 2 ** 20;
const FETCH_LIMIT_MS = 5000;

/** @throws AppError usage (no usable set), target-unreachable */
export const fetchKeySet = async (address: string): Promise<JSONWebKeySet> => {
  const shown = shownAddress(address);
  const unreachable = (why: string): AppError =>
    new AppError('target-unreachable', `the keys at ${shown} cannot be fetched: ${why}`);
  const signal = AbortSignal.timeout(FETCH_LIMIT_MS);
  let text = '';
  try {
    const response = await fetch(address, {
      signal,
      redirect: 'manual',
      headers: { accept: 'application/json, application/jwk-set+json' },
    });
    if (response.status !== 200 || !response.body) {
      await response.body?.cancel();
      throw unreachable(
        response.headers.get('location') === null
          ? `the answer has the status ${response.status}`
          : 'it redirects, and no redirect is followed: name the address it leads to',
      );
    }
    const decoder = new TextDecoder();
    let nBytes = 0;
    for await (const part of response.body) {
      nBytes += part.length;
      if (nBytes > KEY_SET_LIMIT_BYTES)
        throw unreachable(`it is larger than ${KEY_SET_LIMIT_BYTES / 2 ** 20} MB`);
      text += decoder.decode(part, { stream: true });
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw unreachable(
      signal.aborted ? `it takes longer than ${FETCH_LIMIT_MS / 1000} s` : fetchFault(error),
    );
  }
  return parseKeySet(text, `the key set at ${shown}`);
};

/** Who waits for keys that cannot be fetched is not the cause of another try each time. */
const RETRY_MS = 1000;

/**
 * The keys at an address, fetched when they are first needed and again as `jose` has it: after ten minutes, and for a key
 * that is not known. When that fails, the last good ones stay in use.
 * @param tell is told why keys could not be fetched
 */
export const keysAt = (
  address: string,
  { createRemoteJWKSet, customFetch }: typeof import('jose'),
  tell: (why: string) => void,
): JWTVerifyGetKey => {
  let good: JSONWebKeySet | undefined;
  let failure: { readonly error: AppError; readonly untilMs: number } | undefined;
  const fetchAgain = async (): Promise<Response> => {
    if (!failure || performance.now() >= failure.untilMs) {
      try {
        good = await fetchKeySet(address);
        failure = undefined;
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        if (failure?.error.message !== error.message) tell(error.message);
        failure = { error, untilMs: performance.now() + RETRY_MS };
      }
    }
    if (good) return Response.json(good);
    throw failure!.error;
  };
  return createRemoteJWKSet(new URL(address), { [customFetch]: fetchAgain });
};
