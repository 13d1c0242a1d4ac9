/** The keys of callers: read once by the supervisor, and changed in all workers at once or in none. */
import { expect, test } from 'bun:test';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PLANTED_FLIGHT } from '../planted.ts';
import { makeModelsDir, runServe, startService, until } from './running.ts';

const file = join(mkdtempSync(join(tmpdir(), 'puntual-keys-')), 'keys');
const lineOf = (key: string): string =>
  `${new Bun.CryptoHasher('sha256').update(key).digest('hex')} ${key}\n`;

test('a key is revoked in every worker, a damaged file changes nothing, and a fresh worker has what the others have', async () => {
  writeFileSync(file, lineOf('alice') + lineOf('bob'));
  const service = await startService(['--auth', `keys:${file}`]);
  const ask = async (key: string): Promise<number> =>
    (
      await fetch(`${service.url}/predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': key, connection: 'close' },
        body: JSON.stringify(PLANTED_FLIGHT),
      })
    ).status;
  const statuses = async (key: string): Promise<number[]> => {
    const seen = new Set<number>();
    for (let i = 0; i < 20; i++) seen.add(await ask(key));
    return [...seen];
  };
  expect([await statuses('alice'), await statuses('bob')]).toEqual([[200], [200]]);
  const before = (await service.workerList()).map(({ pid }) => pid);
  writeFileSync(file, lineOf('alice'));
  await until(async () => (await statuses('bob')).join() === '403');
  expect(await statuses('alice')).toEqual([200]);
  expect((await service.workerList()).map(({ pid }) => pid)).toEqual(before);
  writeFileSync(file, 'what is this\n');
  await service.logs('line 1 of the key file');
  const verbose = (await (await service.admin('/readyz?verbose')).json()) as { reasons: string[] };
  expect(verbose.reasons.join()).toContain(file);
  for (const pid of before) process.kill(pid, 'SIGKILL');
  await until(async () =>
    (await service.workerList()).every(
      ({ pid, state }) => state === 'ready' && !before.includes(pid),
    ),
  );
  expect([await statuses('alice'), await statuses('bob')]).toEqual([[200], [403]]);
  expect(await service.stop()).toBe(0);
}, 180_000);

const setFile = join(mkdtempSync(join(tmpdir(), 'puntual-set-')), 'set.json');
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const setOf = (use: string): string =>
  JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', use }] });

test('a key set of which no key is of use is not taken over, and says why; at an address it is warned of', async () => {
  writeFileSync(setFile, setOf('sig'));
  const service = await startService(['--workers', '1', '--auth', `jwt:i|a|${setFile}`]);
  writeFileSync(setFile, setOf('enc'));
  const says = `${setFile} holds no key that can check a token, so every token would be refused: key 1 ("k") is not for signatures (use "enc")`;
  await service.logs(JSON.stringify(says).slice(1, -1));
  const verbose = (await (await service.admin('/readyz?verbose')).json()) as { reasons: string[] };
  expect(verbose.reasons.join()).toContain(says);
  expect(await service.stop()).toBe(0);
  const elsewhere = await startService([
    '--workers',
    '1',
    '--auth',
    'jwt:i|a|http://localhost:1/k',
  ]);
  await elsewhere.logs(
    'no token can be checked: the keys at http://localhost:1/k cannot be fetched',
  );
  expect(await elsewhere.stop()).toBe(0);
}, 180_000);

writeFileSync(`${setFile}.enc`, setOf('enc'));
test.each([
  [`jwt:issuer|audience|${setFile}.enc`, 'every token would be refused'],
  ['keys:/nowhere', '/nowhere does not exist'],
  ['keys:/no\nwhere\u001b[2J', '/no\\nwhere\\u001b[2J does not exist'],
  [`keys:${tmpdir()}`, 'is a directory, a file is expected'],
  ['keys:/dev/zero', '/dev/zero is not a regular file'],
  ['jwt:issuer|audience|/dev/null', '/dev/null is not a regular file'],
  ['jwt:issuer', 'needs ISSUER|AUDIENCE|JWKS'],
])(
  'a service does not start with %s, and says why in one line',
  async (auth, says) => {
    const ports = ['--port', '0', '--admin-port', '0'];
    const { exitCode, stderr } = await runServe(
      ...['--models', makeModelsDir(), ...ports, '--auth', auth],
    );
    expect(stderr).toContain(says);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(exitCode).toBe(2);
  },
  180_000,
);
