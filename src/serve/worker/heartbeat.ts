/**
 * The heart of a worker: a count that grows while its event loop turns, and what is worth knowing beside it.
 */
import { GAUGES, type Gauge } from '../telemetry/shared-counters.ts';

const BEAT_MS = 100;
const RSS_EVERY_BEATS = 10;

/** @param readings further gauges, asked on every beat */
export const startHeart = (
  gauges: Float64Array,
  readings: () => Readonly<Partial<Record<Gauge, number>>>,
): void => {
  const at = Object.fromEntries(GAUGES.map((gauge, i) => [gauge, i])) as Record<Gauge, number>;
  let beats = 0;
  const beat = (): void => {
    for (const [gauge, value] of Object.entries(readings())) gauges[at[gauge as Gauge]] = value;
    if (beats++ % RSS_EVERY_BEATS === 0) gauges[at.rssBytes] = process.memoryUsage.rss();
    gauges[at.beat]! += 1;
  };
  beat();
  setInterval(beat, BEAT_MS);
};
