/**
 * The state of the service at this moment, from what the fleet and the reload tell: whether it is ready, and why not.
 */
import { driftCells, sumDrift } from '../telemetry/drift-counters.ts';
import { GAUGES } from '../telemetry/shared-counters.ts';
import { sumCounters } from '../telemetry/totals.ts';
import type { ServiceView, WorkerView } from '../telemetry/view.ts';
import type { Fleet } from './fleet.ts';
import type { Reload } from './reload.ts';

interface ViewSources extends Pick<ServiceView, 'draining' | 'shadowBefore' | 'scheme'> {
  readonly fleet: Pick<
    Fleet,
    'places' | 'children' | 'exhausted' | 'restartHistory' | 'connections'
  >;
  /** Undefined until the first model serves. */
  readonly reload: Pick<Reload, 'serving' | 'refusal' | 'counts'> | undefined;
  /** Why files that have changed are not in use as they are now; undefined where they are. */
  readonly refusals: readonly (string | undefined)[];
  /** Where workers count how inputs are distributed. */
  readonly sharedDir: string;
}

const RSS = GAUGES.indexOf('rssBytes');
const IN_FLIGHT = GAUGES.indexOf('inFlight');

export const viewOf = ({
  fleet,
  draining,
  reload,
  shadowBefore,
  refusals,
  sharedDir,
  scheme,
}: ViewSources): ServiceView => {
  const facts = reload?.serving().facts;
  const workers = fleet.places().map(({ id, child, restarts }): WorkerView => {
    const state = child?.state();
    return {
      id,
      pid: child?.pid ?? 0,
      state: state === 'ready' || state === 'draining' ? state : 'starting',
      restarts,
      rssMb: Math.round((child?.counters[RSS] ?? 0) / 2 ** 20),
      inHand: child?.counters[IN_FLIGHT] ?? 0,
      model: child?.model.version ?? facts?.version ?? '',
    };
  });
  const placed = new Set(fleet.places().map(({ child }) => child));
  const leaving = [...fleet.children()]
    .filter((child) => child.state() === 'draining' && !placed.has(child))
    .map(({ counters }) => ({ inHand: counters[IN_FLIGHT]! }));
  const exhausted = fleet.exhausted();
  const someReady = workers.some(({ state }) => state === 'ready');
  const reasons = [
    draining ? 'the service is shutting down' : undefined,
    someReady ? undefined : 'no worker is ready',
    exhausted,
    reload?.refusal(),
    ...refusals,
  ].filter((reason) => reason !== undefined);
  return {
    ready: someReady && !draining && exhausted === undefined && reload !== undefined,
    draining,
    reasons,
    workers,
    leaving,
    totals: () =>
      sumCounters([
        ...fleet.restartHistory.retired,
        ...[...fleet.children()].map((child) => child.counters),
      ]),
    restarts: fleet.restartHistory.restarts,
    connections: fleet.connections(),
    reloads: reload?.counts ?? { ok: 0, refused: 0 },
    model: facts,
    shadowBefore,
    drift: () =>
      facts ? sumDrift(sharedDir, facts.sha256, driftCells(facts.shares)) : new Float64Array(0),
    startedSeconds: performance.timeOrigin / 1000,
    scheme,
  };
};
