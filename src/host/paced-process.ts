/**
 * A process that starts beside others, at the pace of heavy work: reading its modules and warming up take what a small
 * quota grants in several periods of the scheduler, and everybody would wait for the end of each. It cannot rest by itself
 * in the midst of that, so it is stopped and goes on by signals.
 */
import { buildPace } from './pace.ts';
import { openProcessTime } from './process-time.ts';
import { throttlingQuota } from './processors.ts';

/** How often is looked at what it has used. */
const LOOK_MS = 2;
/** It may be needed by then. */
const LONGEST_REST_MS = 40;

interface PacedProcess {
  readonly pid: number;
  readonly signal: (signal: 'SIGSTOP' | 'SIGCONT') => void;
  /** When it has started, or is gone. */
  readonly started: Promise<unknown>;
  /** Between how many processes the quota is divided, this one included. */
  readonly nProcesses: number;
  /** Whether it is needed now, and goes on as fast as it can. */
  readonly isUrgent: () => boolean;
  readonly quota?: () => number;
}

const timeOf = openProcessTime();

/** Resolves when it has started, or is gone. */
export const paceProcess = async ({
  pid,
  signal,
  started,
  nProcesses,
  isUrgent,
  quota = throttlingQuota,
}: PacedProcess): Promise<void> => {
  let isStarting = true;
  if (timeOf) {
    const pace = buildPace({ nowMs: () => performance.now(), usedMs: () => timeOf(pid), quota });
    pace.divide(nProcesses);
    const rest = pace.kind(LONGEST_REST_MS);
    const look = (): void => {
      if (!isStarting) return;
      const restMs = isUrgent() ? 0 : rest();
      if (restMs > 0) {
        signal('SIGSTOP');
        setTimeout(goOn, restMs);
      } else setTimeout(look, LOOK_MS);
    };
    const goOn = (): void => {
      signal('SIGCONT');
      look();
    };
    look();
  }
  await started.catch(() => {});
  isStarting = false;
};
