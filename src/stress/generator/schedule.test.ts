import { expect, test } from 'bun:test';
import { type Arrivals, buildSchedule, type Load, type Stage } from './schedule.ts';

const walk = (full: Load, nShards: number): number[][] => {
  return Array.from({ length: nShards }, (_, shard) => {
    const next = buildSchedule(full, shard, nShards);
    const times: number[] = [];
    for (let at = next(); at !== Number.POSITIVE_INFINITY; at = next()) times.push(at);
    return times;
  });
};

type Wish = Partial<Stage> & { readonly arrivals?: Arrivals; readonly seed?: number };

const plan = ({ arrivals = 'uniform', seed = 1, ...stage }: Wish, nShards = 1): number[][] => {
  const whole = { fromPerSecond: 100, toPerSecond: 100, durationMs: 10_000, ...stage };
  return walk({ stages: [whole], arrivals, seed }, nShards);
};

const STAGES: readonly Stage[] = [
  { fromPerSecond: 100, toPerSecond: 100, durationMs: 3000 },
  { fromPerSecond: 100, toPerSecond: 300, durationMs: 2000 },
  { fromPerSecond: 0, toPerSecond: 0, durationMs: 1000 },
  { fromPerSecond: 50, toPerSecond: 50, durationMs: 2000 },
];

test('stages follow one another: each holds the integral of its rate, none where it is zero', () => {
  const [times] = walk({ stages: STAGES, arrivals: 'uniform', seed: 1 }, 1);
  const countIn = (fromS: number, toS: number): number =>
    times!.filter((at) => at >= fromS * 1e6 && at < toS * 1e6).length;
  expect([countIn(0, 3), countIn(3, 5), countIn(5, 6), countIn(6, 8)]).toEqual([300, 400, 0, 100]);
});

test('shards together make the same stages as one, and the same recorded moments', () => {
  for (const load of [
    { stages: STAGES, arrivals: 'uniform' as const, seed: 1 },
    { stages: [], arrivals: 'uniform' as const, seed: 1, momentsMs: [0, 1, 1, 5, 80] },
  ]) {
    const merged = walk(load, 3)
      .flat()
      .sort((a, b) => a - b);
    expect(merged).toEqual(walk(load, 1)[0]!);
  }
});

test('a uniform plan is evenly spaced and holds rate times duration requests', () => {
  const [times] = plan({});
  expect(times).toHaveLength(1000);
  expect(times!.slice(0, 3)).toEqual([0, 10_000, 20_000]);
});

test('shards together make the same plan as one', () => {
  const merged = plan({}, 3)
    .flat()
    .sort((a, b) => a - b);
  expect(merged).toEqual(plan({})[0]!);
});

test('a ramp plans the integral of its rate', () => {
  const [times] = plan({ fromPerSecond: 0, toPerSecond: 200 });
  expect(times).toHaveLength(1000);
  expect(times!.filter((at) => at < 5e6)).toHaveLength(250);
  const [falling] = plan({ fromPerSecond: 200, toPerSecond: 0 });
  expect(falling!.filter((at) => at < 5e6)).toHaveLength(750);
});

test('Poisson arrivals have the asked rate, and gaps whose deviation is their mean', () => {
  const [times] = plan({ arrivals: 'poisson', durationMs: 200_000 });
  expect(Math.abs(times!.length / 20_000 - 1)).toBeLessThan(0.03);
  const gaps = times!.slice(1).map((at, i) => at - times![i]!);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
  expect(Math.abs(deviation / mean - 1)).toBeLessThan(0.03);
});

test('the same seed gives the same plan, another seed another', () => {
  expect(plan({ arrivals: 'poisson' })).toEqual(plan({ arrivals: 'poisson' }));
  expect(plan({ arrivals: 'poisson', seed: 2 })).not.toEqual(plan({ arrivals: 'poisson' }));
});
