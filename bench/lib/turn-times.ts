/**
 * How much processor time each turn of the event loop of a service's workers took (`turns.c`). What the longest turn
 * takes is what a caller waits for at worst on a processor of its own, whatever else runs on this machine.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const SLOT_MS = 0.5;
const LONG_MS = 10;

interface Turns {
  /** The longest turn, rounded up. */
  readonly longestMs: number;
  /** How many took more than 10 ms. */
  readonly nLong: number;
  readonly n: number;
}

interface TurnTimes {
  /** `NAME=value` for the service. */
  readonly env: readonly string[];
  /** What the service reads and writes for it. */
  readonly library: string;
  readonly dir: string;
  /** Counts the turns of these workers from now on, or from when they were first named. */
  readonly watch: (pids: readonly number[]) => void;
  /** Of all that are watched; none is from here on. */
  readonly read: () => Turns;
}

/** @returns undefined where there is no C compiler, or the system is another than Linux */
export const buildTurnTimes = (scratchDir: string): TurnTimes | undefined => {
  const library = join(scratchDir, 'turns.so');
  const compile = [
    'cc',
    '-shared',
    '-fPIC',
    '-O2',
    '-o',
    library,
    join(import.meta.dir, 'turns.c'),
  ];
  if (process.platform !== 'linux' || Bun.which('cc') === null) return undefined;
  if (Bun.spawnSync([...compile, '-ldl']).exitCode !== 0) return undefined;
  const dir = join(scratchDir, 'turns');
  mkdirSync(dir, { recursive: true });
  const countsOf = (pid: number): Uint32Array => {
    const file = join(dir, `${pid}`);
    return new Uint32Array(new Uint8Array(existsSync(file) ? readFileSync(file) : []).buffer);
  };
  const before = new Map<number, Uint32Array>();
  return {
    library,
    dir,
    env: [
      ...[`LD_PRELOAD=${library}`, `TURNS_DIR=${dir}`],
      // Its newer call is not one of the C library's.
      'BUN_FEATURE_FLAG_DISABLE_EPOLL_PWAIT2=1',
    ],
    watch: (pids) => {
      for (const pid of pids) if (!before.has(pid)) before.set(pid, countsOf(pid));
    },
    read: () => {
      let longestMs = 0;
      let nLong = 0;
      let n = 0;
      for (const [pid, first] of before)
        for (const [slot, count] of countsOf(pid).entries()) {
          const nSince = count - (first[slot] ?? 0);
          if (nSince === 0) continue;
          const ms = (slot + 1) * SLOT_MS;
          n += nSince;
          if (ms > LONG_MS) nLong += nSince;
          longestMs = Math.max(longestMs, ms);
        }
      before.clear();
      return { longestMs, nLong, n };
    },
  };
};
