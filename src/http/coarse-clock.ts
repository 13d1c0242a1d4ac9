/**
 * A coarse clock: the time, read from the system ten times a second and then free to read.
 */

export interface CoarseClock {
  /** Milliseconds, the same as `performance.now()` at the last tick. */
  nowMs: number;
  /** The Date field of answers. @source RFC 9110, 6.6.1 */
  date: string;
  readonly tick: () => void;
}

export const buildCoarseClock = (): CoarseClock => {
  let second = 0;
  const clock: CoarseClock = {
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
