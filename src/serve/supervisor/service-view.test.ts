import { expect, test } from 'bun:test';
import { COUNTER_CELLS, GAUGES } from '../telemetry/shared-counters.ts';
import type { ServiceView } from '../telemetry/view.ts';
import type { Child } from './child.ts';
import { viewOf } from './service-view.ts';

type ViewSources = Parameters<typeof viewOf>[0];

const MB = 2 ** 20;

/** A worker that counts so many requests in flight. */
const childIn = (state: ReturnType<Child['state']>, pid: number, inFlight = 0): Child => {
  const counters = new Float64Array(COUNTER_CELLS);
  counters[GAUGES.indexOf('rssBytes')] = 90.4 * MB;
  counters[GAUGES.indexOf('inFlight')] = inFlight;
  return { pid, counters, state: () => state, model: { version: 'v2' } } as Child;
};

const reload = {
  serving: () => ({ facts: { version: 'v1', shares: [] } }),
  refusal: () => undefined,
  counts: { ok: 2, refused: 1 },
} as unknown as NonNullable<ViewSources['reload']>;

/** The view of a service with these workers in its places, and others that have left theirs. */
const viewWith = (
  placed: readonly (Child | undefined)[],
  {
    left = [],
    exhausted,
    ...more
  }: Partial<ViewSources> & {
    readonly left?: readonly Child[];
    readonly exhausted?: string;
  } = {},
): ServiceView =>
  viewOf({
    fleet: {
      places: () => placed.map((child, i) => ({ id: i + 1, child, restarts: i })),
      children: () => new Set([...placed.filter((child) => child !== undefined), ...left]),
      exhausted: () => exhausted,
      restartHistory: { retired: [], restarts: {} as ServiceView['restarts'] },
      connections: () => ({ kept: 0, limit: 0, adopted: 0, reset: 0 }),
    },
    draining: false,
    reload,
    shadowBefore: undefined,
    refusals: [],
    sharedDir: '',
    scheme: 'http',
    ...more,
  });

test('one ready worker makes a service ready, whatever has become of the others', () => {
  const view = viewWith([undefined, childIn('ready', 7, 3)]);
  expect(view).toMatchObject({ ready: true, reasons: [], reloads: { ok: 2, refused: 1 } });
  expect(view.workers).toEqual([
    { id: 1, pid: 0, state: 'starting', restarts: 0, rssMb: 0, inHand: 0, model: 'v1' },
    { id: 2, pid: 7, state: 'ready', restarts: 1, rssMb: 90, inHand: 3, model: 'v2' },
  ]);
});

test.each<[string, ServiceView, readonly string[]]>([
  ['no worker is', viewWith([childIn('loaded', 7)]), ['no worker is ready']],
  ['no model serves yet', viewWith([childIn('ready', 7)], { reload: undefined }), []],
  [
    'it is shutting down',
    viewWith([childIn('ready', 7)], { draining: true }),
    ['the service is shutting down'],
  ],
  [
    'its workers die young',
    viewWith([childIn('ready', 7)], { exhausted: 'workers die' }),
    ['workers die'],
  ],
])('a service is not ready while %s, and says why', (_, view, reasons) => {
  expect(view.ready).toBe(false);
  expect(view.reasons).toEqual(reasons);
});

test('what was refused while the old goes on serving is a reason, and leaves the service ready', () => {
  const view = viewWith([childIn('ready', 7)], {
    reload: { ...reload, refusal: () => 'a model was refused' },
    refusals: [undefined, 'a certificate is broken'],
  });
  expect(view.ready).toBe(true);
  expect(view.reasons).toEqual(['a model was refused', 'a certificate is broken']);
});

test('a worker that drains without a place of its own is leaving, with what it still has to answer', () => {
  const view = viewWith([childIn('ready', 7), childIn('draining', 8, 1)], {
    left: [childIn('draining', 9, 5), childIn('loaded', 10, 2)],
  });
  expect(view.leaving).toEqual([{ inHand: 5 }]);
});
