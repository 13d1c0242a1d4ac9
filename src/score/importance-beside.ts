/**
 * The importance of features found by a thread of its own, beside what the caller does meanwhile.
 */
import { startThreads } from '../host/thread-pool.ts';
import type { ExplainedScore, FeatureImportance } from './importance.ts';
import type { ImportanceTask } from './importance-thread.ts';

/**
 * Of every feature, largest first; the thread ends with it. Whoever does not get to wait for it misses no error of its own.
 * @param raw float64, shape (n, nInputs)
 */
export const importanceBeside = (
  explained: ExplainedScore,
  raw: Float64Array,
): Promise<readonly FeatureImportance[]> => {
  const { send, dismiss } = startThreads<ImportanceTask>(
    new URL('./importance-thread.ts', import.meta.url),
    1,
  );
  const found = send<readonly FeatureImportance[]>(0, { explained, raw }).finally(dismiss);
  found.catch(() => {});
  return found;
};
