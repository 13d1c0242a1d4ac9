/**
 * The processor time of another process, finer than the ticks of /proc.
 */
import { FFIType, ptr } from 'bun:ffi';
import { openCLibrary } from './c-library.ts';

/** The clock of all threads of a process. @source Linux, include/linux/posix-timers.h, CPUCLOCK_SCHED */
const CLOCK_SCHED = 2;
const clockOf = (pid: number): number => (~pid << 3) | CLOCK_SCHED;

/** @returns milliseconds of processor that a process has used, NaN when it is gone; undefined where the system does not tell */
export const openProcessTime = (): ((pid: number) => number) | undefined => {
  const c = openCLibrary({
    clock_gettime: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.i32 },
  });
  if (!c) return undefined;
  /** Seconds and nanoseconds. */
  const time = new BigInt64Array(2);
  return (pid) =>
    c.clock_gettime(clockOf(pid), ptr(time)) === 0
      ? Number(time[0]) * 1e3 + Number(time[1]) / 1e6
      : Number.NaN;
};
