/**
 * Does a service keep its promises in a small container, without rights? By root, with runc and control groups of
 * version 1: the service runs as user 65534 without capabilities, `/` read-only, `/dev/shm` of 64 MiB, under a quota of
 * processors and a limit of memory. First nobody asks: what a start costs, and what an autoscaler sees afterwards. Then
 * wrk asks as fast as it is answered while models are reloaded. What runs is the executable that the image holds, or with
 * `:sources` after the size the program as npm installs it.
 * `npx bun bench/container.ts [SECONDS] [RELOADS] [CPUS:MB[:sources] ...]`
 */
import { chmodSync, chownSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { storeModel } from '../src/core/model-store.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { scratchDir } from './lib/http-peers.ts';
import { printMachine, versionLine } from './lib/measure.ts';
import { beginConfined, restartsOf, untilReady } from './lib/runc.ts';
import { beginWrk } from './lib/wrk.ts';

const seconds = Number(process.argv[2] ?? 20);
const nReloads = Number(process.argv[3] ?? 3);
const sizes = process.argv.slice(4);
const USUAL = ['0.5:256', '0.5:512', '2:256', '2:512'];
const SIZES = sizes.length > 0 ? sizes : [...USUAL, ...USUAL.map((size) => `${size}:sources`)];
const NOBODY = 65534;
const CONNECTIONS = 64;
const START_MS = 10_000;
const IDLE_MS = 5000;
const ROOT = join(import.meta.dir, '..');

printMachine({ runc: versionLine('runc', '--version').replace(/^runc version /, '') });
chmodSync(scratchDir, 0o755);
const models = join(scratchDir, 'models');
const versions = [1, 2].map((seed) =>
  storeModel(
    models,
    buildPlantedModel({ nTrees: 100, nLeaves: 31, name: 'bench', seed }),
    new Date(seed * 1e9),
  ),
);
for (const path of [
  models,
  ...readdirSync(models, { recursive: true, encoding: 'utf8' }).map((name) => join(models, name)),
])
  chownSync(path, NOBODY, NOBODY);

const executable = join(scratchDir, 'puntual');
const compiled = Bun.spawnSync([process.execPath, join(ROOT, 'scripts/compile.ts'), executable]);
if (compiled.exitCode !== 0) throw new Error(compiled.stderr.toString());

console.log(
  `\nas user ${NOBODY}, no capabilities, in runc; ${seconds} s of wrk over ${CONNECTIONS} connections with ${nReloads} reloads\n`,
);
console.log(
  '| processors | MB | started from | workers | ready after ms | s of processor in the first 10 s | then, part of the request | answers/s | p99 ms | failed | most MB | ended by the kernel | workers replaced beside the reloads |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|',
);
for (const [i, size] of SIZES.entries()) {
  const [cpus, memoryMb] = size.split(':', 2).map(Number) as [number, number];
  const isFromSources = size.endsWith(':sources');
  const port = 18_500 + 10 * i;
  const admin = `http://127.0.0.1:${port + 1}`;
  const startMs = performance.now();
  const container = beginConfined({
    name: `puntual-bench-${process.pid}-${i}`,
    folder: scratchDir,
    command: [
      ...(isFromSources ? [process.execPath, join(ROOT, 'src/cli/main.ts')] : [executable]),
      ...['serve', '--models', models],
      ...['--port', `${port}`, '--admin-port', `${port + 1}`, '--log-level', 'warn'],
    ],
    user: NOBODY,
    cpus,
    memoryMb,
    sees: [
      ...['/usr', '/lib', '/lib64', '/bin', isFromSources ? ROOT : executable].map((path) => ({
        path,
      })),
      { path: models, isWritable: true },
    ],
  });
  await untilReady(admin, container);
  const readyMs = performance.now() - startMs;
  await Bun.sleep(START_MS - readyMs);
  const atStart = container.cpuSeconds();
  await Bun.sleep(IDLE_MS);
  const idleShare = (container.cpuSeconds() - atStart) / (IDLE_MS / 1000) / cpus;
  const { workers } = (await (await fetch(`${admin}/workers`)).json()) as { workers: unknown[] };
  const wrk = beginWrk(port, { connections: CONNECTIONS, seconds });
  for (let n = 0; n < nReloads; n++) {
    await Bun.sleep((seconds * 1000) / (2 * nReloads + 1));
    const answer = await fetch(`${admin}/reload`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: versions[n % 2]!.path }),
    });
    if (!answer.ok) throw new Error(await answer.text());
  }
  const { perSecond, p99Ms, refused, socketErrors } = await wrk.ended;
  const restarts = [...(await restartsOf(admin))];
  console.log(
    `| ${cpus} | ${memoryMb} | ${isFromSources ? 'sources' : 'executable'} | ${workers.length} | ${readyMs.toFixed(0)} | ${atStart.toFixed(2)} | ${(100 * idleShare).toFixed(1)} % | ${Math.round(perSecond)} | ${p99Ms.toFixed(1)} | ${refused + socketErrors} | ${container.mostMb().toFixed(0)} | ${container.nKills()} | ${restarts.map(([reason, n]) => `${reason} ${n}`).join(', ') || 'none'} |`,
  );
  container.signal('SIGTERM');
  await container.exited;
  container.remove();
}
process.exit(0);
