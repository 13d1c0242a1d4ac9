/**
 * Numbers in [0, 1) from a seed, so that the same run gives the same bytes.
 */

/** @source Steele, Lea, Flood 2014 (SplitMix32) */
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
