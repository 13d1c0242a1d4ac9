/**
 * The heartbeat of a worker: a count that grows while its event loop turns, gauges beside it, and a look at its memory:
 * the runtime sees no limit of the container and lets its heap grow, so garbage is collected before the ceiling.
 */
import { ownMemoryBytes } from '../../host/memory-limit.ts';
import { GAUGES } from '../telemetry/shared-counters.ts';

const BEAT_MS = 100;
const RSS_EVERY_BEATS = 10;

/** From this part of the ceiling on garbage is collected, and not again before some beats have passed. */
const COLLECT_SHARE = 0.7;
const COLLECT_EVERY_BEATS = 20;

const BEAT = GAUGES.indexOf('beat');
const RSS = GAUGES.indexOf('rssBytes');
const IN_FLIGHT = GAUGES.indexOf('inFlight');
const CONNECTIONS = GAUGES.indexOf('connections');

interface HeartbeatSetting {
  /** float64, shape (GAUGES.length), in shared memory */
  readonly gauges: Float64Array;
  /** What this worker may hold of its own. */
  readonly memoryLimitBytes: number;
  /** Called on every beat. */
  readonly onBeat: () => { readonly inFlight: number; readonly connections: number };
}

export const startHeartbeat = ({ gauges, memoryLimitBytes, onBeat }: HeartbeatSetting): void => {
  let beats = 0;
  let collectAt = 0;
  const beat = (): void => {
    const { inFlight, connections } = onBeat();
    gauges[IN_FLIGHT] = inFlight;
    gauges[CONNECTIONS] = connections;
    if (beats % RSS_EVERY_BEATS === 0) gauges[RSS] = process.memoryUsage.rss();
    if (beats >= collectAt && ownMemoryBytes() > memoryLimitBytes * COLLECT_SHARE) {
      Bun.gc(true);
      collectAt = beats + COLLECT_EVERY_BEATS;
    }
    beats++;
    gauges[BEAT]! += 1;
  };
  beat();
  setInterval(beat, BEAT_MS);
};
