/**
 * The admin port of a service under stress: which workers it has, and the command to reload.
 */
import { AppError } from '../../core/errors.ts';

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
  const workers = async (): Promise<readonly WorkerState[]> => {
    const answer = await fetch(`${url}/workers`, {
      keepalive: true,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const document = (await answer.json()) as { workers?: readonly WorkerState[] };
    if (!Array.isArray(document.workers)) throw new TypeError('no list of workers');
    return document.workers;
  };
  try {
    await workers();
  } catch (cause) {
    throw new AppError(
      'target-unreachable',
      `No admin port answers at ${url}/workers, and faults need it; --admin URL says where it is.`,
      { cause },
    );
  }
  return {
    url,
    workers,
    reload: async () => {
      const answer = await fetch(`${url}/reload`, {
        method: 'POST',
        signal: AbortSignal.timeout(RELOAD_TIMEOUT_MS),
      });
      await answer.body?.cancel();
      return answer.status;
    },
  };
};
