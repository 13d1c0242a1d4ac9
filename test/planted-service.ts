/**
 * The HTTP face of a planted model on a real socket, without supervisor and workers.
 */
import type { Model } from '../src/core/model.ts';
import type { Handlers } from '../src/http/call.ts';
import { openHttp } from '../src/http/server.ts';
import { compilePredictor } from '../src/predict/compile.ts';
import { DEFAULT_CONFIG, type ServeConfig } from '../src/serve/config.ts';
import type { ServeContext } from '../src/serve/context.ts';
import { problemText } from '../src/serve/formats/problem.ts';
import { buildAdmission } from '../src/serve/guard/admission.ts';
import { buildLog } from '../src/serve/log.ts';
import { buildApp } from '../src/serve/worker/app.ts';
import { buildPlantedModel } from './planted.ts';

interface PlantedService {
  readonly url: string;
  readonly context: ServeContext;
  readonly stop: () => Promise<void>;
}

/** A context that counts nothing; `over` replaces parts of it. */
export const buildPlantedContext = (
  over: Partial<Omit<ServeContext, 'config'>> & {
    config?: Partial<ServeConfig>;
    model?: Model;
  } = {},
): ServeContext => {
  const { config, model = buildPlantedModel(), ...rest } = over;
  const nDrift = model.shares.reduce((n, { shares }) => n + shares.length, 0);
  const drift = new Float64Array(nDrift);
  return {
    loaded: { model, sha256: '0'.repeat(64), version: 'v1', path: 'planted' },
    predictor: compilePredictor(model),
    config: { ...DEFAULT_CONFIG, ...config },
    complete: () => {},
    counters: {
      requestDone: () => {},
      predictionsDone: () => {},
      inferenceDone: () => {},
      shed: () => {},
      drift,
      driftTotals: () => drift,
    },
    watch: { lastMs: 0 },
    admission: buildAdmission({ ...DEFAULT_CONFIG, ...config }),
    named: [],
    shadow: undefined,
    quota: { take: () => 0 },
    log: buildLog('silent'),
    onAuth: () => {},
    serviceFeed: undefined,
    state: () => 'ready',
    reasons: () => [],
    ...rest,
  };
};

const LIMITS = { requestMs: 10_000, idleMs: 75_000 };

export const handlersOf = (context: ServeContext): Handlers => ({
  answer: buildApp(context),
  refused: problemText,
  failed: (error) => new Response(error.stack ?? error.message, { status: 500 }),
  onShed: () => {},
});

/** @param port 0: any free one */
export const startPlantedService = (context = buildPlantedContext(), port = 0): PlantedService => {
  const server = openHttp({
    hostname: '127.0.0.1',
    port,
    limits: LIMITS,
    handlers: handlersOf(context),
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    context,
    stop: async () => {
      server.stopListening();
      server.endConnections('all');
    },
  };
};
