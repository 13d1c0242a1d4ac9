/**
 * Rows in random order.
 */
import { buildRandom } from '../../core/random.ts';

/** int32, shape (n): 0 .. n-1 in random order. @source Fisher, Yates */
export const shuffled = (n: number, seed: number): Int32Array => {
  const random = buildRandom(seed);
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    const kept = order[i]!;
    order[i] = order[j]!;
    order[j] = kept;
  }
  return order;
};
