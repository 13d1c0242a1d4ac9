/**
 * The helping threads: started once per training, given one table after the other.
 * Stands between `engine` and `thread`.
 */
import type { Order } from './jobs.ts';
import type { Layout } from './layout.ts';

/** What a thread gets before its first job. */
export interface Assignment {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly layout: Layout;
  readonly thread: number;
  readonly order: Order;
}

export interface Team {
  /** All threads, the caller's included. */
  readonly nThreads: number;
  /** Hands every helper its assignment; resolves when all are ready for jobs. */
  readonly assign: (assignment: Omit<Assignment, 'thread'>) => Promise<void>;
  readonly dismiss: () => void;
}

export const buildTeam = (nThreads: number): Team => {
  const workers = Array.from(
    { length: nThreads - 1 },
    () => new Worker(new URL('./thread.ts', import.meta.url)),
  );
  return {
    nThreads,
    assign: async (assignment) => {
      await Promise.all(
        workers.map(
          (worker, i) =>
            new Promise<void>((resolve, reject) => {
              worker.onmessage = ({ data }) => {
                if (data === 'ready') resolve();
              };
              worker.onerror = (event) => reject(new Error(event.message));
              worker.postMessage({ ...assignment, thread: i + 1 });
            }),
        ),
      );
    },
    dismiss: () => {
      for (const worker of workers) worker.terminate();
    },
  };
};
