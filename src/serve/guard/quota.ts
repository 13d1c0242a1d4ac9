/**
 * Quotas: requests per second and caller, counted over all workers in one shared table.
 * Two int32 per caller: the second, and the requests in it.
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
      const now = nowMs();
      const second = Math.floor(now / 1000) | 0;
      const at = key * 2;
      const seen = Atomics.load(table, at);
      if (seen !== second && Atomics.compareExchange(table, at, seen, second) === seen)
        Atomics.store(table, at + 1, 0);
      const before = Atomics.add(table, at + 1, 1);
      return before < perSecond ? 0 : (1000 - (now % 1000)) / 1000;
    },
  };
};
