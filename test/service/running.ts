/**
 * A whole `puntual serve` as a process, on free ports, with planted models in a folder of its own.
 */
import { lchownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Model } from '../../src/core/model.ts';
import { storeModel } from '../../src/core/model-store.ts';
import type { Started } from '../../src/serve/supervisor/supervisor.ts';
import { buildPlantedModel, PLANTED_FLIGHT } from '../planted.ts';

export const MAIN = join(import.meta.dir, '../../src/cli/main.ts');

interface WorkerLine {
  readonly id: number;
  readonly pid: number;
  readonly state: string;
  readonly restarts: number;
}

export interface Running extends Started {
  readonly modelsDir: string;
  readonly process: Bun.Subprocess<'ignore', 'pipe', 'pipe'>;
  readonly workerList: () => Promise<readonly WorkerLine[]>;
  readonly predict: () => Promise<Response>;
  readonly admin: (path: string, body?: unknown) => Promise<Response>;
  /** Everything that was logged so far. */
  readonly logged: () => string;
  /** Waits until something is in the log: what was answered is often logged a moment later. */
  readonly logs: (text: string) => Promise<void>;
  /** SIGTERM, and the exit code. */
  readonly stop: () => Promise<number>;
}

interface Ended {
  readonly exitCode: number;
  readonly stderr: string;
}

/** A folder with one planted model; taken away when the test process ends. */
export const makeModelsDir = (model: Model = buildPlantedModel({ nTrees: 10 })): string => {
  const dir = mkdtempSync(join(tmpdir(), 'puntual-service-'));
  process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
  storeModel(dir, model, new Date());
  return dir;
};

/**
 * Whose rights a service has: those of the tests, or none. Tests that are not run by root have none to give away.
 */
type Rights = 'ours' | 'none';
export const RIGHTS: readonly Rights[] = process.getuid?.() === 0 ? ['ours', 'none'] : ['ours'];

const AS_NOBODY = [process.execPath, join(import.meta.dir, 'as-nobody.ts')];
const NOBODY = 65534;

/** Hands a folder with everything in it over to the user of `as-nobody.ts`. */
const handOver = (dir: string): void => {
  for (const name of ['', ...readdirSync(dir, { recursive: true, encoding: 'utf8' })])
    lchownSync(join(dir, name), NOBODY, NOBODY);
};

const begin = (
  flags: readonly string[],
  rights: Rights = 'ours',
  env: Readonly<Record<string, string>> = {},
) =>
  Bun.spawn(
    [...(rights === 'none' ? AS_NOBODY : []), process.execPath, MAIN, 'serve', '--json', ...flags],
    { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );

/** Runs `puntual serve` that is expected to end by itself. */
export const runServe = async (...flags: string[]): Promise<Ended> => {
  const child = begin(flags);
  const stderr = await new Response(child.stderr).text();
  return { exitCode: await child.exited, stderr };
};

/** Resolves when the service is ready. */
export const startService = async (
  flags: readonly string[] = [],
  modelsDir = makeModelsDir(),
  rights: Rights = 'ours',
  env: Readonly<Record<string, string>> = {},
): Promise<Running> => {
  if (rights === 'none') handOver(modelsDir);
  const ports = ['--port', '0', '--admin-port', '0', '--drain-delay', '50ms'];
  const child = begin(['--models', modelsDir, '--workers', '2', ...ports, ...flags], rights, env);
  process.on('exit', () => child.kill('SIGKILL'));
  let log = '';
  void (async () => {
    for await (const part of child.stderr) log += Buffer.from(part).toString();
  })();
  let text = '';
  let started: Started | undefined;
  for await (const part of child.stdout) {
    text += Buffer.from(part).toString();
    if (text.endsWith('}\n')) {
      started = JSON.parse(text) as Started;
      break;
    }
  }
  if (!started) throw new Error(`the service did not start: ${log}`);
  const { url, adminUrl } = started;
  return {
    ...started,
    modelsDir,
    process: child,
    workerList: async () =>
      ((await (await fetch(`${adminUrl}/workers`)).json()) as { workers: WorkerLine[] }).workers,
    predict: () =>
      fetch(`${url}/predict`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify(PLANTED_FLIGHT),
      }),
    admin: (path, body) =>
      fetch(`${adminUrl}${path}`, {
        ...(body !== undefined && {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      }),
    logged: () => log,
    logs: (text) => until(() => log.includes(text)),
    stop: () => {
      child.kill('SIGTERM');
      return child.exited;
    },
  };
};

/** Waits for a condition; the test's own time limit ends a wait in vain. */
export const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await Bun.sleep(10);
};

/** The value of one series of `/metrics`, 0 when it is not there. */
export const metricOf = async (service: Running, series: string): Promise<number> => {
  const text = await (await service.admin('/metrics')).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line ? Number(line.slice(series.length + 1)) : 0;
};

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
