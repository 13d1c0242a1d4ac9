/**
 * Step 6: what a leaf answers and how much that gains, inside the bounds that monotone constraints set.
 *
 *   value = -G / (H + l2), cut to its bounds
 *   gain  = -(2 G value + (H + l2) value^2), twice what the value lowers the loss by; without bounds, G^2 / (H + l2)
 */

/** Real gradient = quantised * g; real hessian = quantised * h. */
export interface Scales {
  readonly g: number;
  readonly h: number;
}

/** Between which values a leaf may answer. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

export const UNBOUNDED: Bounds = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

/** Best value of a leaf, before shrinkage, inside its bounds. @param g real gradient @param h real hessian */
export const leafValue = (g: number, h: number, l2: number, { low, high }: Bounds): number => {
  const value = h + l2 > 0 ? -g / (h + l2) : 0;
  return value < low ? low : value > high ? high : value;
};

/** How much a leaf lowers the loss (twice): exact also where a bound cuts the value. */
export const leafGain = (g: number, h: number, l2: number, bounds: Bounds): number => {
  const value = leafValue(g, h, l2, bounds);
  return -(2 * g * value + (h + l2) * value * value);
};

/** A leaf that is split: its own quantised sums and bounds, and the sums of its left child. */
interface SplitLeaf {
  readonly g: number;
  readonly h: number;
  readonly leftG: number;
  readonly leftH: number;
  readonly bounds: Bounds;
}

/**
 * What the children of a split may answer: a constrained feature keeps the two sides apart at their middle.
 * @param direction 1 rising, -1 falling, 0 free
 * @source LightGBM, monotone constraints, method "basic"
 */
export const childBounds = (
  { g, h, leftG, leftH, bounds }: SplitLeaf,
  direction: number,
  scales: Scales,
  l2: number,
): { readonly left: Bounds; readonly right: Bounds } => {
  if (direction === 0) return { left: bounds, right: bounds };
  const answerOf = (sumG: number, sumH: number): number =>
    leafValue(sumG * scales.g, sumH * scales.h, l2, bounds);
  const middle = (answerOf(leftG, leftH) + answerOf(g - leftG, h - leftH)) / 2;
  const below: Bounds = { low: bounds.low, high: middle };
  const above: Bounds = { low: middle, high: bounds.high };
  return direction > 0 ? { left: below, right: above } : { left: above, right: below };
};
