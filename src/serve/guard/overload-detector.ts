/**
 * The overload detector: how far the event loop lags behind, and whether that lasts. The lag is the delay in the queue
 * that one thread has in front of it; a short burst is no overload, a queue that never empties is (CoDel):
 * overloaded when the smallest delay within an interval is above the target.
 * @source Nichols, Jacobson 2012; RFC 8289
 */

/** How often a loop that lags is probed; one that keeps time is probed half as often each time, down to the calm pace. */
const PROBE_MS = 10;
const CALM_PROBE_MS = 80;
/** A probe that comes no later than this came in time. */
const IN_TIME_MS = 2;

interface OverloadDetector {
  /**
   * Notes that the loop came round to the probe.
   * @param restedMs how long it had nothing to do before: that it is late for that is no delay
   * @returns the milliseconds until the next one
   */
  readonly probe: (nowMs: number, restedMs?: number) => number;
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
  let probeMs = PROBE_MS;
  let dueMs = startMs + probeMs;
  let delayMs = 0;
  let minDelayMs = Number.POSITIVE_INFINITY;
  let fromMs = startMs;
  let standing = false;
  return {
    probe: (nowMs, restedMs = 0) => {
      delayMs = Math.max(0, nowMs - dueMs - restedMs);
      probeMs = delayMs <= IN_TIME_MS ? Math.min(2 * probeMs, CALM_PROBE_MS) : PROBE_MS;
      dueMs = nowMs + probeMs;
      minDelayMs = Math.min(minDelayMs, delayMs);
      if (minDelayMs <= targetMs) standing = false;
      if (nowMs - fromMs >= intervalMs) {
        standing = minDelayMs > targetMs;
        minDelayMs = Number.POSITIVE_INFINITY;
        fromMs = nowMs;
      }
      return probeMs;
    },
    isStanding: () => standing,
    delayMs: () => delayMs,
  };
};

/** Probes the loop of this process from now on. @param restedMs how long it has just had nothing to do */
export const startOverloadDetector = (
  targetMs: number,
  intervalMs: number,
  restedMs: () => number,
): OverloadDetector => {
  const overload = buildOverloadDetector(targetMs, intervalMs, performance.now());
  const probe = (): void => {
    setTimeout(probe, overload.probe(performance.now(), restedMs()));
  };
  setTimeout(probe, PROBE_MS);
  return overload;
};
