/**
 * The supervisor: starts the workers, keeps them, changes their model, ends them in order. It never predicts.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { readMemoryUse } from '../../host/memory-limit.ts';
import { memoryTaken } from '../../host/shared-folder.ts';
import { refusedSocketCall, tellRefusedOptions } from '../../host/socket-calls.ts';
import type { ServeConfig } from '../config.ts';
import { QUOTA_CELLS } from '../guard/quota.ts';
import { buildLog, type Log } from '../log.ts';
import { createCells, GAUGES } from '../telemetry/shared-counters.ts';
import { instanceId } from '../telemetry/otlp.ts';
import { startMetricsPush } from '../telemetry/otlp-metrics.ts';
import { snapshotOf } from '../telemetry/service-snapshot.ts';
import type { ServiceView } from '../telemetry/view.ts';
import type { ModelFacts, ModelRef } from '../messages.ts';
import { actAsInit } from '../process/init-process.ts';
import { findNpmParent } from '../process/npm-parent.ts';
import { openServiceManager } from '../process/service-manager.ts';
import { buildUpgrade, inheritedPorts, reportReady, type Upgrade } from '../process/upgrade.ts';
import { type AdminPort, openAdmin } from './admin.ts';
import { buildControlGuard, readToken } from './control-guard.ts';
import { followPlan } from './follow-plan.ts';
import { shortageOf, startShortageOf } from './fleet-plan.ts';
import { buildFleet, type Fleet } from './fleet.ts';
import { keepFiles, warnOfKeys, watchFiles } from './kept-files.ts';
import { keepPlan, type PlanReader } from './kept-plan.ts';
import { checkPlaces, freePort, urlOf } from './ports.ts';
import {
  bringModels,
  bytesOf,
  type CopyPlace,
  resolveModel,
  wantedBytes,
  wantedOf,
} from './model-source.ts';
import { buildReload, type Reload } from './reload.ts';
import { viewOf } from './service-view.ts';
import { holdCopy, makeSharedDirs } from './shared-dir.ts';
import { buildShutdown } from './shutdown.ts';
import { watchModel } from './watch-model.ts';
import { watch } from './watchdog.ts';
import { checkDescriptors, checkWorkers } from './worker-count.ts';

/** What a person is told once the service is ready. */
export interface Started {
  readonly url: string;
  readonly adminUrl: string;
  /** Only with a health port. */
  readonly healthUrl?: string;
  readonly workers: number;
  readonly model: { readonly name: string; readonly version: string; readonly path: string };
  /** Only with `--also` or `--shadow`. */
  readonly others?: readonly Pick<ModelFacts['others'][number], 'name' | 'version' | 'role'>[];
  readonly readyMs: number;
}

/**
 * Serves until SIGTERM or SIGINT, which end a start too; a second one ends at once.
 * @param onStarted called once, when every worker is ready
 * @param planReader for the files of `config.schedule`
 * @returns the exit code
 * @throws AppError model-missing, model-broken, model-unfit, port-in-use, file-unwritable before it is ready
 */
export const serve = async (
  config: ServeConfig,
  onStarted: (started: Started) => void = () => {},
  planReader?: PlanReader,
): Promise<number> => {
  try {
    return await serveUntilEnd(config, onStarted, planReader);
  } catch (error) {
    if (error instanceof EndedEarly) return error.code;
    throw error;
  }
};

/** @throws EndedEarly when it is asked to end before it is ready */
const serveUntilEnd = async (
  config: ServeConfig,
  onStarted: (started: Started) => void,
  planReader: PlanReader | undefined,
): Promise<number> => {
  const calledMs = performance.now();
  checkDescriptors();
  const npmParent = findNpmParent();
  const log = buildLog(config.logLevel);
  const state: State = {
    draining: false,
    reload: undefined,
    watchRefusal: () => undefined,
    shadowBefore: undefined,
    upgrade: undefined,
  };
  let built: Fleet | undefined;
  let drainedMs = 0;
  const onDrains: (() => void)[] = [];
  const { ended, end } = buildShutdown(() => built, config, {
    log,
    onDrain: () => {
      state.draining = true;
      drainedMs = performance.now();
      state.upgrade?.cancel();
      for (const onDrain of onDrains) onDrain();
    },
  });
  /** What may take long, as a name that nobody resolves or a model from far away, does not keep it from its end. */
  const unlessEnded = <T>(work: Promise<T>): Promise<T> =>
    Promise.race([work, ended.then((code) => Promise.reject(new EndedEarly(code)))]);
  obeySignals(state);
  await unlessEnded(checkPlaces(config));
  instanceId();
  if (config.controlTokenFile !== undefined) readToken(config.controlTokenFile);
  const refused = refusedSocketCall();
  if (refused)
    log.warn(
      `the system refuses ${refused.call} (${refused.error}): the runtime's sockets are used instead, which take more of the processor, and connections of a killed worker end`,
    );
  let areOptionsRefused = false;
  tellRefusedOptions(() => {
    if (!areOptionsRefused)
      log.warn(
        'the system refuses setsockopt: connections that should be reset are closed in order',
      );
    areOptionsRefused = true;
  });
  const manager = openServiceManager();
  onDrains.push(manager.stopping);
  const sharedDirs = makeSharedDirs();
  const sharedDir = sharedDirs[0]!;
  const admins: AdminPort[] = [];
  /** What would keep the process from its end, also where the start fails. */
  const endings: (() => void)[] = [];
  try {
    const kept = keepFiles(config, sharedDir);
    void warnOfKeys(config, log);
    const { schedule: paths } = config;
    const plan =
      paths && planReader && (await unlessEnded(keepPlan({ ...planReader, paths, sharedDir })));
    const inherited = inheritedPorts();
    const port = inherited?.port ?? freePort(config.host, config.port, '--port');
    const adminPort =
      inherited?.adminPort ?? freePort(config.adminHost, config.adminPort, '--admin-port');
    const { health } = config;
    const healthPort = health
      ? inherited?.healthPort || freePort(health.host, health.port, '--health-port')
      : 0;
    const quotaPath = join(sharedDir, 'quota');
    createCells(quotaPath, QUOTA_CELLS);
    holdCopy(quotaPath);
    let nCopies = 0;
    let copied: ModelRef | undefined;
    const modelBytes = (): number => {
      const serving = state.reload?.serving().ref ?? copied;
      return serving ? bytesOf(serving) : wantedBytes(config, wantedOf(config));
    };
    const followed = followPlan(config, modelBytes, log);
    const startShortage = (nBytes: number, copyBytes: number): string | undefined =>
      startShortageOf(
        { nWorkers: followed.plan().nWorkers, modelBytes: nBytes, copyBytes },
        readMemoryUse(),
      );
    const copies: CopyPlace = {
      sharedDirs,
      nextNumber: () => ++nCopies,
      shortage: (nBytes) => {
        const copyBytes = memoryTaken(sharedDirs, nBytes);
        // A reload has asked for the workers already, and made room.
        return state.reload
          ? shortageOf(copyBytes, readMemoryUse())
          : startShortage(nBytes, copyBytes);
      },
    };
    const ref = await unlessEnded(bringModels(config, copies, wantedOf(config)));
    copied = ref;
    const fleet = buildFleet({
      config,
      workerConfig: () => ({
        ...kept.config(),
        planFile: plan?.file(),
        memoryLimitMb: followed.plan().memoryLimitMb,
      }),
      nWorkers: followed.plan().nWorkers,
      isOneByOne: () => followed.plan().isOneByOne,
      sharedDir,
      quotaPath,
      log,
      onChange: () => tellAll(),
      memoryUse: readMemoryUse,
      snapshot: () => snapshotOf(view(), Date.now()),
    });
    built = fleet;
    const scheme = config.tls ? 'https' : 'http';
    const view = (): ServiceView =>
      viewOf({
        fleet,
        draining: state.draining,
        reload: state.reload,
        shadowBefore: state.shadowBefore,
        refusals: [state.watchRefusal(), kept.refusal(), plan?.refusal()],
        sharedDir,
        scheme,
      });
    const tellAll = (): void => {
      const { ready, draining, reasons } = view();
      const state = draining ? 'draining' : ready ? 'ready' : 'starting';
      const nAtWork = fleet.nAtWork();
      for (const child of fleet.children())
        child.tell({ command: 'state', state, reasons, nAtWork });
    };
    const tellReady = (): void => {
      const { name, version } = reloadNow().serving().facts;
      const refusal = reloadNow().refusal();
      manager.ready(
        `serving ${name} ${version} on port ${port}${refusal === undefined ? '' : `; ${refusal}`}`,
      );
    };
    const reloadNow = (): Reload => {
      if (!state.reload) throw new AppError('not-ready', 'the service is still starting');
      return state.reload;
    };
    const guard = buildControlGuard({ host: config.adminHost, tokenFile: config.controlTokenFile });
    const control = { guard, reload: reloadNow };
    admins.push(openAdmin({ host: config.adminHost, port: adminPort, view, log, control }));
    if (health)
      admins.push(
        openAdmin({ host: health.host, port: healthPort, view, log, control: undefined }),
      );
    endings.push(actAsInit((pid) => [...fleet.children()].some((child) => child.pid === pid)));
    onDrains.push(tellAll);
    if (!inherited)
      endings.push(
        npmParent.watch(() => {
          log.info('the shell that npm started is gone, the service ends');
          end();
        }),
      );
    state.upgrade = buildUpgrade({ port, adminPort, healthPort }, log, () => {
      for (const admin of admins) admin.stop();
      end();
    });
    checkWorkers(followed.plan().nWorkers);
    const shortage = startShortage(bytesOf(ref), 0);
    if (shortage !== undefined) throw new AppError('limit-system', shortage);
    const facts = await unlessEnded(
      // A worker that ends because the service does is no failure of the start.
      fleet.start(ref, port).catch(async (error) => {
        throw state.draining ? new EndedEarly(await ended) : error;
      }),
    );
    state.reload = buildReload({
      config,
      copies,
      fleet,
      log,
      first: { ref, facts },
      onBegin: manager.reloading,
      onChange: () => {
        tellAll();
        if (!state.draining) tellReady();
      },
      onSwitch: () => {
        state.shadowBefore = view().totals().shadow.slice();
      },
    });
    const endPushes = pushMetrics(config, view, log);
    const unwatch = watch(fleet, config, () => followed.plan().memoryLimitMb);
    const unfollow = followed.start({ resize: fleet.resize, open: () => connectionsOf(fleet) });
    const watched = config.watchesModel
      ? watchModel({
          find: () => {
            const { first, named, shadow } = wantedOf(config);
            const others = shadow === undefined ? named : [...named, shadow];
            return [first, ...others].map((wanted) => resolveModel(config, wanted));
          },
          serving: () => {
            const { path, others } = state.reload!.serving().ref;
            return [path, ...others.map((other) => other.path)];
          },
          reload: () => state.reload!.switchTo(undefined),
          isRefused: () => state.reload!.refusal() !== undefined,
          onChange: (refusal) => {
            if (refusal !== undefined) log.error(refusal);
            tellAll();
          },
        })
      : undefined;
    state.watchRefusal = () => watched?.refusal();
    const unwatchFiles = watchFiles(kept, log, {
      onAuth: (auth) => {
        for (const child of fleet.children()) child.tell({ command: 'auth', auth });
      },
      onTls: () => {
        fleet.renewStandby();
        return state.reload!.restart();
      },
      onRefusal: tellAll,
    });
    const unwatchPlan = plan?.watch(() => {
      const refusal = plan.refusal();
      if (refusal === undefined) log.info('the schedule has changed');
      else log.error(refusal);
      for (const child of fleet.children()) child.tell({ command: 'plan', file: plan.file() });
      tellAll();
    });
    tellAll();
    reportReady();
    tellReady();
    onStarted({
      url: urlOf(scheme, config.host, port),
      adminUrl: urlOf('http', config.adminHost, adminPort),
      ...(health && { healthUrl: urlOf('http', health.host, healthPort) }),
      workers: fleet.places().length,
      model: { name: facts.name, version: facts.version, path: facts.path },
      ...(facts.others.length > 0 && {
        others: facts.others.map(({ name, version, role }) => ({ name, version, role })),
      }),
      readyMs: performance.now() - calledMs,
    });
    const code = await ended;
    const leftMs = config.drainLimitMs - (performance.now() - drainedMs);
    await Promise.race([endPushes(), Bun.sleep(Math.max(LAST_PUSH_MS, leftMs))]);
    unwatch();
    unfollow();
    unwatchFiles();
    unwatchPlan?.();
    watched?.stop();
    log.info('the service has ended', { exit: code });
    return code;
  } finally {
    for (const end of endings) end();
    manager.end();
    built?.end();
    const left = [...(built?.children() ?? [])];
    for (const child of left) child.kill();
    await Promise.all(left.map(({ exited }) => exited));
    for (const admin of admins) admin.stop(true);
    for (const dir of sharedDirs) rmSync(dir, { recursive: true, force: true });
  }
};

/** The last counts are waited for so long, or for what is left of the drain limit. */
const LAST_PUSH_MS = 500;

/** @returns ends it */
const pushMetrics = (
  { otlpEndpoint, otlpMetrics, otlpEveryMs }: ServeConfig,
  view: () => ServiceView,
  log: Log,
): (() => Promise<void>) =>
  otlpEndpoint === undefined || otlpMetrics === undefined
    ? async () => {}
    : startMetricsPush({
        endpoint: otlpEndpoint,
        temporality: otlpMetrics,
        everyMs: otlpEveryMs,
        view,
        log,
      });

/**
 * What may be asked of a service that runs ends none that starts or ends: SIGHUP reloads, SIGUSR2 starts a successor;
 * SIGUSR1, a common word for "open your log again", does nothing.
 */
const obeySignals = (state: State): void => {
  const isRunning = (): boolean => state.reload !== undefined && !state.draining;
  process.on('SIGHUP', () => {
    if (isRunning()) void state.reload?.switchTo(undefined).catch(() => {});
  });
  process.on('SIGUSR2', () => {
    if (isRunning()) state.upgrade?.begin();
  });
  process.on('SIGUSR1', () => {});
};

/** What changes while the service runs. */
interface State {
  draining: boolean;
  /** Undefined until the first model serves. */
  reload: Reload | undefined;
  /** Why the watched model is not in use as it is now. */
  watchRefusal: () => string | undefined;
  upgrade: Upgrade | undefined;
  /** What had been counted of the shadow when these models began to serve. */
  shadowBefore: Float64Array | undefined;
}

class EndedEarly extends Error {
  constructor(readonly code: number) {
    super();
  }
}

const CONNECTIONS = GAUGES.indexOf('connections');

const connectionsOf = (fleet: Fleet): number =>
  fleet.places().reduce((sum, { child }) => sum + (child?.counters[CONNECTIONS] ?? 0), 0);
