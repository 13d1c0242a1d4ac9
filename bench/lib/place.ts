/**
 * Where a service that is measured runs: by itself, in a control group with a limit of memory, or in a container of runc
 * as user 65534 without rights, under a quota of processors and a limit of memory, with or without a seccomp profile.
 */
import { chmodSync, mkdirSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { beginPuntualIn, freePort, type Service, scratchDir } from './http-peers.ts';
import { makeMemoryGroup } from './memory-group.ts';
import { beginConfined, untilReady } from './runc.ts';
import { readSeccompProfile } from './seccomp.ts';

const NOBODY = 65534;
const ROOT = join(import.meta.dir, '../..');
const READY_LIMIT_MS = 30_000;
const END_LIMIT_MS = 20_000;

interface PlacedService extends Service {
  /** The most memory that all its processes held together; undefined where nobody counts it. */
  readonly mostMb: () => number | undefined;
  /** How many of its processes the kernel ended for memory. */
  readonly nKills: () => number | undefined;
  /** Milliseconds that it waited for its quota. */
  readonly throttledMs: () => number | undefined;
  /** The number of a process outside of what it says is its number. */
  readonly pidOf: (own: number) => number;
}

interface Place {
  readonly words: string;
  /** Undefined without a limit. */
  readonly memoryMb: number | undefined;
  /** Undefined where the service has all of the machine. */
  readonly cpus: number | undefined;
  readonly begin: (start: Start) => Promise<PlacedService>;
}

interface Start {
  readonly modelsDir: string;
  readonly flags?: readonly string[];
  /** `NAME=value` */
  readonly env?: readonly string[];
  /** Paths beside its own that it reads, or writes. */
  readonly sees?: readonly { readonly path: string; readonly isWritable?: boolean }[];
}

/** @param text `0`, `MEMORY-MB` or `CPUS:MEMORY-MB[:SECCOMP-PROFILE.json]` */
export const placeOf = (text: string): Place => {
  const [size, memory, ...profile] = text.split(':');
  if (memory === undefined) return openPlace(Number(size));
  return confinedPlace({
    cpus: Number(size),
    memoryMb: Number(memory),
    profile: profile.length > 0 ? profile.join(':') : undefined,
  });
};

/** @param memoryMb 0: no limit */
const openPlace = (memoryMb: number): Place => ({
  words: memoryMb === 0 ? 'no limit of memory' : `all in ${memoryMb} MB`,
  memoryMb: memoryMb === 0 ? undefined : memoryMb,
  cpus: undefined,
  begin: async ({ modelsDir, flags = [], env = [] }) => {
    const group = memoryMb === 0 ? undefined : makeMemoryGroup(memoryMb);
    const prefix = [...(env.length > 0 ? ['env', ...env] : []), ...(group?.prefix ?? [])];
    const service = await beginPuntualIn(prefix, modelsDir, 'puntual serve', ...flags);
    return {
      ...service,
      mostMb: () => group?.mostMb(),
      nKills: () => group?.nKills(),
      throttledMs: () => undefined,
      pidOf: (own) => own,
      stop: async () => {
        await service.stop();
        group?.remove();
      },
    };
  },
});

let nStarted = 0;

const confinedPlace = (room: {
  readonly cpus: number;
  readonly memoryMb: number;
  readonly profile: string | undefined;
}): Place => {
  const { cpus, memoryMb, profile } = room;
  const seccomp = profile === undefined ? undefined : readSeccompProfile(profile);
  return {
    words: `in runc as user ${NOBODY} without capabilities, ${cpus} processors, ${memoryMb} MB${profile === undefined ? '' : `, calls as in ${profile}`}`,
    memoryMb,
    cpus,
    begin: async ({ modelsDir, flags = [], env = [], sees = [] }) => {
      const port = freePort();
      chmodSync(scratchDir, 0o755);
      for (const { path, isWritable } of sees)
        if (isWritable) {
          mkdirSync(path, { recursive: true });
          chmodSync(path, 0o777);
        }
      const container = beginConfined({
        name: `puntual-bench-${process.pid}-${nStarted++}`,
        folder: scratchDir,
        command: [
          ...[process.execPath, join(ROOT, 'src/cli/main.ts'), 'serve'],
          ...['--models', modelsDir, '--port', `${port}`, '--admin-port', `${port + 1}`],
          ...['--log-level', 'error', ...flags],
        ],
        user: NOBODY,
        cpus,
        memoryMb,
        ...(seccomp && { seccomp }),
        env,
        sees: [
          ...['/usr', '/lib', '/lib64', '/bin', ROOT, modelsDir].map((path) => ({ path })),
          ...sees,
        ],
      });
      const isReady = await Promise.race([
        untilReady(`http://127.0.0.1:${port + 1}`, container).then(() => true),
        Bun.sleep(READY_LIMIT_MS),
      ]);
      if (!isReady) {
        const waitedMs = Math.round(container.throttled().ms);
        const said = container.log() || 'it has logged no error';
        container.signal('SIGKILL');
        await container.exited;
        container.remove();
        throw new Error(
          `not ready after ${READY_LIMIT_MS} ms, of which it waited ${waitedMs} ms for its quota (a start takes 3,000 ms with a tenth of a processor; the rest is the machine's other load, of ${loadavg()[0]!.toFixed(1)}): ${said}`,
        );
      }
      return {
        name: 'puntual serve',
        port,
        mostMb: container.mostMb,
        nKills: container.nKills,
        throttledMs: () => container.throttled().ms,
        pidOf: container.pidOf,
        stop: async () => {
          container.signal('SIGTERM');
          await Promise.race([container.exited, Bun.sleep(END_LIMIT_MS)]);
          container.remove();
        },
      };
    },
  };
};
