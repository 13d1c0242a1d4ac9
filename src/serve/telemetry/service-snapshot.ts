/**
 * The state of the service as the page shows it: JSON, small enough to be sent every second.
 */
import { REQUEST_BOUNDS } from './shared-counters.ts';
import type { ServiceView } from './view.ts';

const MS_PER_SECOND = 1000;
const FIRST_SERVER_ERROR = 500;

/** Counts only grow, so that a reader takes differences. */
export const snapshotOf = (view: ServiceView, atMs: number): string => {
  const latency = new Array<number>(REQUEST_BOUNDS.length + 1).fill(0);
  let [requests, serverErrors] = [0, 0];
  for (const { request, cells } of view.totals().series.values()) {
    let count = 0;
    for (let bin = 0; bin < latency.length; bin++) {
      latency[bin]! += cells[bin + 1]!;
      count += cells[bin + 1]!;
    }
    requests += count;
    if (request !== undefined && request.status >= FIRST_SERVER_ERROR) serverErrors += count;
  }
  return JSON.stringify({
    atMs,
    ready: view.ready,
    draining: view.draining,
    model: view.model?.version ?? '',
    workers: view.workers.map(({ id, pid, state, restarts, rssMb, inHand }) => ({
      id,
      pid,
      state,
      restarts,
      rssMb,
      inFlight: inHand,
    })),
    requests,
    serverErrors,
    restarts: Object.values(view.restarts).reduce((sum, count) => sum + count, 0),
    reloads: view.reloads.ok,
    boundsMs: REQUEST_BOUNDS.map((seconds) => seconds * MS_PER_SECOND),
    latency,
  });
};
