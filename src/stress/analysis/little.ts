/**
 * Little's law as an audit: N = X R, requests in flight are throughput times mean service time, in every second.
 * More than 5 % apart means not steady, lost samples, or a clock at fault.
 */
import type { Window } from '../coordinator/window.ts';

export interface LittleAudit {
  readonly nWindows: number;
  readonly nFlagged: number;
  /** Median of measured over computed in-flight. */
  readonly ratio: number | null;
  readonly sentence: string;
}

const ALLOWED = 0.05;
/** Below this, one request more or less is already more than 5 %. */
const MIN_IN_FLIGHT = 1;

/** In flight by Little's law: N = X R. */
export const inFlightOf = (perSecond: number, meanMs: number): number =>
  (perSecond * meanMs) / 1000;

export const auditLittle = (windows: readonly Window[]): LittleAudit => {
  const ratios = windows.flatMap((window, i) => {
    const isWhole = i > 0 && i < windows.length - 1;
    const failed = window.httpError + window.socketError + window.timeout;
    if (!isWhole || failed > 0 || window.serviceMeanMs === null) return [];
    const expected = inFlightOf(window.ok / window.seconds, window.serviceMeanMs);
    return expected < MIN_IN_FLIGHT ? [] : [window.inFlight / expected];
  });
  const nFlagged = ratios.filter((ratio) => Math.abs(ratio - 1) > ALLOWED).length;
  const sorted = [...ratios].sort((a, b) => a - b);
  const ratio = sorted.length > 0 ? sorted[sorted.length >> 1]! : null;
  return {
    nWindows: ratios.length,
    nFlagged,
    ratio,
    sentence:
      ratio === null
        ? "Little's law could not be checked: too few requests were in flight"
        : `Little's law (N = X R) holds within 5 % in ${ratios.length - nFlagged} of ${ratios.length} windows; median ratio ${ratio.toFixed(3)}`,
  };
};
