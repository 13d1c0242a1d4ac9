/**
 * The heartbeat of a worker: a count that grows while its event loop turns, and gauges beside it.
 */
import { GAUGES } from '../telemetry/shared-counters.ts';

const BEAT_MS = 100;
const RSS_EVERY_BEATS = 10;

const BEAT = GAUGES.indexOf('beat');
const RSS = GAUGES.indexOf('rssBytes');
const IN_FLIGHT = GAUGES.indexOf('inFlight');

/**
 * @param gauges float64, shape (GAUGES.length), in shared memory
 * @param onBeat called on every beat; what it returns is the requests in flight
 */
export const startHeartbeat = (gauges: Float64Array, onBeat: () => number): void => {
  let beats = 0;
  const beat = (): void => {
    gauges[IN_FLIGHT] = onBeat();
    if (beats++ % RSS_EVERY_BEATS === 0) gauges[RSS] = process.memoryUsage.rss();
    gauges[BEAT]! += 1;
  };
  beat();
  setInterval(beat, BEAT_MS);
};
