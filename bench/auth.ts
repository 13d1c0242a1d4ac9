/**
 * What does it cost a request to show a key or a token? `npx bun bench/auth.ts`
 * The check alone, in microseconds: what it adds to every request.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { Call } from '../src/http/call.ts';
import { DEFAULT_CONFIG } from '../src/serve/config.ts';
import { buildAuthorise } from '../src/serve/guard/auth.ts';
import { buildQuota, QUOTA_CELLS } from '../src/serve/guard/quota.ts';
import { alternate, printFigures, printMachine } from './lib/measure.ts';

const N = 20_000;
const N_TOKENS = 500;
const N_KEYS = 1000;
const folder = mkdtempSync(join(tmpdir(), 'puntual-auth-'));
const keysPath = join(folder, 'keys');
const jwksPath = join(folder, 'jwks');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
writeFileSync(
  keysPath,
  Array.from({ length: N_KEYS }, (_, i) => `${sha256(`key${i}`)} caller${i} 1000000000`).join('\n'),
);
const { publicKey, privateKey } = await generateKeyPair('ES256');
writeFileSync(jwksPath, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k' }] }));
const tokens = await Promise.all(
  Array.from({ length: N_TOKENS * 8 }, (_, i) =>
    new SignJWT({ i })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuer('https://issuer')
      .setAudience('puntual')
      .setExpirationTime('1h')
      .sign(privateKey),
  ),
);

const quota = buildQuota(new Float64Array(QUOTA_CELLS));
const keys = buildAuthorise(`keys:${keysPath}`, quota, DEFAULT_CONFIG);
const trusting = buildAuthorise(`jwt:https://issuer|puntual|${jwksPath}`, quota, DEFAULT_CONFIG);
const callOf = (secret: string): Pick<Call, 'header'> => ({
  header: (name) => (name === 'authorization' ? `Bearer ${secret}` : null),
});
const withKey = callOf('key500');
const withToken = callOf(tokens[0]!);
await trusting(withToken);
let nFresh = 0;

printMachine();
const figures = await alternate([
  {
    name: `a key, one of ${N_KEYS}, with a quota`,
    run: () => {
      const startMs = performance.now();
      for (let i = 0; i < N; i++) void keys(withKey);
      return ((performance.now() - startMs) * 1000) / N;
    },
  },
  {
    name: 'a token seen within the last minute',
    run: () => {
      const startMs = performance.now();
      for (let i = 0; i < N; i++) void trusting(withToken);
      return ((performance.now() - startMs) * 1000) / N;
    },
  },
  {
    name: 'a new token (ES256)',
    run: async () => {
      const calls = tokens.slice(nFresh, nFresh + N_TOKENS).map(callOf);
      nFresh += N_TOKENS;
      const fresh = buildAuthorise(`jwt:https://issuer|puntual|${jwksPath}`, quota, DEFAULT_CONFIG);
      const startMs = performance.now();
      for (const call of calls) await fresh(call);
      return ((performance.now() - startMs) * 1000) / calls.length;
    },
  },
]);
console.log();
printFigures(figures, 'us');
rmSync(folder, { recursive: true });
