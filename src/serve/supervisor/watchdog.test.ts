import { describe, expect, test } from 'bun:test';
import { COUNTER_CELLS, GAUGES } from '../telemetry/shared-counters.ts';
import type { Child } from './child.ts';
import { type Activity, buildLook, type Observations } from './watchdog.ts';

const buildScene = (activity?: Activity, state: ReturnType<Child['state']> = 'ready') => {
  let nowMs = 0;
  let ownBytes = 0;
  let use: ReturnType<Observations['memoryUse']>;
  const counters = new Float64Array(COUNTER_CELLS);
  const child = {
    counters,
    state: () => state,
    readyAtMs: () => 0,
  } as unknown as Child;
  const done: string[] = [];
  const look = buildLook(
    {
      children: () => new Set([child]),
      kill: (_, reason) => done.push(`kill ${reason}`),
      replace: async (_, reason) => void done.push(`replace ${reason}`),
    },
    { hangLimitMs: 1500, memoryLimitMb: () => 100 },
    {
      clockMs: () => nowMs,
      activityOf: () => activity,
      memoryOf: () => ownBytes,
      memoryUse: () => use,
    },
  );
  return {
    done,
    gauge: (name: (typeof GAUGES)[number], value: number) => {
      counters[GAUGES.indexOf(name)] = value;
    },
    own: (bytes: number) => {
      ownBytes = bytes;
    },
    inUse: (usedBytes: number, limitBytes: number) => {
      use = { usedBytes, limitBytes };
    },
    lookAt: (ms: number) => {
      nowMs = ms;
      look();
    },
  };
};

describe('the watchdog', () => {
  test('kills a worker whose heartbeat has stopped, not before its limit', () => {
    const { done, gauge, lookAt } = buildScene();
    gauge('beat', 5);
    for (let ms = 0; ms <= 1500; ms += 100) lookAt(ms);
    expect(done).toEqual([]);
    lookAt(1600);
    expect(done).toEqual(['kill hung']);
  });

  test('gives a worker time that wants to run and is not let, but not for ever', () => {
    const { done, gauge, lookAt } = buildScene({ isRunnable: true, isStopped: false, cpuMs: 100 });
    gauge('beat', 5);
    for (let ms = 0; ms < 9000; ms += 100) lookAt(ms);
    expect(done).toEqual([]);
    lookAt(9100);
    expect(done).toEqual(['kill hung']);
  });

  test.each([
    ['starting', 0, 90_000],
    ['loaded', 5, 9000],
    ['ready', 5, 1500],
  ] as const)('gives a worker that is %s and stopped, as the pace of a start does it, the time of one that is not let', (state, beat, limitMs) => {
    const stopped = { isRunnable: false, isStopped: true, cpuMs: 100 };
    const { done, gauge, lookAt } = buildScene(stopped, state);
    gauge('beat', beat);
    for (let ms = 0; ms <= limitMs - 100; ms += 100) lookAt(ms);
    expect(done).toEqual([]);
    for (const ms of [limitMs, limitMs + 100]) lookAt(ms);
    expect(done).toContain('kill hung');
  });

  test('blames no worker for a time in which it slept itself', () => {
    const { done, gauge, lookAt } = buildScene();
    gauge('beat', 5);
    lookAt(0);
    lookAt(60_000);
    lookAt(60_100);
    expect(done).toEqual([]);
  });

  test('blames no worker for being frozen again and again with itself, as long as it beats in between', () => {
    const { done, gauge, lookAt } = buildScene();
    let beat = 5;
    for (let turn = 0; turn < 100; turn++) {
      gauge('beat', beat++);
      for (const ms of [0, 10, 20]) lookAt(turn * 60_000 + ms);
    }
    expect(done).toEqual([]);
  });

  test('kills a worker that stays silent although both run, however slowly', () => {
    const { done, gauge, lookAt } = buildScene();
    gauge('beat', 5);
    for (let turn = 0; turn < 8; turn++) lookAt(turn * 60_000);
    expect(done).toEqual([]);
    lookAt(8 * 60_000);
    expect(done).toEqual(['kill hung']);
  });

  test('replaces a worker above its memory limit, but not a fresh one', () => {
    const { done, gauge, own, lookAt } = buildScene();
    own(200 * 2 ** 20);
    for (let ms = 0; ms <= 10_000; ms += 100) {
      gauge('beat', ms + 1);
      lookAt(ms);
    }
    expect(done).toEqual([]);
    gauge('beat', 1);
    lookAt(10_100);
    expect(done).toEqual(['replace memory']);
  });

  test('ends the largest worker before the kernel ends them all, and waits for what that brings', () => {
    const { done, gauge, own, inUse, lookAt } = buildScene();
    own(60 * 2 ** 20);
    inUse(96 * 2 ** 20, 100 * 2 ** 20);
    for (let ms = 0; ms < 2000; ms += 100) {
      gauge('beat', ms + 1);
      lookAt(ms);
    }
    expect(done).toEqual(['kill memory']);
    inUse(90 * 2 ** 20, 100 * 2 ** 20);
    lookAt(5000);
    expect(done).toEqual(['kill memory']);
  });

  test('ends no worker for memory that others fill', () => {
    const { done, own, inUse, lookAt } = buildScene();
    own(20 * 2 ** 20);
    inUse(99 * 2 ** 20, 100 * 2 ** 20);
    lookAt(0);
    expect(done).toEqual([]);
  });
});
