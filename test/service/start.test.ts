/** The start of a service: what is printed, and one clear line when it cannot be. */

import { describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPlantedModel } from '../planted.ts';
import type { Started } from '../../src/serve/supervisor/supervisor.ts';
import { get, talk } from '../http-talk.ts';
import { isAlive, MAIN, makeModelsDir, RIGHTS, runServe, startService, until } from './running.ts';

const modelsDir = makeModelsDir();
const empty = mkdtempSync(join(tmpdir(), 'puntual-empty-'));
const PORTS = ['--port', '0', '--admin-port', '0'];
const QUICK = ['--drain-delay', '10ms'];

describe('puntual serve', () => {
  test('says with --json where it listens and what it serves', async () => {
    const service = await startService([], modelsDir);
    expect(service.workers).toBe(2);
    expect(service.model.name).toBe('planted');
    expect((await service.predict()).status).toBe(200);
    expect(await service.stop()).toBe(0);
  }, 180_000);

  test.skipIf(!RIGHTS.includes('none'))(
    'starts beside what a dead service of another user left',
    async () => {
      const namespace = readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
      const left = ['/dev/shm', tmpdir()].map((base) =>
        join(base, `puntual-${namespace}-4194304998-${process.pid}`),
      );
      for (const folder of left) mkdirSync(folder, { recursive: true, mode: 0o700 });
      try {
        const service = await startService([], makeModelsDir(), 'none');
        expect((await service.predict()).status).toBe(200);
        expect(await service.stop()).toBe(0);
      } finally {
        for (const folder of left) rmSync(folder, { recursive: true, force: true });
      }
    },
    180_000,
  );

  test.each([
    [['--tls-cert', '', '--tls-key', ''], '--tls-cert is empty'],
    [['--control-token-file', ''], '--control-token-file is empty'],
    [['--model', ''], '--model is empty'],
    [['--schedule', ''], '--schedule is empty'],
    [['--host', '::1%lo'], "--host '::1%lo': an address with a zone"],
    [['--auth', 'jwt:a|b|c|d'], 'needs ISSUER|AUDIENCE|JWKS'],
  ])('says in one line that %j names nothing, and does not start without it', async (flags, says) => {
    const ports = ['--port', '0', '--admin-port', '0'];
    const { exitCode, stderr } = await runServe('--models', modelsDir, ...ports, ...flags);
    expect([exitCode, stderr.trimEnd().split('\n').length]).toEqual([2, 1]);
    expect(stderr).toContain(says);
  });

  test('says in one line that a port is taken, and whose flag changes it', async () => {
    const taken = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() });
    const port = `${taken.port}`;
    const service = await runServe('--models', modelsDir, '--port', port, '--admin-port', '0');
    const admin = await runServe('--models', modelsDir, '--port', '0', '--admin-port', port);
    await taken.stop(true);
    expect(service.exitCode).toBe(2);
    expect(service.stderr).toBe(
      `puntual: port ${port} on 127.0.0.1 is taken by another process: choose another with --port\n`,
    );
    expect(admin.exitCode).toBe(2);
    expect(admin.stderr).toContain('--admin-port');
  }, 180_000);

  test('finds a second service on its port although workers share theirs', async () => {
    const service = await startService([], modelsDir);
    const port = new URL(service.url).port;
    const { exitCode } = await runServe('--models', modelsDir, '--port', port, '--admin-port', '0');
    expect(exitCode).toBe(2);
    await service.stop();
  }, 180_000);

  test('exits 2 with one line for a model that is missing or damaged', async () => {
    const missing = await runServe('--models', empty, ...PORTS);
    expect(missing).toMatchObject({ exitCode: 2 });
    expect(missing.stderr).toContain('holds no model');
    const path = join(empty, 'broken.safetensors');
    writeFileSync(path, 'not a model at all');
    const damaged = await runServe('--model', path, ...PORTS);
    expect(damaged.exitCode).toBe(2);
    expect(damaged.stderr.trimEnd().split('\n')).toHaveLength(1);
  }, 180_000);

  // A process of a table of its own, as in a container, where the system lets us make one.
  const asFirst = ['unshare', '--map-root-user', '--pid', '--fork', '--kill-child'];
  const canBeFirst =
    Bun.which('unshare') !== null && Bun.spawnSync([...asFirst, 'true']).exitCode === 0;
  test.skipIf(!canBeFirst)(
    'ends as process 1 too when no worker gets ready',
    async () => {
      const model = buildPlantedModel({ nTrees: 1 });
      const unfit = makeModelsDir({
        ...model,
        selfTest: {
          nRows: 1,
          raw: new Float64Array(model.inputs.length).fill(Number.NaN),
          answers: Float64Array.of(0.5),
        },
      });
      const child = Bun.spawn(
        [...asFirst, process.execPath, MAIN, 'serve', '--models', unfit, ...PORTS],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
      expect(await new Response(child.stderr).text()).toContain('self-test');
      expect(await child.exited).toBe(2);
    },
    60_000,
  );

  test('exits 2 with one line for a folder of models that is a file', async () => {
    const { exitCode, stderr } = await runServe('--models', MAIN, ...PORTS);
    expect(exitCode).toBe(2);
    expect(stderr).toBe(`puntual: the models in ${MAIN} cannot be listed: it is no folder\n`);
  });

  test('passes over the variables that Kubernetes sets for Services of its name, and says so', async () => {
    const env = {
      PUNTUAL_PORT: 'tcp://10.96.132.11:80',
      PUNTUAL_ADMIN_PORT: 'tcp://10.96.132.12:8081',
      PUNTUAL_PORT_80_TCP: 'tcp://10.96.132.11:80',
      PUNTUAL_SERVICE_HOST: '10.96.132.11',
      PORT: `${freeTcpPort()}`,
    };
    const child = Bun.spawn(
      [
        ...[process.execPath, MAIN, 'serve', '--models', modelsDir, '--admin-port', '0', '--json'],
        ...['--workers', '1', '--log-level', 'debug', '--drain-delay', '10ms'],
      ],
      { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const { value } = await child.stdout.getReader().read();
    expect(JSON.parse(Buffer.from(value!).toString())).toMatchObject({
      url: `http://localhost:${env.PORT}`,
    });
    child.kill('SIGTERM');
    const log = await new Response(child.stderr).text();
    for (const name of ['PUNTUAL_PORT', 'PUNTUAL_ADMIN_PORT'])
      expect(log).toContain(`"name":"${name}","reason":"Kubernetes set it`);
    expect(await child.exited).toBe(0);
  }, 180_000);

  test('exits 2 with one line where a process may open too few descriptors to serve', () => {
    const words = [process.execPath, MAIN, 'serve', '--models', modelsDir, ...PORTS];
    for (const limit of [64, 128, 255]) {
      const { exitCode, stderr } = Bun.spawnSync(
        ['sh', '-c', `ulimit -n ${limit} && exec ${words.join(' ')}`],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
      expect(stderr.toString()).toBe(
        `puntual: a process may open ${limit} descriptors here, 256 are needed: raise the limit (ulimit -n)\n`,
      );
      expect(exitCode).toBe(2);
    }
  }, 180_000);

  test.each([
    [256, 1],
    [256, 2],
    [500, 2],
  ])(
    'holds as many connections as it says, with %i descriptors and %i workers',
    async (limit, workers) => {
      const words = [process.execPath, MAIN, 'serve', '--json', '--models', modelsDir, ...PORTS];
      const limits = `ulimit -Sn 64 && ulimit -Hn ${limit}`;
      const child = Bun.spawn(
        ['sh', '-c', `${limits} && exec ${[...words, ...QUICK, '--workers', workers].join(' ')}`],
        { stdio: ['ignore', 'pipe', 'pipe'] },
      );
      process.on('exit', () => child.kill('SIGKILL'));
      let text = '';
      for await (const part of child.stdout) {
        text += Buffer.from(part).toString();
        if (text.endsWith('}\n')) break;
      }
      const port = Number(new URL((JSON.parse(text) as Started).url).port);
      let log = '';
      const said = /descriptors allow (\d+) connections of the 50000 asked for/;
      for await (const part of child.stderr) {
        log += Buffer.from(part).toString();
        if (said.test(log)) break;
      }
      const n = Number(said.exec(log)![1]);
      expect(n).toBeGreaterThan(50 * workers - 25);
      const callers = Array.from({ length: n }, () => talk({ port }, get('/livez')));
      for (const { until: hears } of callers) await hears('HTTP/1.1 200');
      for (const { socket } of callers) socket.write(get('/nothing'));
      for (const { until: hears } of callers) await hears('HTTP/1.1 404');
      for (const { socket } of callers) socket.destroy();
      child.kill('SIGTERM');
      expect(await child.exited).toBe(0);
    },
    180_000,
  );

  test('more connections at once than a worker may open wait outside, and it goes on', async () => {
    const words = [process.execPath, MAIN, 'serve', '--json', '--models', modelsDir, ...PORTS];
    const child = Bun.spawn(
      ['sh', '-c', `ulimit -n 300 && exec ${[...words, ...QUICK, '--workers', '1'].join(' ')}`],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    process.on('exit', () => child.kill('SIGKILL'));
    let text = '';
    for await (const part of child.stdout) {
      text += Buffer.from(part).toString();
      if (text.endsWith('}\n')) break;
    }
    const { url, adminUrl } = JSON.parse(text) as Started;
    const { hostname, port } = new URL(url);
    const sockets = Array.from({ length: 600 }, () =>
      connect({ host: hostname, port: Number(port) }).on('error', () => {}),
    );
    interface Seen {
      readonly state: string;
      readonly restarts: number;
    }
    const worker = async (): Promise<Seen> =>
      ((await (await fetch(`${adminUrl}/workers`)).json()) as { workers: [Seen] }).workers[0];
    // Longer than from one look of the worker at its memory to the next.
    for (let i = 0; i < 15; i++) {
      expect(await worker()).toMatchObject({ state: 'ready', restarts: 0 });
      await Bun.sleep(100);
    }
    for (const socket of sockets) socket.destroy();
    await until(() =>
      fetch(`${url}/livez`).then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
    expect(await worker()).toMatchObject({ state: 'ready', restarts: 0 });
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
  }, 180_000);

  test('starts more workers than processors once connections need their descriptors, and keeps them', async () => {
    const words = [process.execPath, MAIN, 'serve', '--json', '--models', modelsDir, ...PORTS];
    const flags = ['--connections', '1000000', ...QUICK];
    const child = Bun.spawn(
      ['sh', '-c', `ulimit -n 400 && exec ${[...words, ...flags].join(' ')}`],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
    process.on('exit', () => child.kill('SIGKILL'));
    let text = '';
    for await (const part of child.stdout) {
      text += Buffer.from(part).toString();
      if (text.endsWith('}\n')) break;
    }
    const { url, adminUrl, workers } = JSON.parse(text) as Started;
    const states = async (): Promise<readonly string[]> => {
      const list = (await (await fetch(`${adminUrl}/workers`)).json()) as {
        workers: readonly { state: string }[];
      };
      return list.workers.map(({ state }) => state);
    };
    expect(await states()).toHaveLength(workers);
    const { hostname, port } = new URL(url);
    const open = await Promise.all(
      Array.from({ length: 40 * workers + 10 }, () =>
        Bun.connect({ hostname, port: Number(port), socket: { data: () => {} } }),
      ),
    );
    await until(async () => {
      const now = await states();
      return now.length > workers && now.every((state) => state === 'ready');
    });
    for (const socket of open) socket.terminate();
    for (let i = 0; i < 20; i++) expect((await fetch(`${url}/livez`)).status).toBe(200);
    expect((await states()).length).toBeGreaterThan(workers);
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
  }, 180_000);

  test('exits 0 when it is told to end while it still starts', async () => {
    const child = Bun.spawn(
      [process.execPath, MAIN, 'serve', '--models', modelsDir, ...PORTS, '--drain-delay', '10ms'],
      { stdio: ['ignore', 'ignore', 'ignore'] },
    );
    await until(() => childrenOf(child.pid).length > 0);
    child.kill('SIGTERM');
    expect(await child.exited).toBe(0);
  }, 180_000);

  test.each([
    ['ends with the shell that npm has put before it', 'exec', false],
    ['outlives any other shell', undefined, true],
  ])(
    '%s',
    async (_, command, outlives) => {
      const words = [process.execPath, MAIN, 'serve', '--json', '--models', modelsDir, ...PORTS];
      const { npm_command: _ours, ...environment } = process.env;
      const shell = Bun.spawn(['sh', '-c', `${words.join(' ')} --workers 1; true`], {
        env: { ...environment, ...(command && { npm_command: command }) },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      let text = '';
      for await (const part of shell.stdout) {
        text += Buffer.from(part).toString();
        if (text.endsWith('}\n')) break;
      }
      const service = Number(childrenOf(shell.pid)[0]);
      const [worker] = childrenOf(service);
      shell.kill('SIGTERM');
      expect(await shell.exited).toBe(143);
      if (outlives) {
        const { url } = JSON.parse(text) as { url: string };
        for (let i = 0; i < 20; i++) expect((await fetch(`${url}/livez`)).status).toBe(200);
        process.kill(service, 'SIGTERM');
      }
      await until(() => !isAlive(service) && !isAlive(Number(worker)));
    },
    180_000,
  );

  test('ends with the shell of npm also when that goes while it starts, or before it can look', async () => {
    const words = [process.execPath, MAIN, 'serve', '--models', modelsDir, ...PORTS, ...QUICK];
    for (const isLate of [false, true]) {
      const shell = Bun.spawn(['sh', '-c', `${words.join(' ')} --workers 1; true`], {
        env: { ...process.env, npm_command: 'exec' },
        stdio: ['ignore', 'ignore', 'ignore'],
        detached: true,
      });
      await until(() => childrenOf(shell.pid).length > 0);
      const service = childrenOf(shell.pid)[0]!;
      if (isLate) await until(() => childrenOf(Number(service)).length > 0);
      shell.kill('SIGTERM');
      expect(await shell.exited).toBe(143);
      await until(() => !isAlive(Number(service)));
    }
  }, 180_000);

  test('ends by itself when it cannot start, also where npm has started it', async () => {
    const flags = ['--models', modelsDir, ...PORTS, '--model', 'planted', '--also', 'planted'];
    const child = Bun.spawn([process.execPath, MAIN, 'serve', ...flags], {
      env: { ...process.env, npm_command: 'exec' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    expect(await new Response(child.stderr).text()).toContain('two models are named planted');
    expect(await child.exited).toBe(2);
  }, 180_000);

  test('stays when a shell of npm has put it into the background', async () => {
    const words = [process.execPath, MAIN, 'serve', '--json', '--models', modelsDir, ...PORTS];
    const shell = Bun.spawn(['sh', '-c', `${words.join(' ')} --workers 1 & true`], {
      env: { ...process.env, npm_command: 'exec' },
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    let text = '';
    for await (const part of shell.stdout) {
      text += Buffer.from(part).toString();
      if (text.endsWith('}\n')) break;
    }
    expect(await shell.exited).toBe(0);
    const { url, adminUrl } = JSON.parse(text) as { url: string; adminUrl: string };
    for (let i = 0; i < 20; i++) expect((await fetch(`${url}/livez`)).status).toBe(200);
    const { workers } = (await (await fetch(`${adminUrl}/workers`)).json()) as {
      workers: { pid: number }[];
    };
    process.kill(parentOf(workers[0]!.pid), 'SIGTERM');
    await until(() => !isAlive(workers[0]!.pid));
  }, 180_000);

  test('leaves no worker behind when the supervisor itself is killed, nor one that rests in its start', async () => {
    const service = await startService([], modelsDir);
    const workers = (await service.workerList()).map(({ pid }) => pid);
    await until(() => childrenOf(service.process.pid).length > workers.length);
    const pids = childrenOf(service.process.pid).map(Number);
    for (const pid of pids) if (!workers.includes(pid)) process.kill(pid, 'SIGSTOP');
    service.process.kill('SIGKILL');
    await service.process.exited;
    await until(() => pids.every((pid) => !isAlive(pid)));
  }, 180_000);
});

/** A port that was free a moment ago. */
const freeTcpPort = (): number => {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() });
  const { port } = server;
  void server.stop(true);
  return port!;
};

const parentOf = (pid: number): number =>
  Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);

/** Processes that a process has started. */
const childrenOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter((id) => id !== '');
