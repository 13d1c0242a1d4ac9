/**
 * The heartbeat of a worker: a count that grows while its event loop turns, gauges beside it, and a look at its memory:
 * the runtime sees no limit of the container and lets its heap grow, so garbage is collected before the ceiling.
 */
import { ownMemoryBytes, residentBytes } from '../../host/memory-limit.ts';
import { GAUGES } from '../telemetry/shared-counters.ts';

const BEAT_MS = 100;
const RSS_EVERY_BEATS = 10;

/**
 * From this part of the ceiling on garbage is collected: when memory has grown by another part of the ceiling since the
 * last time, though not on every beat (a stream leaves so much in a second), or else after some seconds.
 */
const COLLECT_SHARE = 0.7;
const GROWN_SHARE = 0.1;
const AFTER_GROWTH_BEATS = 3;
const ANYWAY_BEATS = 20;
/** Of the time at most, so that memory that is needed does not cost the processor as well. */
const TIME_SHARE = 0.1;

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

/** Called on every beat, with its number. */
export const buildCollector = (
  limitBytes: number,
  ownBytes = (): number => ownMemoryBytes(),
  collect = (): void => Bun.gc(true),
): ((beat: number) => void) => {
  let last = Number.NEGATIVE_INFINITY;
  let restBeats = 0;
  let leftBytes = 0;
  return (beat) => {
    if (beat - last < restBeats) return;
    const bytes = ownBytes();
    if (bytes <= limitBytes * COLLECT_SHARE) return;
    if (bytes - leftBytes <= limitBytes * GROWN_SHARE && beat - last < ANYWAY_BEATS) return;
    const startMs = performance.now();
    collect();
    const restMs = (performance.now() - startMs) / TIME_SHARE;
    restBeats = Math.max(AFTER_GROWTH_BEATS, Math.round(restMs / BEAT_MS));
    leftBytes = ownBytes();
    last = beat;
  };
};

export const startHeartbeat = ({ gauges, memoryLimitBytes, onBeat }: HeartbeatSetting): void => {
  let beats = 0;
  const collectIfHigh = buildCollector(memoryLimitBytes);
  const beat = (): void => {
    const { inFlight, connections } = onBeat();
    gauges[IN_FLIGHT] = inFlight;
    gauges[CONNECTIONS] = connections;
    if (beats % RSS_EVERY_BEATS === 0) gauges[RSS] = residentBytes() ?? gauges[RSS]!;
    collectIfHigh(beats);
    beats++;
    gauges[BEAT]! += 1;
  };
  beat();
  setInterval(beat, BEAT_MS);
};
