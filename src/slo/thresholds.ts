/**
 * Objectives as thresholds of a stress run: a run has no 30 days, but it must not do worse than the target.
 * Objectives of other things than requests ask nothing of it.
 */
import type { Objective } from './objective.ts';

/** `errors<0.1%,p99<50ms`. */
export const thresholdsOf = (objectives: readonly Objective[]): string =>
  objectives
    .filter(({ isOfRequests }) => isOfRequests)
    .map(({ target, quickMs }) =>
      quickMs === undefined
        ? `errors<${percent(1 - target)}%`
        : `p${percent(target)}<${Number(quickMs.toFixed(3))}ms`,
    )
    .join(',');

const percent = (share: number): number => Number((100 * share).toFixed(6));
