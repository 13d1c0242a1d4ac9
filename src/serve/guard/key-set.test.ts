import { afterAll, describe, expect, setSystemTime, test } from 'bun:test';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { AppError } from '../../core/errors.ts';
import { DEFAULT_CONFIG } from '../config.ts';
import { buildAuthorise } from './auth.ts';
import { parseKeySet } from './key-set.ts';

const folder = mkdtempSync(join(tmpdir(), 'puntual-key-set-'));
const servers: Bun.Server<undefined>[] = [];
afterAll(() => {
  rmSync(folder, { recursive: true });
  for (const server of servers) void server.stop(true);
});

const ALGORITHMS = ['RS256', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'ML-DSA-44'];

interface Pair {
  readonly alg: string;
  readonly open: JWK;
  readonly secret: JWK;
  readonly privateKey: CryptoKey;
}
const makePair = async (alg: string): Promise<Pair> => {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return {
    alg,
    open: await exportJWK(publicKey),
    secret: await exportJWK(privateKey),
    privateKey,
  };
};
const pairs = new Map(
  await Promise.all(ALGORITHMS.map(async (alg) => [alg, await makePair(alg)] as const)),
);
const { open: es256, secret } = pairs.get('ES256')!;
const signed = ({ alg, privateKey }: Pair, kid?: string): Promise<string> =>
  new SignJWT({})
    .setProtectedHeader({ alg, ...(kid && { kid }) })
    .setIssuer('issuer')
    .setAudience('puntual')
    .setExpirationTime('1h')
    .sign(privateKey);

const authoriseBy = (place: string, told: string[] = []) => {
  const authorise = buildAuthorise(
    `jwt:issuer|puntual|${place}`,
    { take: () => 0 },
    DEFAULT_CONFIG,
    (why) => told.push(why),
  );
  return async (token: string): Promise<string> => {
    try {
      await authorise({ header: (name) => (name === 'authorization' ? `Bearer ${token}` : null) });
      return 'passed';
    } catch (error) {
      return (error as AppError).code;
    }
  };
};
let nFiles = 0;
const fileOf = (keys: readonly unknown[]): string => {
  const path = join(folder, `set-${nFiles++}`);
  writeFileSync(path, JSON.stringify({ keys }));
  return path;
};
const refusalOf = (text: string): string => {
  try {
    return `it holds ${parseKeySet(text, 'set.json').keys.length}`;
  } catch (error) {
    return (error as Error).message;
  }
};

test.each(ALGORITHMS)('a key for %s is taken, and a token of it passes', async (alg) => {
  const pair = pairs.get(alg)!;
  expect(await authoriseBy(fileOf([pair.open]))(await signed(pair))).toBe('passed');
});

const rsa1024 = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({
  format: 'jwk',
});
describe('a set is refused with what is wrong when', () => {
  test.each([
    ['it is empty', [], 'set.json holds no key, so'],
    ['its key is a shared secret', [{ kty: 'oct', k: 'AQAB', alg: 'HS256' }], 'is a shared secret'],
    ['its key asks for no signature', [{ ...es256, alg: 'none' }], 'asks for no signature'],
    ['its key is private', [secret], 'is a private key: only its public part belongs here'],
    ['a large private key is among others of no use', [pairs.get('ML-DSA-44')!.secret], 'private'],
    ['its key encrypts', [{ ...es256, use: 'enc' }], 'is not for signatures (use "enc")'],
    ['its key only signs', [{ ...es256, key_ops: ['sign'] }], 'is not for checking signatures'],
    ['its key is on another curve', [{ ...es256, crv: 'secp256k1' }], 'crv "secp256k1"'],
    ['its key is of no known kind', [{ kty: 'XYZ' }], 'is of a kind that is not taken (kty "XYZ"'],
    ['its key does not fit its algorithm', [{ ...es256, alg: 'ES384' }], 'is for "ES384"; ES256'],
    ['its key is too short', [rsa1024], 'has 1024 bits, and RSA needs 2048'],
    ['its key is damaged', [{ ...es256, x: 'AQAB' }], 'its numbers make no public key'],
    ['its key is empty', [{}], 'is of a kind that is not taken'],
    ['its names are no texts', [{ ...es256, kid: {} }], 'has a kid that is no text'],
  ])('%s', (_, keys, says) => {
    const refusal = refusalOf(JSON.stringify({ keys }));
    expect(refusal).toContain(says);
    expect(refusal).toStartWith('set.json ');
    expect(refusal).toContain('every token would be refused');
  });

  test.each(['', 'null', '[]', '{}', '{"keys":{}}', '{"keys":[1]}', '\ud800'])('it is %p', (text) =>
    expect(refusalOf(text)).toBe('set.json is not a JSON Web Key Set'));

  test('it holds many, of which the first are named', () => {
    const keys = Array.from({ length: 9 }, (_, i) => ({ ...es256, kid: `k${i}`, use: 'enc' }));
    expect(refusalOf(JSON.stringify({ keys }))).toEndWith(
      'key 3 ("k2") is not for signatures (use "enc"); 6 more',
    );
  });
});

test('keys that check no token are passed over beside one that does', async () => {
  const pair = pairs.get('ES256')!;
  const keys = [
    { kty: 'oct', k: 'AQAB', kid: 'k' },
    { ...es256, use: 'enc', kid: 'k' },
    { ...es256, kid: 'k' },
  ];
  expect(await authoriseBy(fileOf(keys))(await signed(pair, 'k'))).toBe('passed');
});

test('tokens of either of two keys pass, where both have one name, or the token names none', async () => {
  const [first, second, third] = await Promise.all([0, 1, 2].map(() => makePair('ES256')));
  for (const kid of ['same', undefined]) {
    const ask = authoriseBy(
      fileOf([first!, second!].map(({ open }) => ({ ...open, ...(kid && { kid }) }))),
    );
    expect(await ask(await signed(first!, kid))).toBe('passed');
    expect(await ask(await signed(second!, kid))).toBe('passed');
    expect(await ask(await signed(third!, kid))).toBe('key-refused');
  }
});

describe('keys at an address', () => {
  const pair = pairs.get('ES256')!;
  const good = JSON.stringify({ keys: [{ ...es256, kid: 'k' }] });
  const serve = (answer: () => Response): string => {
    const server: Bun.Server<undefined> = Bun.serve({ port: 0, fetch: answer });
    servers.push(server);
    return `http://127.0.0.1:${server.port}/keys?secret=1`;
  };

  test.each([
    ['that is answered with a page', () => new Response('<html>'), 'is not a JSON Web Key Set'],
    ['that is not there', () => new Response('no', { status: 404 }), 'the status 404'],
    [
      'that leads elsewhere',
      () => new Response('', { status: 302, headers: { location: 'http://x/?secret=2' } }),
      'no redirect is followed',
    ],
    ['without a usable key', () => Response.json({ keys: [secret] }), 'is a private key'],
    [
      'without an end',
      () => {
        const part = new Uint8Array(2 ** 16);
        return new Response(new ReadableStream({ pull: (stream) => stream.enqueue(part) }));
      },
      'is larger than 4 MB',
    ],
  ])('%s let nobody in, and why is told once, without what is secret', async (_, answer, says) => {
    const told: string[] = [];
    const ask = authoriseBy(serve(answer), told);
    for (let i = 0; i < 3; i++) expect(await ask(await signed(pair, 'k'))).toBe('not-ready');
    expect(told).toEqual([expect.stringContaining(says)]);
    expect(told.join()).not.toContain('secret');
  });

  test('come as soon as the address answers with them', async () => {
    let text = 'not yet';
    const ask = authoriseBy(serve(() => new Response(text)));
    expect(await ask(await signed(pair, 'k'))).toBe('not-ready');
    text = good;
    while ((await ask(await signed(pair, 'k'))) !== 'passed') await Bun.sleep(10);
  });

  test('stay in use when they cannot be fetched again, which is told', async () => {
    let answer = (): Response => new Response(good);
    const told: string[] = [];
    const ask = authoriseBy(
      serve(() => answer()),
      told,
    );
    const token = await signed(pair, 'k');
    expect(await ask(token)).toBe('passed');
    answer = () => new Response('bad gateway', { status: 502 });
    setSystemTime(Date.now() + 11 * 60_000);
    try {
      for (let i = 0; i < 2; i++) expect(await ask(token)).toBe('passed');
      expect(told).toEqual([expect.stringContaining('the status 502')]);
    } finally {
      setSystemTime();
    }
  });
});
