/**
 * The overload detector: how far the event loop lags behind, and whether that lasts. The lag is the delay in the queue
 * that one thread has in front of it; a short burst is no overload, a queue that never empties is (CoDel):
 * overloaded when the smallest delay within an interval is above the target.
 * @source Nichols, Jacobson 2012; RFC 8289
 */

/** How often the loop is probed. */
const PROBE_MS = 10;

interface OverloadDetector {
  /** Notes that the loop came round to the probe. */
  readonly probe: (nowMs: number) => void;
  /** The smallest delay of the last whole interval was above the target: work is queueing all the time. */
  readonly isStanding: () => boolean;
  /** The delay at the last probe. */
  readonly delayMs: () => number;
}

/**
 * @param targetMs a delay that is nothing to worry about
 * @param intervalMs how long it must not have been reached
 */
export const buildOverloadDetector = (
  targetMs: number,
  intervalMs: number,
  startMs: number,
): OverloadDetector => {
  let dueMs = startMs + PROBE_MS;
  let delayMs = 0;
  let minDelayMs = Number.POSITIVE_INFINITY;
  let fromMs = startMs;
  let standing = false;
  return {
    probe: (nowMs) => {
      delayMs = Math.max(0, nowMs - dueMs);
      dueMs = nowMs + PROBE_MS;
      minDelayMs = Math.min(minDelayMs, delayMs);
      if (minDelayMs <= targetMs) standing = false;
      if (nowMs - fromMs >= intervalMs) {
        standing = minDelayMs > targetMs;
        minDelayMs = Number.POSITIVE_INFINITY;
        fromMs = nowMs;
      }
    },
    isStanding: () => standing,
    delayMs: () => delayMs,
  };
};

/** Probes the loop of this process from now on. */
export const startOverloadDetector = (targetMs: number, intervalMs: number): OverloadDetector => {
  const overload = buildOverloadDetector(targetMs, intervalMs, performance.now());
  setInterval(() => overload.probe(performance.now()), PROBE_MS);
  return overload;
};
