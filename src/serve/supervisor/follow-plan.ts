/**
 * Follows what the container grants while the service runs: its quota of processors or its memory may be changed in
 * place, and the fleet grows or shrinks with them. It grows as well when more connections are open than its workers can
 * hold for long, each by its descriptors.
 */
import { AppError } from '../../core/errors.ts';
import { readRegularFile } from '../../core/files/regular-file.ts';
import { descriptorLimit } from '../../host/descriptors.ts';
import { grantedMemoryBytes } from '../../host/memory-limit.ts';
import { grantedProcessors, processorQuota } from '../../host/processors.ts';
import type { ServeConfig } from '../config.ts';
import type { Log } from '../log.ts';
import { type FleetPlan, type Grant, planFleet } from './fleet-plan.ts';

const LOOK_MS = 2000;
const COUNT_MS = 100;
const REQUEST_LIMIT_BYTES = 4096;

interface Followed {
  /** Returns false when it is not the moment; it is asked again. */
  readonly resize: (nWorkers: number) => boolean;
  /** Connections that are open now. */
  readonly open: () => number;
  readonly everyMs?: number;
}

interface FollowedPlan {
  /** What holds now. */
  readonly plan: () => FleetPlan;
  /** Looks again every two seconds from now on. @returns a function that stops it */
  readonly start: (followed: Followed) => () => void;
}

/** A quota holds; without one, what was requested; else all there is. */
const buildGrant = ({ cpuRequest }: Pick<ServeConfig, 'cpuRequest'>): (() => Grant) => {
  const requested = buildRequest(cpuRequest);
  return () => ({
    processors:
      cpuRequest !== undefined && processorQuota() === Number.POSITIVE_INFINITY
        ? Math.min(requested(), grantedProcessors())
        : grantedProcessors(),
    memoryBytes: grantedMemoryBytes(),
    descriptors: descriptorLimit(),
  });
};

/**
 * Processors that were requested, looked up each time where a file holds them; what was there last, while it is being
 * replaced.
 * @throws AppError file-missing, file-unreadable, value-invalid when the file is not right at the start
 */
export const buildRequest = (cpuRequest: ServeConfig['cpuRequest']): (() => number) => {
  if (cpuRequest === undefined) return () => Number.POSITIVE_INFINITY;
  if (typeof cpuRequest === 'number') return () => cpuRequest;
  const { file } = cpuRequest;
  const textOf = (): string => readRegularFile(file, REQUEST_LIMIT_BYTES).toString('latin1').trim();
  const read = (): number => {
    try {
      const text = textOf();
      // What the downward API writes where nothing was requested.
      if (text === '0') return Number.POSITIVE_INFINITY;
      return /^[1-9]\d*$/.test(text) ? Number(text) / 1000 : Number.NaN;
    } catch (error) {
      if (error instanceof AppError) return Number.NaN;
      throw error;
    }
  };
  let last = read();
  if (Number.isNaN(last)) throw wrongRequest(file, textOf);
  return () => {
    const now = read();
    if (!Number.isNaN(now)) last = now;
    return last;
  };
};

const wrongRequest = (file: string, textOf: () => string): AppError => {
  try {
    return new AppError(
      'value-invalid',
      `--cpu-request: ${file} holds '${textOf().slice(0, 40)}'; thousandths of a processor are expected, such as 1500`,
    );
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return new AppError(error.code, `--cpu-request: ${error.message}`);
  }
};

export const followPlan = (
  config: ServeConfig,
  modelBytes: () => number,
  log: Log,
  grant: () => Grant = buildGrant(config),
): FollowedPlan => {
  let mostOpen = 0;
  const planNow = (): FleetPlan =>
    planFleet(
      {
        workers: config.workers,
        connections: config.connections,
        open: mostOpen,
        memoryLimitMb: config.memoryLimitMb,
        modelBytes: modelBytes(),
      },
      grant(),
    );
  let plan = planNow();
  let nServed = plan.nWorkers;
  const say = (): void => {
    for (const note of plan.notes) log.info(note);
  };
  say();
  return {
    plan: () => plan,
    start: ({ resize, open, everyMs = LOOK_MS }) => {
      const look = (): void => {
        const next = planNow();
        const hasChanged = next.notes.join() !== plan.notes.join();
        plan = next;
        if (hasChanged) say();
        if (plan.nWorkers === nServed || !resize(plan.nWorkers)) return;
        log.info('the number of workers follows the container, or its connections', {
          workers: plan.nWorkers,
          before: nServed,
          memoryLimitMb: plan.memoryLimitMb,
          mostConnections: mostOpen,
        });
        nServed = plan.nWorkers;
      };
      const count = (): void => {
        mostOpen = Math.max(mostOpen, open());
        if (mostOpen > plan.growsAbove) look();
      };
      const timers = [setInterval(look, everyMs), setInterval(count, COUNT_MS)];
      return () => timers.forEach(clearInterval);
    },
  };
};
