/**
 * The compiled executable, alone in an empty folder: how long until it is ready; then, by root, in a container of runc
 * with half a processor and 256 MB, as user 65532 with `/` read-only: does it serve, go on with the same workers after
 * a freeze, refuse bodies that it has no memory for, replace a worker that leaks before the kernel ends it, and drain in
 * time? Needs runc, wrk and cc.
 * `npx bun bench/one-file.ts [STARTS] [SECONDS FROZEN]`
 */
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { storeModel } from '../src/core/model-store.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { isAnswered } from './lib/answered.ts';
import { scratchDir } from './lib/http-peers.ts';
import { printFigures, printMachine, summarise, versionLine } from './lib/measure.ts';
import { beginConfined, restartsOf, untilReady } from './lib/runc.ts';
import { beginWrk } from './lib/wrk.ts';

const nStarts = Number(process.argv[2] ?? 15);
const frozenSeconds = Number(process.argv[3] ?? 60);
const PORT = 18_900;
const ADMIN = `http://127.0.0.1:${PORT + 1}`;
const USER = 65_532;
/** Far more than the default, with which no worker comes near its share. */
const BODY_LIMIT = 64 * 2 ** 20;
const LEAK_MB = 100;

printMachine({ runc: versionLine('runc', '--version').replace(/^runc version /, '') });
chmodSync(scratchDir, 0o755);
const folder = join(scratchDir, 'alone');
mkdirSync(folder);
const executable = join(folder, 'puntual');
const models = join(scratchDir, 'models');
storeModel(models, buildPlantedModel({ nTrees: 100, nLeaves: 31, name: 'bench' }), new Date());
const compiled = Bun.spawnSync([
  ...[process.execPath, join(import.meta.dir, '../scripts/compile.ts'), executable],
]);
if (compiled.exitCode !== 0) throw new Error(compiled.stderr.toString());
const command = [
  ...[executable, 'serve', '--models', models, '--log-level', 'warn'],
  ...['--port', `${PORT}`, '--admin-port', `${PORT + 1}`],
  // Fewer than one process may open, so that processors and memory alone decide how many workers there are.
  ...['--connections', '5000', '--body-limit', `${BODY_LIMIT}`],
];

const start = async (nWorkers: number): Promise<number> => {
  const startMs = performance.now();
  const service = Bun.spawn([...command, '--workers', `${nWorkers}`, '--drain-delay', '0'], {
    cwd: folder,
    env: { HOME: folder },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  while (!(await isAnswered(PORT + 1, 'GET /readyz HTTP/1.1\r\nHost: t\r\n\r\n'))) {
    if (service.exitCode !== null) throw new Error(`it ended with ${service.exitCode}`);
    await Bun.sleep(5);
  }
  const readyMs = performance.now() - startMs;
  service.kill('SIGTERM');
  await service.exited;
  return readyMs;
};

console.log(`\n${nStarts} starts each, 100 trees of 31 leaves, until the admin port says ready\n`);
const figures = [];
for (const nWorkers of [1, 2]) {
  await start(nWorkers);
  const ms: number[] = [];
  for (let i = 0; i < nStarts; i++) ms.push(await start(nWorkers));
  figures.push(summarise(`${nWorkers} worker${nWorkers === 1 ? '' : 's'}`, ms));
}
printFigures(figures, 'ms');

const leaks = join(scratchDir, 'leaks');
mkdirSync(leaks);
const preload = join(scratchDir, 'leak.so');
const built = Bun.spawnSync([
  ...[
    'cc',
    '-shared',
    '-fPIC',
    '-O1',
    '-pthread',
    '-o',
    preload,
    join(import.meta.dir, 'lib/leak.c'),
  ],
]);
if (built.exitCode !== 0) throw new Error(`cc: ${built.stderr.toString()}`);

const container = beginConfined({
  name: `puntual-one-file-${process.pid}`,
  folder: scratchDir,
  command,
  user: USER,
  cpus: 0.5,
  memoryMb: 256,
  env: [`LD_PRELOAD=${preload}`, `LEAK_DIR=${leaks}`],
  sees: ['/lib', '/lib64', '/usr/lib', folder, models, leaks, preload].map((path) => ({ path })),
});

interface Worker {
  readonly pid: number;
  readonly state: string;
}
const workers = async (): Promise<readonly Worker[]> => {
  const { workers: list } = (await (await fetch(`${ADMIN}/workers`)).json()) as {
    workers: readonly Worker[];
  };
  return list;
};
const row = (what: string, seen: string): void => console.log(`| ${what} | ${seen} |`);
const restarts = async (): Promise<string> =>
  [...(await restartsOf(ADMIN))].map(([reason, n]) => `${reason} ${n}`).join(', ') || 'none';

/** Bodies that lack their last byte, one more each second, as callers send them that end badly. @returns refusals */
const holdBodies = async (nBodies: number): Promise<number> => {
  const head = `POST /predict HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: ${BODY_LIMIT}\r\n\r\n`;
  const most = Buffer.alloc(BODY_LIMIT - 1, ' ');
  const sockets: Socket[] = [];
  let nRefused = 0;
  for (let i = 0; i < nBodies; i++) {
    const socket = connect(PORT, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('data', (part) => {
      if (part.toString('latin1').startsWith('HTTP/1.1 503')) nRefused++;
    });
    socket.write(head);
    socket.write(most);
    sockets.push(socket);
    await Bun.sleep(1000);
  }
  for (const socket of sockets) socket.destroy();
  return nRefused;
};

/** Has a process hold so many megabytes more for ever. @param pid as the container counts */
const leak = (pid: number, megabytes: number): void => {
  writeFileSync(join(leaks, 'next'), `${megabytes}`);
  renameSync(join(leaks, 'next'), join(leaks, `${pid}`));
};

try {
  const startMs = performance.now();
  await untilReady(ADMIN, container);
  const readyMs = performance.now() - startMs;
  console.log(
    `\nin runc: 0.5 processors, 256 MB, user ${USER}, / read-only, no capabilities\n\n| what | seen |\n|---|---|`,
  );
  row('ready', `after ${readyMs.toFixed(0)} ms, ${(await workers()).length} worker(s)`);
  const { perSecond, p99Ms, refused, socketErrors } = await beginWrk(PORT, {
    connections: 16,
    seconds: 10,
    threads: 1,
  }).ended;
  row(
    'serves, 16 connections as fast as it answers, 10 s',
    `${Math.round(perSecond)}/s, p99 ${p99Ms.toFixed(1)} ms, ${refused + socketErrors} failed, at most ${container.mostMb().toFixed(0)} MB`,
  );

  const before = (await workers()).map(({ pid }) => pid).join();
  container.freeze();
  await Bun.sleep(frozenSeconds * 1000);
  container.thaw();
  const thawedMs = performance.now();
  while (!(await isAnswered(PORT, 'GET /readyz HTTP/1.1\r\nHost: t\r\n\r\n'))) await Bun.sleep(2);
  const answeredMs = performance.now() - thawedMs;
  await Bun.sleep(5000);
  const isSame = (await workers()).map(({ pid }) => pid).join() === before;
  row(
    `frozen for ${frozenSeconds} s, thawed`,
    `answers after ${answeredMs.toFixed(0)} ms; ${isSame ? 'the same' : 'OTHER'} workers 5 s later; replaced: ${await restarts()}`,
  );

  const nRefused = await holdBodies(8);
  row(
    '8 bodies of 64 MB, less the last byte, within 8 s',
    `${nRefused} refused with 503; replaced: ${await restarts()}; at most ${container.mostMb().toFixed(0)} MB`,
  );

  const leakLoad = beginWrk(PORT, { connections: 16, seconds: 60, threads: 1 });
  await Bun.sleep(1000);
  const [leaking] = await workers();
  const leakMs = performance.now();
  leak(leaking!.pid, LEAK_MB);
  while ((await workers()).some(({ pid }) => pid === leaking!.pid)) await Bun.sleep(20);
  const replacedMs = performance.now() - leakMs;
  await Bun.sleep(3000);
  const { requests, refused: nBad, socketErrors: nBroken } = await leakLoad.stop();
  row(
    `a worker leaks ${LEAK_MB} MB under load`,
    `gone after ${(replacedMs / 1000).toFixed(1)} s; replaced: ${await restarts()}; ${requests} answered, ${nBad + nBroken} failed; at most ${container.mostMb().toFixed(0)} MB, ended by the kernel: ${container.nKills()}`,
  );

  const load = beginWrk(PORT, { connections: 16, seconds: 30, threads: 1 });
  await Bun.sleep(1000);
  const termMs = performance.now();
  container.signal('SIGTERM');
  const code = await container.exited;
  row(
    'SIGTERM under load',
    `ended with ${code} after ${((performance.now() - termMs) / 1000).toFixed(1)} s`,
  );
  await load.stop();
} finally {
  container.remove();
}
process.exit(0);
