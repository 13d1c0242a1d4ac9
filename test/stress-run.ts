/**
 * A small run of the load tester, in the process of the test: everything usual unless the test says otherwise.
 */
import type { RunFile } from '../src/stress/results/run-file.ts';
import { openSession, type SessionOptions } from '../src/stress/session.ts';
import { runStress, type StressPlan } from '../src/stress/stress.ts';
import type { Watcher } from '../src/stress/watcher.ts';

const OPTIONS: Omit<SessionOptions, 'url'> = {
  nConnections: 4,
  headers: [],
  timeoutMs: 2000,
  keepAlive: true,
  access: { verifyTls: true, resolve: new Map() },
  paths: [],
  checkAnswers: true,
  expect: { statuses: null, body: null },
  follow: false,
  seed: 1,
};

const PLAN: StressPlan = {
  mode: 'single',
  ratePerSecond: null,
  arrivals: 'uniform',
  durationMs: 400,
  durationSaid: true,
  maxTimeMs: 60_000,
  abortOnFail: false,
  warmUpMs: 0,
  timeoutMs: 2000,
  seed: 1,
  thresholds: [],
  faults: [],
  ramp: undefined,
};

export const runSmallLoad = async (
  url: string,
  options: Partial<SessionOptions> = {},
  plan: Partial<StressPlan> = {},
  watched: { readonly watcher?: Watcher; readonly signal?: AbortSignal } = {},
): Promise<RunFile> => {
  const session = await openSession({ ...OPTIONS, ...options, url });
  const machine = { startedAt: new Date(0), descriptors: 1024, cores: 1 };
  try {
    return await runStress({ session, plan: { ...PLAN, ...plan }, machine, ...watched });
  } finally {
    await session.close();
  }
};
