/**
 * How a stress report writes its figures.
 */
import { formatNumber } from '../format.ts';

/** `1.2 ms`, `3.4 s`, a dash for what is not known. */
export const ms = (value: number | null): string =>
  value === null
    ? '–'
    : value >= 1000
      ? `${formatNumber(value / 1000)} s`
      : `${formatNumber(value)} ms`;

export const perSecond = (value: number): string => `${formatNumber(Math.round(value))}/s`;
