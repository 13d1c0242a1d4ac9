/**
 * The capacity run against a service that is a formula: no load, no processes.
 */
import { afterAll, beforeAll, expect, spyOn, test } from 'bun:test';
import { parseSlo } from '../analysis/slo.ts';
import type { StepRecord } from '../coordinator/fleet.ts';
import { meanRateOf } from '../generator/schedule.ts';
import { bucketOfUs, buildTally, COUNTER_AT, type Counter } from '../generator/tally.ts';
import type { Session } from '../session.ts';
import { runCapacity } from './capacity.ts';

// The service forgets at once what it was asked.
beforeAll(() => {
  spyOn(Bun, 'sleep').mockResolvedValue(undefined);
});
afterAll(() => {
  spyOn(Bun, 'sleep').mockRestore();
});

const CLOSED_LOOP_PER_SECOND = 20_000;

/** Answers all of a rate up to its limit, and nothing but refusals above it, refusals counted: as haproxy's counters do. */
const refusingAbove = (limitPerSecond: number): Session => {
  const run: Session['fleet']['run'] = async (plan) => {
    const rate = plan.load === null ? CLOSED_LOOP_PER_SECOND : meanRateOf(plan.load);
    const seconds = (plan.durationMs - plan.warmUpMs) / 1000;
    const n = Math.round(rate * seconds);
    const isHeld = rate <= limitPerSecond;
    const tally = buildTally();
    const count = (counter: Counter, by: number): void => {
      tally.counters[COUNTER_AT[counter]] = by;
    };
    for (const counter of ['planned', 'sent', 'sentInWindow'] as const) count(counter, n);
    // The last answer comes when the measured part is over.
    if (isHeld) count('okInWindow', n - 1);
    count(isHeld ? 'ok' : 'httpError', n);
    tally.statuses[isHeld ? 200 : 429] = n;
    if (isHeld) tally.histograms.response[bucketOfUs(1000)] = n;
    const record: StepRecord = {
      step: { ...plan, startAtMs: 0, maxRequests: null },
      tally,
      windows: [],
      seconds,
      nShards: 1,
      nParts: 1,
      isHere: true,
      isCutShort: false,
      names: [''],
    };
    return record;
  };
  const fleet = {
    nShards: 1,
    pids: [],
    open: async (nOpen: number) => ({ nOpen, reasons: {} }),
    run,
    stop: () => {},
    reset: () => {},
    close: async () => {},
  };
  return { fleet, plan: { nConnections: 16, nShards: 1 }, nStreams: 1 } as unknown as Session;
};

for (const limit of [7, 400]) {
  test(`a service that refuses everything above ${limit} per second is found from below`, async () => {
    const { found, sweep } = await runCapacity(
      refusingAbove(limit),
      {
        thresholds: parseSlo('p99<50ms, errors<1%'),
        arrivals: 'uniform',
        seed: 1,
        timeoutMs: 1000,
        stepMs: 3000,
        soakMs: 10_000,
        limitMs: 180_000,
        signal: new AbortController().signal,
      },
      {},
    );
    // No connection more than it takes to see that closed loops only hammer it.
    expect(sweep).toHaveLength(1);
    expect(found).toMatchObject({ isSoaked: true, converged: true, reason: 'errors' });
    expect(found.sustainedPerSecond!).toBeLessThanOrEqual(limit);
    expect(found.sustainedPerSecond!).toBeGreaterThan(limit * 0.95);
  });
}
