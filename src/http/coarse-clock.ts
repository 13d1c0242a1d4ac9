/**
 * The time as a busy server needs it: told ten times a second, read for nothing.
 */

export interface Clock {
  /** Milliseconds, the same as `performance.now()` at the last tick. */
  nowMs: number;
  /** The Date field of answers. @source RFC 9110, 6.6.1 */
  date: string;
  readonly tick: () => void;
}

export const buildClock = (): Clock => {
  let second = 0;
  const clock: Clock = {
    nowMs: 0,
    date: '',
    tick: () => {
      clock.nowMs = performance.now();
      const now = Math.floor(Date.now() / 1000);
      if (now === second) return;
      second = now;
      clock.date = new Date(now * 1000).toUTCString();
    },
  };
  clock.tick();
  return clock;
};
