/** The neighbours of a number among those that float64, or float32, can hold. */

export const nextBelow = (value: number): number => {
  if (!Number.isFinite(value)) return value === Infinity ? Number.MAX_VALUE : value;
  if (value === 0) return -Number.MIN_VALUE;
  const bits = new BigInt64Array(Float64Array.of(value).buffer);
  bits[0] = bits[0]! + (value > 0 ? -1n : 1n);
  return new Float64Array(bits.buffer)[0]!;
};

export const nextAbove = (value: number): number => -nextBelow(-value);

/** @param value a finite float32 */
export const nextBelow32 = (value: number): number => step32(value, -1);

/** @param value a finite float32 */
export const nextAbove32 = (value: number): number => step32(value, 1);

const step32 = (value: number, step: 1 | -1): number => {
  if (value === 0) return step * 2 ** -149;
  const bits = new Int32Array(Float32Array.of(value).buffer);
  bits[0] = bits[0]! + (value > 0 ? step : -step);
  return new Float32Array(bits.buffer)[0]!;
};
