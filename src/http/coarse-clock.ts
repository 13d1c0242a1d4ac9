/**
 * A coarse clock: the time, read from the system ten times a second and then free to read. It stands still while the
 * process does (a frozen container, a closed laptop): callers whose bytes wait in the kernel meanwhile were not slow.
 */

/** A tick that comes later than this comes after a rest, not after work. */
const MAX_STEP_MS = 1000;

export interface CoarseClock {
  /** Milliseconds that this process was awake, from a moment of its own to the last tick. */
  nowMs: number;
  /** The Date field of answers. @source RFC 9110, 6.6.1 */
  date: string;
  readonly tick: () => void;
}

/** @param systemMs the clock that is read */
export const buildCoarseClock = (systemMs = (): number => performance.now()): CoarseClock => {
  let second = 0;
  let lastMs = systemMs();
  const clock: CoarseClock = {
    nowMs: lastMs,
    date: '',
    tick: () => {
      const systemNowMs = systemMs();
      clock.nowMs += Math.min(systemNowMs - lastMs, MAX_STEP_MS);
      lastMs = systemNowMs;
      const now = Math.floor(Date.now() / 1000);
      if (now === second) return;
      second = now;
      clock.date = new Date(now * 1000).toUTCString();
    },
  };
  clock.tick();
  return clock;
};
