/**
 * Runs a Job of parts: creates it, waits until each part has ended, gathers what each wrote, and takes the Job away,
 * whatever came of it.
 */
import { AppError } from '../../core/errors.ts';
import { RUN_FORMAT } from '../results/run-file.ts';
import { jobOf, type JobSetting } from './job.ts';
import type { Kubectl } from './kubectl.ts';

const LOOK_MS = 1000;
const INDEX = 'batch.kubernetes.io/job-completion-index';

/** Why a pod waits and will go on waiting: nobody but its author can help. */
const HOPELESS =
  /^(?:ErrImagePull|ImagePullBackOff|ErrImageNeverPull|InvalidImageName|CreateContainer\w*Error|RunContainerError|CrashLoopBackOff)$/;

interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly status: {
    readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
    readonly conditions?: readonly {
      readonly type: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly containerStatuses?: readonly {
      readonly state: {
        readonly waiting?: { readonly reason?: string; readonly message?: string };
      };
    }[];
  };
}

interface RunPartsOptions {
  readonly kubectl: Kubectl;
  readonly job: JobSetting;
  /** Ends the run: the Job is taken away, and the promise rejects. */
  readonly signal: AbortSignal;
  /** A line about how far it has come, when that has changed. */
  readonly tell: (line: string) => void;
}

/**
 * @returns the run file of each part, as text, in the order of the parts
 * @throws AppError target-unreachable, verdict-invalid (a part that wrote no run file), and what `signal` was given
 */
export const runParts = async (options: RunPartsOptions): Promise<readonly string[]> => {
  const { kubectl, job, signal } = options;
  try {
    await kubectl.run(['create', '-f', '-'], JSON.stringify(jobOf(job)));
    const logs = buildLogs(kubectl);
    const pods = await follow(options, logs.read);
    const found = await Promise.allSettled(
      pods.map(async (pod, part) => runFileIn(await logs.of(pod), pod, part)),
    );
    return found.map((part) => {
      if (part.status === 'rejected') throw part.reason;
      return part.value;
    });
  } finally {
    const of = `app.kubernetes.io/instance=${job.name}`;
    await kubectl
      .run(['delete', 'job,secret', '-l', of, '--ignore-not-found', '--wait=false'])
      .catch((error: Error) => options.tell(`job ${job.name} is still there: ${error.message}`));
    signal.throwIfAborted();
  }
};

/** The logs of pods, read from their first moment on: nodes clear away what ended pods have written. */
const buildLogs = (kubectl: Kubectl) => {
  const logs = new Map<string, Promise<string>>();
  return {
    read: ({ metadata: { name } }: Pod): void => {
      if (logs.has(name)) return;
      const log = kubectl.run(['logs', name, '--follow']);
      log.catch(() => {});
      logs.set(name, log);
    },
    /** All of it, once the pod has ended. @throws AppError target-unreachable */
    of: async ({ metadata: { name } }: Pod): Promise<string> => {
      const followed = await logs.get(name)?.catch(() => '');
      return followed || kubectl.run(['logs', name]);
    },
  };
};

/**
 * @param onBegun called with each pod that does not wait any more, again and again
 * @returns the pods of all parts, in order, once each has ended
 */
const follow = async (
  { kubectl, job, signal, tell }: RunPartsOptions,
  onBegun: (pod: Pod) => void,
): Promise<readonly Pod[]> => {
  const endMs = Date.now() + job.limitSeconds * 1000;
  let told = '';
  for (;;) {
    signal.throwIfAborted();
    const { items } = await kubectl.ask<{ items: readonly Pod[] }>([
      ...['get', 'pods', '-l', `app.kubernetes.io/instance=${job.name}`],
    ]);
    const parts = new Map(
      items.map((pod) => [Number(pod.metadata.annotations?.[INDEX] ?? Number.NaN), pod]),
    );
    for (const pod of parts.values())
      if (pod.status.phase !== undefined && pod.status.phase !== 'Pending') onBegun(pod);
    const nIn = (...phases: readonly Pod['status']['phase'][]): number =>
      [...parts.values()].filter(({ status }) => phases.includes(status.phase)).length;
    const nEnded = nIn('Succeeded', 'Failed');
    if (nEnded === job.nParts)
      return Array.from({ length: job.nParts }, (_, part) => parts.get(part)!);
    const trouble = [...parts.values()].map(troubleOf).find((text) => text !== undefined);
    if (trouble?.isHopeless) throw new AppError('target-unreachable', trouble.text);
    const isLate = Date.now() > job.startAtMs && nIn('Pending') > 0;
    if (isLate)
      throw new AppError(
        'target-unreachable',
        `${nIn('Pending')} of ${job.nParts} parts had not begun when the run did${trouble ? ` (${trouble.text})` : ''}: give more time with --start-in.`,
      );
    if (Date.now() > endMs)
      throw new AppError('target-unreachable', `job ${job.name} did not end in its time.`);
    const now =
      nEnded > 0
        ? `${nEnded} of ${job.nParts} parts have ended`
        : `${nIn('Running')} of ${job.nParts} parts are there${trouble ? `; ${trouble.text}` : ''}`;
    if (now !== told) tell(now);
    told = now;
    await pause(LOOK_MS, signal);
  }
};

/** Why a pod does not run, in words. */
const troubleOf = ({
  metadata,
  status,
}: Pod): { readonly text: string; readonly isHopeless: boolean } | undefined => {
  const waiting = status.containerStatuses?.[0]?.state.waiting;
  if (waiting?.reason && waiting.reason !== 'ContainerCreating')
    return {
      text: `pod ${metadata.name}: ${waiting.reason}${waiting.message ? `: ${waiting.message}` : ''}`,
      isHopeless: HOPELESS.test(waiting.reason),
    };
  const unplaced = status.conditions?.find(({ reason }) => reason === 'Unschedulable');
  return unplaced && { text: `pod ${metadata.name}: ${unplaced.message}`, isHopeless: false };
};

/** @throws AppError verdict-invalid with the last line that the part wrote, when it wrote no run */
const runFileIn = (log: string, { metadata: { name } }: Pod, part: number): string => {
  const lines = log.trim().split('\n');
  const run = lines.findLast((line) => line.startsWith(`{"format":"${RUN_FORMAT}"`));
  if (run !== undefined) return run;
  throw new AppError(
    'verdict-invalid',
    `part ${part} (pod ${name}) left no run: ${lines.at(-1) || 'it wrote nothing'}`,
  );
};

/** Resolves after a while, or as soon as `signal` fires. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
