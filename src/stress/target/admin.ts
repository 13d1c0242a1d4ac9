/**
 * The admin port of a service under stress: which workers it has, and the command to reload.
 * Asked over a connection of its own, never through a proxy.
 */
import { AppError } from '../../core/errors.ts';
import { encodeRequest } from '../payload/request.ts';
import { type SingleResponse, sendSingleRequest } from './single-request.ts';
import { resolveTarget, type Target } from './target.ts';

export interface WorkerState {
  readonly id: number;
  readonly pid: number;
  readonly state: string;
  readonly restarts: number;
}

export interface Admin {
  readonly url: string;
  readonly workers: () => Promise<readonly WorkerState[]>;
  /** Asks for the model to be loaded again; resolves with the HTTP status. */
  readonly reload: () => Promise<number>;
}

const TIMEOUT_MS = 2000;
const RELOAD_TIMEOUT_MS = 60_000;

/** The service's own host at port 8081, unless the user says where. */
export const adminUrlOf = (target: URL, said?: string): string => {
  if (said !== undefined) return said.replace(/\/+$/, '');
  const url = new URL(target);
  return `http://${url.hostname}:8081`;
};

/** @throws AppError target-unreachable when the port does not answer as an admin port does */
export const openAdmin = async (url: string): Promise<Admin> => {
  const unreachable = (cause: unknown): AppError =>
    new AppError(
      'target-unreachable',
      `No admin port answers at ${url}/workers, and faults need it; --admin URL says where it is.`,
      { cause },
    );
  let target: Target;
  try {
    target = await resolveTarget(new URL(url), { resolve: new Map(), verifyTls: true });
  } catch (cause) {
    throw unreachable(cause);
  }
  const ask = async (method: string, path: string, timeoutMs: number): Promise<SingleResponse> => {
    const full = target.url.pathname.replace(/\/$/, '') + path;
    const request = { method, path: full, headers: [], body: null };
    const bytes = encodeRequest(request, target.url.host, false);
    const answer = await sendSingleRequest(target, bytes, { timeoutMs, bodiless: false });
    if ('status' in answer) return answer;
    throw new TypeError(answer.kind);
  };
  const workers = async (): Promise<readonly WorkerState[]> => {
    const answer = await ask('GET', '/workers', TIMEOUT_MS);
    const document = JSON.parse(answer.body.toString()) as { workers?: readonly WorkerState[] };
    if (!Array.isArray(document.workers)) throw new TypeError('no list of workers');
    return document.workers;
  };
  try {
    await workers();
  } catch (cause) {
    throw unreachable(cause);
  }
  return {
    url,
    workers,
    reload: async () => (await ask('POST', '/reload', RELOAD_TIMEOUT_MS)).status,
  };
};
