/**
 * Quotas: requests per second and caller, counted over all workers in one shared table.
 * A quota of q is k = max(1, floor(q)) requests in each window of k / q seconds: 2 a second are 2 in each second,
 * 2.5 are 2 in 0.8 s, 0.1 is 1 in 10 s. Two int32 per caller: the window, and the requests in it.
 */
import { QUOTA_KEYS, type Quota } from '../context.ts';

export const QUOTA_CELLS = QUOTA_KEYS;

/**
 * @param cells float64, shape (QUOTA_CELLS), shared by all workers
 * @param nowMs the wall clock, the same for all workers of a machine
 */
export const buildQuota = (cells: Float64Array, nowMs: () => number = Date.now): Quota => {
  const table = new Int32Array(cells.buffer, cells.byteOffset, cells.length * 2);
  return {
    take: (key, perSecond) => {
      if (key < 0 || key >= QUOTA_KEYS) return 0;
      const nAllowed = Math.max(1, Math.floor(perSecond));
      const windowMs = (nAllowed / perSecond) * 1000;
      const now = nowMs();
      const window = Math.floor(now / windowMs) | 0;
      const at = key * 2;
      const seen = Atomics.load(table, at);
      if (seen !== window && Atomics.compareExchange(table, at, seen, window) === seen)
        Atomics.store(table, at + 1, 0);
      const before = Atomics.add(table, at + 1, 1);
      return before < nAllowed ? 0 : (windowMs - (now % windowMs)) / 1000;
    },
  };
};
