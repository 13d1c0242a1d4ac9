/**
 * The logistic function and its inverse: between log-odds x and a probability p.
 *
 *   p = 1 / (1 + e^-x)        x = ln(p / (1 - p))
 */

/** The probability of log-odds. */
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** The log-odds of a probability. */
export const logit = (p: number): number => Math.log(p / (1 - p));
