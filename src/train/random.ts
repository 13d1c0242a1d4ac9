/**
 * Numbers in [0, 1) from a seed, so that the same training gives the same bytes.
 * Stands below sampling, splits at random and self-tests.
 */

/** @source Steele, Lea, Flood 2014 (SplitMix) */
export const buildRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32;
  };
};

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
