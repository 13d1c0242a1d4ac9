/**
 * The supervisor: starts the workers, keeps them, changes their model, ends them in order. It never predicts.
 * Stands at the top of the room; `cli/serve` and `cli/start` call `serve`.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { openAdmin, portError } from './admin.ts';
import type { ServeConfig } from './config.ts';
import { CLOSE_MS } from './drain.ts';
import { driftCells, sumDrift } from './drift-slab.ts';
import { buildFleet, type Fleet } from './fleet.ts';
import { workersFor } from './limits.ts';
import { buildLog } from './log.ts';
import { keepModel, makeSharedDir } from './shared-dir.ts';
import { buildReload, resolveModel, type Served, versionOfPath } from './reload.ts';
import { createCells, GAUGES } from './slab.ts';
import { QUOTA_CELLS } from './quota.ts';
import { sumSlabs } from './totals.ts';
import type { ServiceView, WorkerView } from './view.ts';
import { watch } from './watchdog.ts';

/** What a person is told once the service is ready. */
export interface Started {
  readonly url: string;
  readonly adminUrl: string;
  readonly workers: number;
  readonly model: { readonly name: string; readonly version: string; readonly path: string };
  readonly readyMs: number;
}

/**
 * Serves until SIGTERM or SIGINT; a second one ends at once.
 * @param onStarted called once, when every worker is ready
 * @returns the exit code
 * @throws AppError model-missing, model-broken, model-unfit, port-in-use, file-unwritable before it is ready
 */
export const serve = async (
  config: ServeConfig,
  onStarted: (started: Started) => void = () => {},
): Promise<number> => {
  const calledMs = performance.now();
  const log = buildLog(config.logLevel);
  const path = resolveModel(config);
  const port = freePort(config);
  const sharedDir = makeSharedDir();
  try {
    const quotaPath = join(sharedDir, 'quota');
    createCells(quotaPath, QUOTA_CELLS);
    const ref = keepModel(sharedDir, path, versionOfPath(path), 1);
    const nWorkers = config.workers === 'auto' ? workersFor(config.connections) : config.workers;
    let draining = false;
    let tellAll = (): void => {};
    const fleet = buildFleet(config, nWorkers, sharedDir, quotaPath, log, () => tellAll());
    const ended = untilSignal(fleet, config, () => {
      draining = true;
      tellAll();
    });
    const facts = await Promise.race([
      fleet.start(ref, port),
      ended.then((code) => Promise.reject(new EndedEarly(code))),
    ]);
    const served: Served = { ref, facts };
    const reload = buildReload(config, sharedDir, fleet, log, served, () => tellAll());
    const view = (): ServiceView => viewOf(fleet, reload, sharedDir, draining);
    const admin = openAdmin(config.adminHost, config.adminPort, view, reload);
    const unwatch = watch(fleet, config);
    tellAll = () => {
      const { ready, reasons } = view();
      for (const child of fleet.children()) child.tell({ order: 'state', ready, reasons });
    };
    process.on('SIGHUP', () => void reload.to(undefined).catch(() => {}));
    onStarted({
      url: urlOf(config.tls ? 'https' : 'http', config.host, port),
      adminUrl: urlOf('http', config.adminHost, admin.port!),
      workers: nWorkers,
      model: { name: facts.name, version: facts.version, path: facts.path },
      readyMs: performance.now() - calledMs,
    });
    const code = await ended;
    unwatch();
    await admin.stop(true);
    return code;
  } catch (error) {
    if (error instanceof EndedEarly) return error.code;
    throw error;
  } finally {
    rmSync(sharedDir, { recursive: true, force: true });
  }
};

class EndedEarly extends Error {
  constructor(readonly code: number) {
    super();
  }
}

const urlOf = (scheme: string, host: string, port: number): string => {
  const name = host === '0.0.0.0' || host === '127.0.0.1' || host === '::' ? 'localhost' : host;
  return `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}`;
};

/**
 * Workers share the port, so a stranger on it would go unnoticed: it is opened once alone to see that nobody is there.
 * @throws AppError port-in-use
 */
const freePort = ({ host, port }: ServeConfig): number => {
  try {
    const alone = Bun.serve({
      hostname: host,
      port,
      reusePort: false,
      fetch: () => new Response(),
    });
    const free = alone.port!;
    void alone.stop(true);
    return free;
  } catch (error) {
    throw portError(error, host, port, '--port');
  }
};

/** Resolves with the exit code when the service has ended in order; a second signal ends the process here. */
const untilSignal = (fleet: Fleet, config: ServeConfig, onDrain: () => void): Promise<number> => {
  const { promise, resolve } = Promise.withResolvers<number>();
  let asked = false;
  const end = async (): Promise<void> => {
    fleet.end();
    onDrain();
    const endMs = performance.now() + config.drainLimitMs;
    const limitMs = Math.max(0, config.drainLimitMs - config.drainDelayMs - CLOSE_MS - 500);
    await Bun.sleep(config.drainDelayMs);
    for (const child of fleet.children()) child.drain(CLOSE_MS, limitMs);
    const all = Promise.all([...fleet.children()].map((child) => child.exited));
    await Promise.race([all, Bun.sleep(Math.max(0, endMs - performance.now()))]);
    for (const child of fleet.children()) child.kill();
    await all;
    resolve(0);
  };
  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)
    process.on(signal, () => {
      if (!asked) {
        asked = true;
        void end();
        return;
      }
      for (const child of fleet.children()) child.kill();
      resolve(code);
    });
  return promise;
};

const RSS = GAUGES.indexOf('rssBytes');
const IN_HAND = GAUGES.indexOf('inHand');

const viewOf = (
  fleet: Fleet,
  reload: ReturnType<typeof buildReload>,
  sharedDir: string,
  draining: boolean,
): ServiceView => {
  const { facts } = reload.serving();
  const workers = fleet.places().map(({ id, child, restarts }): WorkerView => {
    const state = child?.state();
    return {
      id,
      pid: child?.pid ?? 0,
      state: state === 'ready' || state === 'draining' ? state : 'starting',
      restarts,
      rssMb: Math.round((child?.slab[RSS] ?? 0) / 2 ** 20),
      inHand: child?.slab[IN_HAND] ?? 0,
      model: child?.model.version ?? facts.version,
    };
  });
  const exhausted = fleet.exhausted();
  const someReady = workers.some(({ state }) => state === 'ready');
  const reasons = [
    draining ? 'the service is shutting down' : undefined,
    someReady ? undefined : 'no worker is ready',
    exhausted,
    reload.refusal(),
  ].filter((reason) => reason !== undefined);
  return {
    ready: someReady && !draining && exhausted === undefined,
    draining,
    reasons,
    workers,
    totals: sumSlabs([fleet.retired, ...[...fleet.children()].map((child) => child.slab)]),
    restarts: fleet.restarts,
    reloads: reload.counts,
    model: facts,
    drift: sumDrift(sharedDir, facts.sha256, driftCells(facts.shares)),
    startedSeconds: performance.timeOrigin / 1000,
  };
};
