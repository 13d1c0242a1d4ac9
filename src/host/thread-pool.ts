/**
 * Threads that run one entry file and are given one task after the other. What goes often, rows and sums, goes through
 * shared memory that a task names; messages are for the few words at its beginning and end.
 */

export interface ThreadPool<Task> {
  readonly nThreads: number;
  /**
   * Sends a task to a thread that has none under way.
   * @returns its first message, once it comes; rejects with the error that ended this thread or, before, another
   */
  readonly send: <Answer>(thread: number, task: Task) => Promise<Answer>;
  readonly dismiss: () => void;
}

/** Starts `nThreads` workers on `entry`. */
export const startThreads = <Task>(entry: URL, nThreads: number): ThreadPool<Task> => {
  let failure: Error | undefined;
  const waiting: (PromiseWithResolvers<unknown> | undefined)[] = [];
  const workers = Array.from({ length: nThreads }, (_, thread) => {
    const worker = new Worker(entry);
    worker.onmessage = ({ data }: MessageEvent<unknown>) => {
      waiting[thread]?.resolve(data);
      waiting[thread] = undefined;
    };
    worker.onerror = ({ message }) => {
      failure ??= new Error(message);
      for (const one of waiting) one?.reject(failure);
      waiting.length = 0;
    };
    return worker;
  });
  return {
    nThreads,
    send: <Answer>(thread: number, task: Task): Promise<Answer> => {
      if (failure) return Promise.reject<Answer>(failure);
      const answer = Promise.withResolvers<unknown>();
      waiting[thread] = answer;
      workers[thread]!.postMessage(task);
      return answer.promise as Promise<Answer>;
    },
    dismiss: () => {
      for (const worker of workers) worker.terminate();
    },
  };
};
