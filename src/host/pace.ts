/**
 * The pace of heavy work under a quota of processors: a share of the quota, evenly. Otherwise the quota would be used up in
 * one go, and everybody, also who asks for little, would wait for the scheduler's next period, up to 100 ms.
 */
import { throttlingQuota } from './processors.ts';

/** Of the quota; the rest is for those who ask for little, and for other processes of the container. */
const SHARE = 0.7;
/** What may be used at once: little of what a period of the scheduler grants, also with half a processor. */
const BURST_MS = 8;
/** More is never made up for. */
const DEBT_LIMIT_MS = 100;
/** Not worth a wait. */
const LEAST_DEBT_MS = 0.01;
const LONGEST_REST_MS = 250;
/** A container may be resized. */
const LOOK_MS = 2000;

/** To be asked before each piece: how long heavy work is to wait, in milliseconds; 0: it goes on. */
type Rest = () => number;

interface Pace {
  /** One for each kind of work; each goes on after so long at last, also where others use up the quota meanwhile. */
  readonly kind: (longestRestMs?: number) => Rest;
  /** Between how many processes, this one included, the quota is divided. */
  readonly divide: (nProcesses: number) => void;
}

interface Surroundings {
  readonly nowMs: () => number;
  /** Milliseconds of processor that this process has used. */
  readonly usedMs: () => number;
  /** Processors that all processes may use together; infinite where nobody holds them back. */
  readonly quota: () => number;
}

export const buildPace = ({ nowMs, usedMs, quota }: Surroundings): Pace => {
  let nProcesses = 1;
  let granted = Number.POSITIVE_INFINITY;
  let lookedMs = Number.NEGATIVE_INFINITY;
  let allowedMs = BURST_MS;
  let lastMs = 0;
  let lastUsedMs = 0;
  /** How long until all that was used is paid for; 0 where it is. */
  const debtMs = (now: number): number => {
    if (now - lookedMs >= LOOK_MS) {
      lookedMs = now;
      granted = quota();
    }
    if (granted === Number.POSITIVE_INFINITY) return 0;
    const rate = (SHARE * granted) / nProcesses;
    const used = usedMs();
    const sumMs = allowedMs + rate * (now - lastMs) - (used - lastUsedMs);
    allowedMs = Math.max(-DEBT_LIMIT_MS, Math.min(BURST_MS, sumMs));
    lastMs = now;
    lastUsedMs = used;
    return allowedMs >= -LEAST_DEBT_MS ? 0 : -allowedMs / rate;
  };
  return {
    divide: (n) => {
      nProcesses = Math.max(1, n);
    },
    kind: (longestRestMs = LONGEST_REST_MS) => {
      let sinceMs: number | undefined;
      return () => {
        const now = nowMs();
        const restMs = Math.min(debtMs(now), longestRestMs - (now - (sinceMs ?? now)));
        sinceMs = restMs > 0 ? (sinceMs ?? now) : undefined;
        return Math.max(0, restMs);
      };
    },
  };
};

/** Of this process. */
export const pace = buildPace({
  nowMs: () => performance.now(),
  usedMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  quota: throttlingQuota,
});
