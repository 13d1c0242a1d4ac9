/**
 * How far the event loop lags behind, and whether that lasts: the queue that one thread has in front of it.
 * A short burst is no overload; a queue that never empties is (CoDel).
 * @source Nichols, Jacobson 2012; RFC 8289
 */

/** The probe's own beat. */
const PROBE_MS = 10;

export interface Pressure {
  /** Notes that the loop came round to the probe. */
  readonly probe: (nowMs: number) => void;
  /** The least delay of the last whole interval was above the target: work is queueing all the time. */
  readonly isStanding: () => boolean;
  /** The delay at the last probe. */
  readonly delayMs: () => number;
}

/**
 * @param targetMs a delay that is nothing to worry about
 * @param intervalMs how long it must not have been reached
 */
export const buildPressure = (targetMs: number, intervalMs: number, startMs: number): Pressure => {
  let dueMs = startMs + PROBE_MS;
  let delayMs = 0;
  let leastMs = Number.POSITIVE_INFINITY;
  let fromMs = startMs;
  let standing = false;
  return {
    probe: (nowMs) => {
      delayMs = Math.max(0, nowMs - dueMs);
      dueMs = nowMs + PROBE_MS;
      leastMs = Math.min(leastMs, delayMs);
      if (leastMs <= targetMs) standing = false;
      if (nowMs - fromMs >= intervalMs) {
        standing = leastMs > targetMs;
        leastMs = Number.POSITIVE_INFINITY;
        fromMs = nowMs;
      }
    },
    isStanding: () => standing,
    delayMs: () => delayMs,
  };
};

/** Probes the loop of this process from now on. */
export const watchPressure = (targetMs: number, intervalMs: number): Pressure => {
  const pressure = buildPressure(targetMs, intervalMs, performance.now());
  setInterval(() => pressure.probe(performance.now()), PROBE_MS);
  return pressure;
};
