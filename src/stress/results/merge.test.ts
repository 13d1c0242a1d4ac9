import { afterAll, beforeAll, describe, expect, test } from 'bun:test';

import { decodeCounts, totalOf } from '../../core/latency.ts';
import { parseSlo } from '../analysis/slo.ts';
import {
  parsePart,
  parseStartAt,
  placeOf,
  type RunPart,
  shareOfCount,
} from '../coordinator/part.ts';
import { buildSchedule } from '../generator/schedule.ts';
import { SCALE } from '../generator/tally.ts';
import { openSession } from '../session.ts';
import { runStress } from '../stress.ts';
import { mergeRuns } from './merge.ts';
import type { RunFile } from './run-file.ts';

const RATE = 250;
const DURATION_MS = 800;

const server = { stop: (): void => {}, url: '' };
beforeAll(() => {
  const service = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('hello') });
  server.stop = () => void service.stop(true);
  server.url = `http://127.0.0.1:${service.port}/`;
});
afterAll(() => server.stop());

const run = async (part?: RunPart, startAtMs?: number, nShards = 1): Promise<RunFile> => {
  const session = await openSession({
    url: server.url,
    nConnections: part ? shareOfCount(6, part) : 6,
    nShards,
    headers: [],
    timeoutMs: 2000,
    keepAlive: true,
    access: { verifyTls: true, resolve: new Map() },
    paths: [],
    expect: { statuses: null, body: null },
    follow: false,
    checkAnswers: false,
    seed: 1,
    part,
  });
  const plan = {
    mode: 'single',
    ratePerSecond: RATE,
    arrivals: 'uniform',
    durationMs: DURATION_MS,
    durationSaid: true,
    maxTimeMs: 60_000,
    abortOnFail: false,
    warmUpMs: 0,
    timeoutMs: 2000,
    seed: 1,
    thresholds: parseSlo('p99<10s,errors<0.1%'),
    faults: [],
    ramp: undefined,
    part,
    startAtMs,
  } as const;
  const machine = { startedAt: new Date(0), descriptors: 1024, cores: 1 };
  try {
    return await runStress({ session, plan, machine });
  } finally {
    await session.close();
  }
};

/** All planned times of a part that runs in so many processes. */
const timesOf = (part: RunPart, nShards: number): number[] => {
  const load = {
    stages: [{ fromPerSecond: 90, toPerSecond: 140, durationMs: 2000 }],
    arrivals: 'uniform',
  } as const;
  return Array.from({ length: nShards }, (_, shard) => placeOf(shard, nShards, part)).flatMap(
    ({ place, nPlaces }) => {
      const next = buildSchedule({ ...load, seed: 1 }, place, nPlaces);
      const times: number[] = [];
      for (let at = next(); at !== Number.POSITIVE_INFINITY; at = next()) times.push(at);
      return times;
    },
  );
};

test('the parts of a plan are the plan, though each machine has processes of its own number', () => {
  const parts = [
    timesOf({ index: 0, of: 3 }, 2),
    timesOf({ index: 1, of: 3 }, 1),
    timesOf({ index: 2, of: 3 }, 4),
  ];
  const ascending = (a: number, b: number): number => a - b;
  expect(parts.flat().sort(ascending)).toEqual(timesOf({ index: 0, of: 1 }, 1).sort(ascending));
});

test('the shares of a count add up to it', () => {
  const shares = [0, 1, 2, 3].map((index) => shareOfCount(10, { index, of: 4 }));
  expect(shares).toEqual([3, 3, 2, 2]);
});

test('parts and moments are read, and refused in one sentence', () => {
  expect(parsePart('3/4')).toEqual({ index: 3, of: 4 });
  expect(parseStartAt('2026-01-31T12:00:00Z')).toBe(parseStartAt('1769860800'));
  expect(() => parsePart('4/4')).toThrow('is not a part');
  expect(() => parseStartAt('soon')).toThrow('is not a moment');
});

describe('merging', () => {
  test('two halves together count what one whole run counts, and every answer is in the histogram', async () => {
    const startAtMs = Date.now() + 1500;
    const [whole, ...halves] = await Promise.all([
      run(),
      run({ index: 0, of: 2 }, startAtMs, 2),
      run({ index: 1, of: 2 }, startAtMs),
    ]);
    expect(halves.map(({ main }) => main.summary.planned)).toEqual([100, 100]);
    const merged = mergeRuns(halves);
    const { summary } = merged.main;
    expect(summary.planned).toBe(whole!.main.summary.planned);
    expect(summary.outcomes).toEqual(whole!.main.summary.outcomes);
    expect(merged.connections).toEqual(whole!.connections);
    expect(merged.main.ratePerSecond).toBe(RATE);
    expect(merged.thresholds.map(({ holds }) => holds)).toEqual([true, true]);
    const counts = decodeCounts(SCALE, merged.main.histograms.response);
    for (const { main } of halves) {
      for (const [i, count] of decodeCounts(SCALE, main.histograms.response).entries()) {
        counts[i]! -= count;
      }
    }
    expect(counts.every((count) => count === 0)).toBe(true);
    expect(summary.responseTime.count).toBe(200);
    const ok = merged.main.windows.reduce((sum, window) => sum + totalOf(window.okSlots), 0);
    expect(ok).toBe(200);
    expect(() => mergeRuns([halves[0]!, halves[0]!])).toThrow('are not each part of one run once');
    expect(() => mergeRuns([halves[0]!])).toThrow('at least two machines');
    expect(() => mergeRuns([halves[0]!, { ...halves[1]!, mode: 'ramp' }])).toThrow(
      'only plain runs',
    );
  });

  test('a common start that has passed is refused', async () => {
    await expect(run({ index: 0, of: 2 }, Date.now() - 5000)).rejects.toThrow('had passed');
  });
});
