/**
 * A program in a container of runc without rights, by root, on control groups of version 1: a user of its own without
 * capabilities, `/` read-only, `/dev/shm` of 64 MiB, a quota of processors and a limit of memory.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const CGROUPS = '/sys/fs/cgroup';
const PERIOD_US = 100_000;
/**
 * So much more than others on this machine that it has what its quota grants, as where all that is granted is reserved. Where
 * that is the whole machine its callers live on it as well, and it has no more than they.
 */
const RESERVED_SHARES = 10_240;
const USUAL_SHARES = 1024;
/** As many as this machine lets a process have, 65,536 at most. */
const DESCRIPTORS = Math.min(
  65_536,
  Number(/^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]),
);

interface Confined {
  readonly name: string;
  /** Where its bundle and its log are written. */
  readonly folder: string;
  readonly command: readonly string[];
  readonly user: number;
  readonly cpus: number;
  readonly memoryMb: number;
  /** Which calls it may make, as runc reads it; any without. */
  readonly seccomp?: object;
  /** `NAME=value`, beside a path and a home. */
  readonly env?: readonly string[];
  /** Paths of this machine that it sees, and whether it may write there. */
  readonly sees: readonly { readonly path: string; readonly isWritable?: boolean }[];
}

interface Throttled {
  readonly n: number;
  readonly ms: number;
}

/** What runc is told. @source OCI runtime specification */
const configOf = ({
  name,
  command,
  user,
  cpus,
  memoryMb,
  seccomp,
  env = [],
  sees,
}: Confined): object => ({
  ociVersion: '1.0.2',
  root: { path: 'rootfs', readonly: true },
  process: {
    user: { uid: user, gid: user },
    args: command,
    env: ['PATH=/usr/bin:/bin', 'HOME=/tmp', ...env],
    cwd: '/',
    noNewPrivileges: true,
    capabilities: { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] },
    rlimits: [{ type: 'RLIMIT_NOFILE', hard: DESCRIPTORS, soft: DESCRIPTORS }],
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
    ...sees.map(({ path, isWritable }) => ({
      destination: path,
      type: 'bind',
      source: path,
      options: ['rbind', isWritable ? 'rw' : 'ro'],
    })),
  ],
  linux: {
    namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
    cgroupsPath: `/${name}`,
    ...(seccomp && { seccomp }),
    resources: {
      memory: { limit: memoryMb * 2 ** 20 },
      cpu: {
        quota: Math.round(cpus * PERIOD_US),
        period: PERIOD_US,
        shares: cpus < availableParallelism() ? RESERVED_SHARES : USUAL_SHARES,
      },
    },
  },
});

const runc = (...words: string[]): void => {
  const { exitCode, stderr } = Bun.spawnSync(['runc', ...words]);
  if (exitCode !== 0) throw new Error(`runc ${words.join(' ')}: ${stderr.toString()}`);
};

export const beginConfined = (confined: Confined) => {
  const { name, folder } = confined;
  const bundle = join(folder, name);
  mkdirSync(join(bundle, 'rootfs'), { recursive: true });
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(configOf(confined)));
  const child = Bun.spawn(['runc', 'run', '--bundle', bundle, name], {
    stdio: ['ignore', 'ignore', Bun.file(join(bundle, 'log'))],
  });
  const remove = (): void => {
    Bun.spawnSync(['runc', 'delete', '--force', name]);
  };
  process.on('exit', remove);
  const group = (controller: string, file: string): string =>
    readFileSync(join(CGROUPS, controller, name, file), 'latin1');
  return {
    exited: child.exited,
    hasEnded: (): boolean => child.exitCode !== null,
    log: (): string => readFileSync(join(bundle, 'log'), 'utf8'),
    cpuSeconds: (): number => Number(group('cpuacct', 'cpuacct.usage')) / 1e9,
    /** How often its quota was used up, and how long it waited then. */
    throttled: (): Throttled => {
      const stat = group('cpu', 'cpu.stat');
      const numberOf = (key: string): number =>
        Number(new RegExp(`^${key} (\\d+)`, 'm').exec(stat)?.[1] ?? 0);
      return { n: numberOf('nr_throttled'), ms: numberOf('throttled_time') / 1e6 };
    },
    mostMb: (): number => Number(group('memory', 'memory.max_usage_in_bytes')) / 2 ** 20,
    /** How many of its processes the kernel ended for memory. */
    nKills: (): number =>
      Number(/oom_kill (\d+)/.exec(group('memory', 'memory.oom_control'))?.[1] ?? 0),
    /** Takes the processor from all of its processes, as Cloud Run does between requests. */
    freeze: (): void => runc('pause', name),
    thaw: (): void => runc('resume', name),
    signal: (signal: NodeJS.Signals): void => runc('kill', name, signal.slice(3)),
    /** The number outside of one of its processes. */
    pidOf: (own: number): number => {
      const isIt = (pid: string): boolean =>
        new RegExp(`^NSpid:.*\\t${own}$`, 'm').test(readFileSync(`/proc/${pid}/status`, 'latin1'));
      const pid = group('memory', 'cgroup.procs')
        .split('\n')
        .find((one) => one !== '' && isIt(one));
      if (pid === undefined) throw new Error(`${name} has no process ${own}`);
      return Number(pid);
    },
    /** Ends and takes away whatever is left of it. */
    remove: (): void => {
      process.off('exit', remove);
      remove();
    },
  };
};

/** Replacements of workers by their reason, from what the service counts. */
export const restartsOf = async (admin: string): Promise<ReadonlyMap<string, number>> => {
  const metrics = await (await fetch(`${admin}/metrics`)).text();
  const lines = metrics.matchAll(/^puntual_worker_restarts_total\{reason="(.*)"\} ([1-9]\d*)/gm);
  return new Map([...lines].map(([, reason, n]) => [reason!, Number(n)]));
};

/** Waits until the admin port says ready. @throws when the container has ended before */
export const untilReady = async (
  admin: string,
  container: { hasEnded(): boolean; log(): string },
): Promise<void> => {
  const isReady = (): Promise<boolean> =>
    fetch(`${admin}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isReady())) {
    if (container.hasEnded()) throw new Error(`it ended: ${container.log()}`);
    await Bun.sleep(20);
  }
};
