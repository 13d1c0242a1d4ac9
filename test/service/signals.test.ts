/** Signals: what ends a service, at any moment, and what does not. */
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, MAIN, makeModelsDir, startService, until } from './running.ts';

/** Takes connections and never answers. */
const silent = createServer(() => {});
await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
const { port } = silent.address() as { readonly port: number };
const temporary = mkdtempSync(join(tmpdir(), 'puntual-signals-'));
afterAll(() => {
  silent.close();
  rmSync(temporary, { recursive: true, force: true });
});

const ADDRESS = `http://127.0.0.1:${port}/m.safetensors#sha256=${'0'.repeat(64)}`;
const PORTS = ['--port', '0', '--admin-port', '0', '--drain-delay', '10ms'];

/** The folders that a supervisor has for its workers. */
const sharedDirsOf = (pid: number, folders: readonly string[]): readonly string[] =>
  folders.flatMap((folder) => readdirSync(folder).filter((name) => name.includes(`-${pid}-`)));

/** None of a process that is gone. */
const childrenOf = (pid: number): readonly number[] => {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
};

/** A service that waits for its model, in a folder of temporary files of its own. */
const startWaiting = async (name: string) => {
  const folder = join(temporary, name);
  mkdirSync(folder);
  const asked = new Promise<void>((resolve) => silent.once('connection', () => resolve()));
  const child = Bun.spawn(
    [process.execPath, MAIN, 'serve', '--models', folder, '--model', ADDRESS, ...PORTS],
    { env: { ...process.env, TMPDIR: folder }, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  process.on('exit', () => child.kill('SIGKILL'));
  await asked;
  return { child, folders: [folder, '/dev/shm'] };
};

describe('while a service waits for its model', () => {
  test.each([
    'SIGTERM',
    'SIGINT',
  ] as const)('%s ends it with 0, and nothing is left', async (signal) => {
    const { child, folders } = await startWaiting(signal);
    expect(sharedDirsOf(child.pid, folders).length).toBeGreaterThan(0);
    child.kill(signal);
    expect(await child.exited).toBe(0);
    expect(sharedDirsOf(child.pid, folders)).toEqual([]);
  }, 60_000);

  test('what is for a service that runs does not end it', async () => {
    const { child } = await startWaiting('others');
    for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) child.kill(signal);
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
    expect(child.signalCode).toBeNull();
  }, 60_000);
});

describe('while a service runs', () => {
  test('no worker is ended by what a terminal or `pkill` sends, and SIGUSR1 ends nothing', async () => {
    const service = await startService();
    const before = await service.workerList();
    for (const { pid } of before)
      for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)
        process.kill(pid, signal);
    service.process.kill('SIGUSR1');
    for (let i = 0; i < 20; i++) expect((await service.predict()).status).toBe(200);
    expect(await service.workerList()).toEqual(
      before.map((worker) => expect.objectContaining({ pid: worker.pid, restarts: 0 })),
    );
    expect(await service.stop()).toBe(0);
  }, 60_000);

  test('SIGUSR2 twice starts one successor, which SIGTERM ends with the service', async () => {
    const service = await startService(['--model', 'planted'], makeModelsDir());
    const known = childrenOf(service.process.pid);
    service.process.kill('SIGUSR2');
    await service.logs('a new supervisor is being started');
    service.process.kill('SIGUSR2');
    await until(
      () =>
        service.logged().includes('a new supervisor is being started already') ||
        service.process.exitCode !== null,
    );
    const started = service.process.exitCode === null ? childrenOf(service.process.pid) : [];
    service.process.kill('SIGTERM');
    expect(await service.process.exited).toBe(0);
    // Where the machine was slow the successor serves already, and is ended as any service is.
    const successor = /"successorPid":(\d+)/.exec(service.logged())?.[1];
    if (successor !== undefined) process.kill(Number(successor), 'SIGTERM');
    await until(() => [...started, ...known].every((pid) => !isAlive(pid)));
  }, 60_000);
});
