import { afterAll, describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { buildPlantedContext, startPlantedService } from '../../../test/planted-service.ts';
import { AppError } from '../../core/errors.ts';
import type { Call } from '../../http/call.ts';
import { DEFAULT_CONFIG } from '../config.ts';
import { buildAuthorise, parseKeys } from './auth.ts';
import { buildQuota, QUOTA_CELLS } from './quota.ts';

const folder = mkdtempSync(join(tmpdir(), 'puntual-auth-'));
afterAll(() => rmSync(folder, { recursive: true }));

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const fileOf = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const noQuota = { take: () => 0 };
const ask = (fields: Record<string, string>): Pick<Call, 'header'> => {
  const headers = new Headers(fields);
  return { header: (name) => headers.get(name) };
};
const codeOf = async (work: () => unknown): Promise<string> => {
  try {
    await work();
    return 'passed';
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
};

describe('keys', () => {
  const file = fileOf('keys', `# callers\n${sha256('apple')} alice\n${sha256('plum')} bob 2\n`);
  const authorise = buildAuthorise(
    `keys:${file}`,
    buildQuota(new Float64Array(QUOTA_CELLS), () => 1_000_000),
    DEFAULT_CONFIG,
  );

  test.each([
    ['a known key', { authorization: 'Bearer apple' }, 'passed'],
    ['a known key in its own header', { 'x-api-key': 'apple' }, 'passed'],
    ['no key', {}, 'key-missing'],
    ['another scheme', { authorization: 'Basic apple' }, 'key-missing'],
    ['an unknown key', { authorization: 'Bearer pear' }, 'key-refused'],
    ['the hash of a key', { authorization: `Bearer ${sha256('apple')}` }, 'key-refused'],
  ])('%s is judged', async (_, headers, code) => {
    expect(await codeOf(() => authorise(ask(headers as Record<string, string>)))).toBe(code);
  });

  test('are held to their quota, each by itself', async () => {
    const codes: string[] = [];
    for (let i = 0; i < 3; i++)
      codes.push(await codeOf(() => authorise(ask({ 'x-api-key': 'plum' }))));
    expect(codes).toEqual(['passed', 'passed', 'quota-spent']);
    expect(await codeOf(() => authorise(ask({ 'x-api-key': 'apple' })))).toBe('passed');
  });

  test.each([
    ['a line that is none', 'apple alice\n'],
    ['nothing', '# nobody\n'],
    ['a quota of nothing', `${sha256('apple')} alice 0\n`],
  ])('a file with %s is refused at the start', async (_, text) => {
    expect(await codeOf(() => parseKeys(text))).toBe('usage');
  });

  test('past their quota are answered 429 with the time to wait', async () => {
    const service = startPlantedService(
      buildPlantedContext({ config: { auth: `keys:${file}` }, quota: { take: () => 6.2 } }),
    );
    const headers = { authorization: 'Bearer plum' };
    const refused = await fetch(`${service.url}/model`, { headers });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '7']);
    await service.stop();
  });

  test('guard every path of the service, with the headers that say what is needed', async () => {
    const service = startPlantedService(buildPlantedContext({ config: { auth: `keys:${file}` } }));
    for (const path of ['/', '/predict', '/model', '/livez', '/v2', '/nothing']) {
      const response = await fetch(service.url + path);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="puntual"');
    }
    const headers = { authorization: 'Bearer apple' };
    expect((await fetch(`${service.url}/model`, { headers })).status).toBe(200);
    const wrong = { authorization: 'Bearer pear', 'content-type': 'application/json' };
    const refused = await fetch(`${service.url}/predict`, {
      method: 'POST',
      headers: wrong,
      body: '{}',
    });
    expect(refused.status).toBe(403);
    expect(await refused.text()).not.toContain('pear');
    await service.stop();
  });
});

describe('tokens', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const file = fileOf(
    'jwks',
    JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k' }] }),
  );
  const authorise = buildAuthorise(`jwt:https://issuer|puntual|${file}`, noQuota, DEFAULT_CONFIG);
  const sign = (issuer: string, audience: string, expires: string, key = privateKey) =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime(expires)
      .sign(key);
  const present = async (token: string): Promise<string> =>
    codeOf(() => authorise(ask({ authorization: `Bearer ${token}` })));

  test('of the issuer for this audience pass, again and again', async () => {
    const token = await sign('https://issuer', 'puntual', '1h');
    expect([await present(token), await present(token)]).toEqual(['passed', 'passed']);
  });

  test('whose parts are no JSON, no objects, or of the wrong types are refused as any other', async () => {
    const part = (text: string): string => Buffer.from(text).toString('base64url');
    const heads = [
      '{"alg":{}}',
      '{"alg":"__proto__"}',
      '[]',
      'null',
      '{"alg":"ES256","kid":1}',
      '{"alg":"ES256","kid":{}}',
      '{"alg":"ES256","kid":"k","crit":1}',
      '{"alg":"ES256","kid":"k","b64":false,"crit":["b64"]}',
      '\ud800',
    ];
    const tokens = [
      ...['a.b.c', '..', '...', '%', '\u00e9.\u00e9.\u00e9'],
      ...heads.map((head) => `${part(head)}.${part('{"exp":1e999}')}.AA`),
      ...['[]', 'null', '{"exp":{}}', '{'].map(
        (claims) => `${part('{"alg":"ES256","kid":"k"}')}.${part(claims)}.${'A'.repeat(86)}`,
      ),
    ];
    for (const token of tokens) expect(await present(token)).toBe('key-refused');
  });

  test('without an end pass only where the operator says so', async () => {
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuer('https://issuer')
      .setAudience('puntual')
      .sign(privateKey);
    expect(await present(token)).toBe('key-refused');
    const lenient = buildAuthorise(`jwt:https://issuer|puntual|${file}`, noQuota, {
      endlessTokens: true,
    });
    expect(await codeOf(() => lenient(ask({ authorization: `Bearer ${token}` })))).toBe('passed');
  });

  test('that are old, foreign, for others, forged or none at all are refused', async () => {
    const { privateKey: other } = await generateKeyPair('ES256');
    const [head, , signature] = (await sign('https://issuer', 'puntual', '1h')).split('.');
    const tokens = [
      await sign('https://issuer', 'puntual', '-1h'),
      await sign('https://other', 'puntual', '1h'),
      await sign('https://issuer', 'other', '1h'),
      await sign('https://issuer', 'puntual', '1h', other),
      `${head}.${Buffer.from('{"iss":"https://issuer","aud":"puntual"}').toString('base64url')}.${signature}`,
      `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`,
      'apple',
    ];
    for (const token of tokens) expect(await present(token)).toBe('key-refused');
  });
});

const noSet = fileOf('no-set', '{"keys":[1]}');
const noJson = fileOf('no-json', 'keys');
test.each([
  ['a kind that is not known', 'magic:wand', 'usage'],
  ['a file that is not there', 'keys:/nowhere/keys', 'file-missing'],
  ['a token rule with a part missing', 'jwt:https://issuer|puntual', 'usage'],
  ['a token rule whose address is none', 'jwt:https://issuer|puntual|http://', 'usage'],
  ['a token rule whose key set is no set', `jwt:https://issuer|puntual|${noSet}`, 'usage'],
  ['a token rule whose key set is not JSON', `jwt:https://issuer|puntual|${noJson}`, 'usage'],
])('%s is refused at the start', async (_, spec, code) => {
  expect(await codeOf(() => buildAuthorise(spec, noQuota, DEFAULT_CONFIG))).toBe(code);
});
