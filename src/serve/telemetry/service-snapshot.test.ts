import { expect, test } from 'bun:test';
import { buildCounters, methodAt, routeAt } from './counters.ts';
import { snapshotOf } from './service-snapshot.ts';
import { COUNTER_CELLS } from './shared-counters.ts';
import { sumCounters } from './totals.ts';
import type { ServiceView } from './view.ts';

test('a snapshot counts requests, server errors and latencies of all workers', () => {
  const cells = [new Float64Array(COUNTER_CELLS), new Float64Array(COUNTER_CELLS)];
  const none = new Float64Array(0);
  const [one, other] = cells.map((own) => buildCounters(own, none, () => none));
  one!.requestDone(routeAt('/predict'), methodAt('POST'), 200, 80_000);
  one!.requestDone(routeAt('/predict'), methodAt('POST'), 503, 20e9);
  other!.requestDone(routeAt('/predict'), methodAt('POST'), 422, 3_000_000);
  const view = {
    ready: true,
    draining: false,
    workers: [{ id: 1, pid: 7, state: 'ready', restarts: 2, rssMb: 90, inHand: 1, model: 'v1' }],
    totals: () => sumCounters(cells),
    restarts: { killed: 2, hung: 1 },
    reloads: { ok: 3, refused: 1 },
    model: undefined,
  } as unknown as ServiceView;
  const snapshot = JSON.parse(snapshotOf(view, 1000)) as Record<string, unknown> & {
    boundsMs: number[];
    latency: number[];
  };
  expect(snapshot).toMatchObject({ requests: 3, serverErrors: 1, restarts: 3, reloads: 3 });
  expect(snapshot['workers']).toEqual([
    { id: 1, pid: 7, state: 'ready', restarts: 2, rssMb: 90, inFlight: 1 },
  ]);
  expect(snapshot.latency).toHaveLength(snapshot.boundsMs.length + 1);
  expect(snapshot.latency[0]).toBe(1);
  expect(snapshot.latency.at(-1)).toBe(1);
  expect(snapshot.latency[snapshot.boundsMs.indexOf(5)]).toBe(1);
});
