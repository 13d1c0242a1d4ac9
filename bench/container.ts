/**
 * Does a service keep its promises in a small container, without rights? By root, with runc and control groups of
 * version 1: the service runs as user 65534 without capabilities, `/` read-only, `/dev/shm` of 64 MiB, under a quota of
 * processors and a limit of memory. First nobody asks: what a start costs, and what an autoscaler sees afterwards. Then
 * wrk asks as fast as it is answered while models are reloaded.
 * `npx bun bench/container.ts [SECONDS] [RELOADS] [CPUS:MB ...]`
 */
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { storeModel } from '../src/core/model-store.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { scratchDir } from './lib/http-peers.ts';
import { printMachine, versionLine } from './lib/measure.ts';
import { beginWrk } from './lib/wrk.ts';

const seconds = Number(process.argv[2] ?? 20);
const nReloads = Number(process.argv[3] ?? 3);
const sizes = process.argv.slice(4);
const SIZES = sizes.length > 0 ? sizes : ['0.5:256', '0.5:512', '2:256', '2:512'];
const NOBODY = 65534;
const CONNECTIONS = 64;
const START_MS = 10_000;
const IDLE_MS = 5000;
const PERIOD_US = 100_000;
const CGROUPS = '/sys/fs/cgroup';
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

/** What runc is told: the host's programs, read-only, and little else. @source OCI runtime specification */
const configOf = (command: readonly string[], cpus: number, memoryMb: number): object => ({
  ociVersion: '1.0.2',
  root: { path: 'rootfs', readonly: true },
  process: {
    user: { uid: NOBODY, gid: NOBODY },
    args: command,
    env: ['PATH=/usr/bin:/bin', 'HOME=/tmp'],
    cwd: '/',
    noNewPrivileges: true,
    capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
    rlimits: [{ type: 'RLIMIT_NOFILE', hard: 65_536, soft: 65_536 }],
  },
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc' },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
    {
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'shm',
      options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
    },
    { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['mode=1777', 'size=64m'] },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro', 'nosuid', 'nodev'] },
    { destination: CGROUPS, type: 'cgroup', source: 'cgroup', options: ['ro', 'nosuid'] },
    ...['/usr', '/lib', '/lib64', '/bin', ROOT].map((source) => ({
      destination: source,
      type: 'bind',
      source,
      options: ['rbind', 'ro'],
    })),
    { destination: models, type: 'bind', source: models, options: ['rbind', 'rw'] },
  ],
  linux: {
    namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
    cgroupsPath: `/puntual-bench-${process.pid}`,
    resources: {
      memory: { limit: memoryMb * 2 ** 20 },
      cpu: { quota: Math.round(cpus * PERIOD_US), period: PERIOD_US },
    },
  },
});

const group = (controller: string, file: string): string =>
  readFileSync(join(CGROUPS, controller, `puntual-bench-${process.pid}`, file), 'latin1');
const cpuSeconds = (): number => Number(group('cpuacct', 'cpuacct.usage')) / 1e9;
const isReady = async (admin: string): Promise<boolean> => {
  try {
    return (await fetch(`${admin}/readyz`)).ok;
  } catch {
    return false;
  }
};

console.log(
  `\nas user ${NOBODY}, no capabilities, in runc; ${seconds} s of wrk over ${CONNECTIONS} connections with ${nReloads} reloads\n`,
);
console.log(
  '| processors | MB | workers | ready after ms | s of processor in the first 10 s | then, part of the request | answers/s | p99 ms | failed | most MB | ended by the kernel | workers replaced beside the reloads |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|',
);
for (const [i, size] of SIZES.entries()) {
  const [cpus, memoryMb] = size.split(':').map(Number) as [number, number];
  const bundle = join(scratchDir, `bundle-${i}`);
  mkdirSync(join(bundle, 'rootfs'), { recursive: true });
  const port = 18_500 + 10 * i;
  const admin = `http://127.0.0.1:${port + 1}`;
  const command = [
    ...[process.execPath, join(ROOT, 'src/cli/main.ts'), 'serve', '--models', models],
    ...['--port', `${port}`, '--admin-port', `${port + 1}`, '--log-level', 'warn'],
  ];
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(configOf(command, cpus, memoryMb)));
  const name = `puntual-bench-${process.pid}-${i}`;
  const startMs = performance.now();
  const container = Bun.spawn(['runc', 'run', '--bundle', bundle, name], {
    stdio: ['ignore', 'ignore', Bun.file(join(bundle, 'log'))],
  });
  while (!(await isReady(admin))) {
    if (container.exitCode !== null) throw new Error(`it ended with ${container.exitCode}`);
    await Bun.sleep(20);
  }
  const readyMs = performance.now() - startMs;
  await Bun.sleep(START_MS - readyMs);
  const atStart = cpuSeconds();
  await Bun.sleep(IDLE_MS);
  const idleShare = (cpuSeconds() - atStart) / (IDLE_MS / 1000) / cpus;
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
  const metrics = await (await fetch(`${admin}/metrics`)).text();
  const restarts = [
    ...metrics.matchAll(/^puntual_worker_restarts_total\{reason="(.*)"\} ([1-9]\d*)/gm),
  ];
  const mostMb = Number(group('memory', 'memory.max_usage_in_bytes')) / 2 ** 20;
  const nKills = /oom_kill (\d+)/.exec(group('memory', 'memory.oom_control'))?.[1] ?? '0';
  console.log(
    `| ${cpus} | ${memoryMb} | ${workers.length} | ${readyMs.toFixed(0)} | ${atStart.toFixed(2)} | ${(100 * idleShare).toFixed(1)} % | ${Math.round(perSecond)} | ${p99Ms.toFixed(1)} | ${refused + socketErrors} | ${mostMb.toFixed(0)} | ${nKills} | ${restarts.map(([, reason, n]) => `${reason} ${n}`).join(', ') || 'none'} |`,
  );
  Bun.spawnSync(['runc', 'kill', name, 'TERM']);
  await container.exited;
  Bun.spawnSync(['runc', 'delete', '--force', name]);
}
process.exit(0);
