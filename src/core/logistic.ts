/**
 * The logistic function and its inverse: between log-odds x and a probability p.
 *
 *   p = 1 / (1 + e^-x)        x = ln(p / (1 - p))
 */

/** The probability of log-odds. */
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** The same in single precision, every step of it, as float32 libraries compute it. */
export const sigmoid32 = (x: number): number => {
  const power = Math.fround(Math.exp(-x));
  return Math.fround(1 / Math.fround(1 + power));
};

/** The log-odds of a probability. */
export const logit = (p: number): number => Math.log(p / (1 - p));
