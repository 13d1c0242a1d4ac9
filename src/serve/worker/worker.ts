/**
 * One worker process: reads and checks the model, waits for the command to listen, answers, drains.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodePlan } from '../../core/around/departure-plan.ts';
import { AppError, ERRORS } from '../../core/errors.ts';
import { type LoadedModel, readModel } from '../../core/model-file.ts';
import { buildCompletion, type Completion } from '../../core/around/completion.ts';
import { compilePredictor } from '../../predict/compile.ts';
import { pace } from '../../host/pace.ts';
import { tellRefusedOptions } from '../../host/socket-calls.ts';
import { restedMs } from '../../http/sockets/event-loop.ts';
import type { ServeContext, ServeState } from '../context.ts';
import { problemText } from '../formats/problem.ts';
import { buildAdmission } from '../guard/admission.ts';
import { startOverloadDetector } from '../guard/overload-detector.ts';
import { buildQuota } from '../guard/quota.ts';
import { SYSTEM_CALLS, type SystemCall } from '../labels.ts';
import { buildLog, buildStderr } from '../log.ts';
import {
  type ModelCopy,
  WORKER_START,
  type WorkerCommand,
  type WorkerEvent,
  type WorkerStart,
} from '../messages.ts';
import { buildShadow } from '../scoring/shadow.ts';
import {
  buildCounters,
  buildShadowCounts,
  countersOfModel,
  methodAt,
  routeAt,
} from '../telemetry/counters.ts';
import { createDrift, driftCells, sumDrift } from '../telemetry/drift-counters.ts';
import { buildExemplarWriter } from '../telemetry/exemplars.ts';
import { mapCells, viewCounters } from '../telemetry/shared-counters.ts';
import { buildTracing } from '../telemetry/trace.ts';
import { buildApp } from './app.ts';
import { startCanary } from './canary.ts';
import { CLOSE_MS } from './drain.ts';
import { startHeartbeat } from './heartbeat.ts';
import { openKeeping } from './keeping.ts';
import { type Listener, openListener } from './listener.ts';
import { buildServiceFeed } from './service-feed.ts';
import { openSockets } from './sockets.ts';
import { warmUp } from './warm-up.ts';

/** The event loop may lag so much, for so long, before batches are refused. */
const OVERLOAD_TARGET_MS = 25;
const OVERLOAD_INTERVAL_MS = 500;

/** A worker younger than this is not replaced for a bug: the next one would meet it again. */
const BUG_REST_MS = 10_000;
const BUG_ANSWER = {
  type: 'about:blank',
  title: 'The service made a mistake',
  status: 500,
  detail: 'the request was not answered because of a bug; it is in the log',
  code: 'bug',
  error: 'the request was not answered because of a bug; it is in the log',
};

/** All processes of the group that this one is in. */
const OWN_GROUP = 0;

/** What is no request asked for nothing, by no method. */
const NO_ROUTE = routeAt('other');
const NO_METHOD = methodAt('');

// A terminal sends SIGINT and SIGHUP to the whole group, and `pkill` to all of a name; only the supervisor decides.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)
  process.on(signal, () => {});

const say = (message: WorkerEvent): void => {
  process.send?.(message);
};

/** @throws AppError model-broken and the like */
const load = ({ file, path, version }: ModelCopy): LoadedModel => ({
  ...readModel(file),
  path,
  version,
});

const identityOf = ({ model: { name }, version, path, sha256 }: LoadedModel) => ({
  name,
  version,
  path,
  sha256,
});

/** @throws AppError model-unfit when two have one name */
const checkNames = (models: readonly LoadedModel[]): void => {
  const seen = new Set<string>();
  for (const { model, path } of models) {
    if (seen.has(model.name))
      throw new AppError(
        'model-unfit',
        `two models are named ${model.name}, ${path} is the second: each is asked for by a name of its own`,
      );
    seen.add(model.name);
  }
};

const start = ({
  config,
  model: ref,
  spawnId,
  sharedDir,
  countersPath,
  quotaPath,
  statesPath,
  channel,
  warmsUp,
}: WorkerStart): void => {
  const cells = mapCells(countersPath);
  const { gauges, systemFailures, droppedLines, canaries, exemplars } = viewCounters(cells);
  const stderr = buildStderr(() => {
    droppedLines[0]! += 1;
  });
  const log = buildLog(config.logLevel, { workerPid: process.pid }, undefined, stderr);
  const loaded = load(ref);
  const others = ref.others.map((other) => ({ role: other.role, loaded: load(other) }));
  checkNames([loaded, ...others.flatMap((other) => (other.role === 'named' ? other.loaded : []))]);
  /** The live counts of a model's bins, and their sum over all workers. */
  const driftOf = ({ model: { shares }, sha256 }: LoadedModel) => {
    const nCells = driftCells(shares);
    return {
      drift: createDrift(sharedDir, sha256, spawnId, nCells),
      driftTotals: () => sumDrift(sharedDir, sha256, nCells),
    };
  };
  const { drift, driftTotals } = driftOf(loaded);
  const overload = startOverloadDetector(OVERLOAD_TARGET_MS, OVERLOAD_INTERVAL_MS, restedMs);
  const admission = buildAdmission(config, overload.isStanding);
  const counters = buildCounters(cells, drift, driftTotals);

  /** For the first model, and for each of the others. */
  const completionsOf = (file: string | undefined): readonly Completion[] => {
    const all = [loaded, ...others.map((other) => other.loaded)];
    if (file === undefined) return all.map(() => () => {});
    const plan = decodePlan(readFileSync(file));
    return all.map(({ model }) => buildCompletion(model.inputs, { plan }) ?? (() => {}));
  };
  let completions = completionsOf(config.planFile);
  const completionAt =
    (place: number): Completion =>
    (raw, at, nRows) =>
      completions[place]!(raw, at, nRows);

  let state: ServeState = 'starting';
  let reasons: readonly string[] = [];
  let serviceState: ServeState = 'ready';
  let putAuth: (auth: string) => void = () => {};
  const { feed, arrived } = buildServiceFeed(() => say({ event: 'watched' }));
  const shadow = others.find(({ role }) => role === 'shadow');
  const common = {
    config,
    admission,
    quota: buildQuota(mapCells(quotaPath)),
    watch: { lastMs: 0 },
    log,
    onAuth: (put: (auth: string) => void) => {
      putAuth = put;
    },
    serviceFeed: feed,
    state: () => (state === 'ready' ? serviceState : state),
    reasons: () => reasons,
  } satisfies Partial<ServeContext>;
  const context: ServeContext = {
    ...common,
    loaded,
    predictor: compilePredictor(loaded.model),
    complete: completionAt(0),
    counters,
    named: others.flatMap((other, i) =>
      other.role === 'named'
        ? {
            ...common,
            loaded: other.loaded,
            predictor: compilePredictor(other.loaded.model),
            complete: completionAt(i + 1),
            counters: countersOfModel(counters, { place: i + 1, ...driftOf(other.loaded) }),
            named: [],
            shadow: undefined,
          }
        : [],
    ),
    shadow:
      shadow &&
      buildShadow({
        first: loaded.model,
        predictor: compilePredictor(shadow.loaded.model),
        counts: buildShadowCounts(cells),
        delayMs: overload.delayMs,
      }),
  };
  const tracing = buildTracing(config, log, buildExemplarWriter(exemplars));
  const app = tracing.around(buildApp(context));
  const noteFailure = (call: SystemCall): void => {
    systemFailures[SYSTEM_CALLS.indexOf(call)]! += 1;
  };
  tellRefusedOptions(() => noteFailure('setsockopt'));
  const sockets = openSockets(noteFailure);
  const keeping =
    channel === undefined
      ? undefined
      : openKeeping({
          channel,
          statesPath,
          onKept: () => say({ event: 'kept' }),
          onFailure: noteFailure,
        });
  let listener: Listener | undefined;
  startHeartbeat({
    gauges,
    memoryLimitBytes: config.memoryLimitMb * 2 ** 20,
    onBeat: () => {
      listener?.tend();
      keeping?.tend();
      return { inFlight: admission.inFlight(), connections: listener?.nConnections() ?? 0 };
    },
  });

  /** A bug: the caller learns nothing of it, the log does, and a fresh worker takes this one's place. */
  const failed = (error: Error): Response => {
    log.error('a request hit a bug', { error: error.stack ?? error.message });
    if (performance.now() > BUG_REST_MS) say({ event: 'leaving', reason: 'crashed' });
    return Response.json(BUG_ANSWER, {
      status: 500,
      headers: { 'content-type': 'application/problem+json' },
    });
  };

  const leave = async (closeMs: number, limitMs: number): Promise<void> => {
    if (state === 'draining') return;
    state = 'draining';
    await listener?.drain(closeMs, limitMs);
    await tracing.flush();
    process.exit(0);
  };

  /** What the supervisor has checked will do; if not, a fresh worker starts with it instead. */
  const changeAuth = (auth: string): void => {
    try {
      putAuth(auth);
    } catch (error) {
      log.error('the new keys could not be read', { error: (error as Error).message });
      say({ event: 'leaving', reason: 'crashed' });
    }
  };

  const listen = (port: number): void => {
    try {
      const handlers = {
        answer: app,
        refused: (error: AppError) => {
          counters.requestDone(NO_ROUTE, NO_METHOD, ERRORS[error.code].status, 0);
          return problemText(error);
        },
        failed,
        onShed: counters.shed,
      };
      listener = openListener({
        config,
        port,
        sockets,
        keeping,
        handlers,
        delayMs: overload.delayMs,
      });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      refuse(new AppError('limit-system', `the port cannot be opened (${code ?? message})`));
      return;
    }
    state = 'ready';
    startCanary(context, canaries);
    say({ event: 'ready', canHold: listener.canHold });
  };

  process.on('message', (message: WorkerCommand) => {
    switch (message.command) {
      case 'listen':
        listen(message.port);
        break;
      case 'state':
        serviceState = message.state;
        ({ reasons } = message);
        pace.divide(message.nAtWork);
        break;
      case 'service':
        arrived(message.snapshot);
        break;
      case 'adopt':
        listener?.adopt();
        break;
      case 'plan':
        completions = completionsOf(message.file);
        break;
      case 'auth':
        changeAuth(message.auth);
        break;
      case 'drain':
        void leave(message.closeMs, message.limitMs);
        break;
    }
  });
  // Nobody is left who would replace this worker, ask it to end, or let one go on that rests in its start.
  process.on('disconnect', () => {
    process.kill(OWN_GROUP, 'SIGCONT');
    void leave(CLOSE_MS, config.drainLimitMs);
  });
  process.on('SIGTERM', () => say({ event: 'leaving', reason: 'asked' }));

  say({
    event: 'loaded',
    facts: {
      ...identityOf(loaded),
      others: others.map((other) => ({ role: other.role, ...identityOf(other.loaded) })),
      shares: loaded.model.shares.map(({ input, shares: bins, rows }) => ({
        input,
        shares: [...bins],
        rows,
      })),
    },
  });
  if (!warmsUp) return;
  warmUp(context, join(sharedDir, `warm-up-${spawnId}`), () => state === 'starting').then(
    () => say({ event: 'warm' }),
    (error: Error) => {
      log.warn('a worker starts serving without a warm-up', { error: error.message });
      say({ event: 'warm' });
    },
  );
};

/** Tells the supervisor why this worker will not do, and ends. */
const refuse = ({ code, message }: AppError): void => {
  const { model } = workerStart;
  const detail = [model, ...model.others].reduce(
    (text, { file, path }) => text.replaceAll(file, path),
    message,
  );
  say({ event: 'refused', code, detail });
  // The message must leave before the process does.
  setTimeout(() => process.exit(2), 50);
};

const workerStart = JSON.parse(process.env[WORKER_START]!) as WorkerStart;
try {
  start(workerStart);
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  refuse(error);
}
