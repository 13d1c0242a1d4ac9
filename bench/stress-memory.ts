/**
 * Does a run of an hour need more memory than one of a minute? The ticks of two shards as a real run sends them, seconds
 * put through the collector as fast as it takes them. `bun bench/stress-memory.ts`
 */
import { buildRandom } from '../src/core/random.ts';
import { buildCollector } from '../src/stress/coordinator/collector.ts';
import { UNSEEN } from '../src/stress/target/service-load.ts';
import { bucketOfUs, buildTally, COUNTER_AT, takeTally } from '../src/stress/generator/tally.ts';
import type { Tick } from '../src/stress/messages.ts';
import { printMachine } from './lib/measure.ts';

const N_SHARDS = 2;
const PER_SECOND = 2000;
const LENGTHS: readonly (readonly [string, number])[] = [
  ['a minute', 60],
  ['ten minutes', 600],
  ['an hour', 3600],
  ['ten hours', 36_000],
];

/** A second of one shard: answers of about 2 ms with a tail. */
const tickOf = (shard: number, second: number, random: () => number): Tick => {
  const tally = buildTally();
  const { response, service } = tally.histograms;
  tally.counters[COUNTER_AT.planned] = PER_SECOND;
  tally.counters[COUNTER_AT.ok] = PER_SECOND;
  for (let i = 0; i < PER_SECOND; i++) {
    const us = 500 - 1500 * Math.log(1 - random());
    response[bucketOfUs(us)]!++;
    service[bucketOfUs(us)]!++;
    tally.okSlots[i % tally.okSlots.length]!++;
  }
  return {
    kind: 'tick',
    shard,
    second,
    last: false,
    tally: takeTally(tally),
    inFlightMean: 4,
    nOpen: 64,
    waiting: 0,
    busy: 0.4,
    starved: 0,
    idle: 0.5,
    rssBytes: 60e6,
  };
};

printMachine();
console.log(
  '\n| length of the run | windows kept | heap held by them, MB | run file, MB |\n|---|---:|---:|---:|',
);
const random = buildRandom(1);
for (const [name, seconds] of LENGTHS) {
  Bun.gc(true);
  const before = process.memoryUsage().heapUsed;
  const collector = buildCollector(N_SHARDS, UNSEEN);
  for (let second = 0; second < seconds; second++) {
    for (let shard = 0; shard < N_SHARDS; shard++) collector.add(tickOf(shard, second, random));
  }
  Bun.gc(true);
  const heapMb = (process.memoryUsage().heapUsed - before) / 2 ** 20;
  const fileMb = JSON.stringify(collector.windows()).length / 2 ** 20;
  console.log(
    `| ${name} | ${collector.windows().length} | ${heapMb.toFixed(1)} | ${fileMb.toFixed(1)} |`,
  );
}
