/**
 * Adds up the ticks of all shards, second by second, as they come in: the whole tally and the windows of a step.
 */
import { addTally, buildTally, type Tally } from '../generator/tally.ts';
import type { Tick } from '../messages.ts';
import type { ServiceLoad } from '../target/service-load.ts';
import { buildSeries } from './series.ts';
import { buildWindow, type Window } from './window.ts';

interface Collector {
  readonly tally: Tally;
  readonly add: (tick: Tick) => void;
  /** Whether every shard has ended the step. */
  readonly isDone: () => boolean;
  readonly windows: () => readonly Window[];
}

export const buildCollector = (
  nShards: number,
  service: ServiceLoad,
  onWindow?: (window: Window, tally: Tally) => void,
): Collector => {
  const tally = buildTally();
  const series = buildSeries();
  const bySecond = new Map<number, Tick[]>();
  const finished = new Set<number>();
  const latest: (Tick | undefined)[] = new Array<undefined>(nShards).fill(undefined);
  let nextSecond = 0;

  // A second is whole when no shard can add to it any more; a shard that was held up may have none of it.
  const isWhole = (): boolean =>
    latest.every((tick, shard) => finished.has(shard) || (tick?.second ?? -1) >= nextSecond);

  const flush = (): void => {
    while (bySecond.size > 0 && isWhole()) {
      const ticks = bySecond.get(nextSecond);
      bySecond.delete(nextSecond);
      if (ticks) {
        const nOpen = latest.reduce((sum, tick) => sum + (tick?.nOpen ?? 0), 0);
        const window = buildWindow(nextSecond, ticks, nOpen, service.take());
        series.add(window);
        onWindow?.(window, tally);
      }
      nextSecond++;
    }
  };

  return {
    tally,
    add: (tick) => {
      addTally(tally, tick.tally);
      bySecond.set(tick.second, [...(bySecond.get(tick.second) ?? []), tick]);
      latest[tick.shard] = tick;
      if (tick.last) finished.add(tick.shard);
      flush();
    },
    isDone: () => finished.size === nShards,
    windows: series.windows,
  };
};
