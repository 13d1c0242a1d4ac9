/**
 * What a leaf answers and what that is worth, inside the bounds that monotone constraints set.
 */

/** A leaf's sums and what its children may answer (monotone constraints). */
export interface LeafSums {
  /** Sums of quantised gradient and hessian. */
  readonly g: number;
  readonly h: number;
  readonly nRows: number;
  readonly low: number;
  readonly high: number;
}

/** Real gradient = quantised * g; real hessian = quantised * h. */
export interface Scales {
  readonly g: number;
  readonly h: number;
}

/** Best value of a leaf, before shrinkage, inside its bounds. */
export const leafValue = (g: number, h: number, l2: number, low: number, high: number): number => {
  const value = h + l2 > 0 ? -g / (h + l2) : 0;
  return value < low ? low : value > high ? high : value;
};

/** How much a leaf lowers the loss (twice): exact also where a bound cuts the value. */
export const worth = (g: number, h: number, l2: number, low: number, high: number): number => {
  const value = leafValue(g, h, l2, low, high);
  return -(2 * g * value + (h + l2) * value * value);
};

export interface Bounds {
  readonly low: number;
  readonly high: number;
}

/**
 * What the children of a split may answer: a constrained feature keeps the two sides apart at their middle.
 * @param direction 1 rising, -1 falling, 0 free
 * @source LightGBM, monotone constraints, method "basic"
 */
export const childBounds = (
  sums: Bounds & {
    readonly g: number;
    readonly h: number;
    readonly leftG: number;
    readonly leftH: number;
  },
  direction: number,
  scales: Scales,
  l2: number,
): { readonly left: Bounds; readonly right: Bounds } => {
  const { low, high } = sums;
  if (direction === 0) return { left: { low, high }, right: { low, high } };
  const value = (g: number, h: number): number =>
    leafValue(g * scales.g, h * scales.h, l2, low, high);
  const middle =
    (value(sums.leftG, sums.leftH) + value(sums.g - sums.leftG, sums.h - sums.leftH)) / 2;
  return direction > 0
    ? { left: { low, high: middle }, right: { low: middle, high } }
    : { left: { low: middle, high }, right: { low, high: middle } };
};
