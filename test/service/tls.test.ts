/** Encrypted service: certificates from files, and new ones without a restart. The keys in fixtures/ are for tests alone. */
import { describe, expect, test } from 'bun:test';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { makeModelsDir, runServe, startService, until } from './running.ts';

const FIXTURES = join(import.meta.dir, 'fixtures');
const dir = mkdtempSync(join(tmpdir(), 'puntual-tls-'));
const [cert, key] = [join(dir, 'tls.crt'), join(dir, 'tls.key')];
const put = (name: string): void => {
  copyFileSync(join(FIXTURES, `${name}.crt`), cert);
  copyFileSync(join(FIXTURES, `${name}.key`), key);
};

/** The name in the certificate that the port shows. */
const shown = (url: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(
      { port: Number(new URL(url).port), host: '127.0.0.1', rejectUnauthorized: false },
      () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      },
    );
    socket.on('error', reject);
  });

describe('a service with certificates', () => {
  test('answers over TLS, and shows new certificates once their files have changed', async () => {
    put('first');
    const service = await startService(['--tls-cert', cert, '--tls-key', key]);
    expect(service.url).toStartWith('https://');
    const answer = await fetch(`${service.url}/livez`, { tls: { rejectUnauthorized: false } });
    expect(answer.status).toBe(200);
    expect(await shown(service.url)).toBe('first.test');
    put('second');
    await until(async () => (await shown(service.url)) === 'second.test');
    expect(await service.stop()).toBe(0);
  }, 180_000);

  test('keeps what was good when its files are none any more, also in a worker that is started then', async () => {
    put('first');
    const service = await startService(['--tls-cert', cert, '--tls-key', key]);
    const refusal = async (): Promise<string> =>
      ((await (await service.admin('/readyz?verbose')).json()) as { reasons: string[] })
        .reasons[0] ?? '';
    copyFileSync(join(FIXTURES, 'second.crt'), cert);
    await until(async () => (await refusal()).includes('the key is that of another certificate'));
    rmSync(key);
    Bun.spawnSync(['mkfifo', key]);
    await until(async () => (await refusal()).includes('is not a regular file'));
    await service.logs('is not a regular file');
    expect((await service.admin('/readyz')).status).toBe(200);
    const all = (await service.workerList()).map(({ pid }) => pid);
    for (const pid of all) process.kill(pid, 'SIGKILL');
    await until(async () =>
      (await service.workerList()).every(
        ({ pid, state }) => state === 'ready' && !all.includes(pid),
      ),
    );
    for (let i = 0; i < 10; i++) expect(await shown(service.url)).toBe('first.test');
    rmSync(key);
    put('second');
    await until(async () => (await shown(service.url)) === 'second.test');
    await until(async () => (await refusal()) === '');
    expect(await service.stop()).toBe(0);
  }, 180_000);

  test('does not start with files that are no certificate, and says so in one line', async () => {
    writeFileSync(cert, 'nothing');
    const ports = ['--port', '0', '--admin-port', '0'];
    const { exitCode, stderr } = await runServe(
      ...['--models', makeModelsDir(), ...ports, '--tls-cert', cert, '--tls-key', key],
    );
    expect(exitCode).toBe(2);
    expect(stderr).toContain('are no certificate and key');
  }, 180_000);
});
