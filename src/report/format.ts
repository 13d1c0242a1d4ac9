/**
 * Numbers and texts as a page shows them.
 */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that is safe between tags and inside quoted attributes. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);

const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 4 });

/** `12,345`, `0.6812`, `1.5e-7`; a dash for what is not a number. */
export const formatNumber = (number: number): string => {
  if (!Number.isFinite(number)) return '–';
  if (Number.isInteger(number) || Math.abs(number) >= 10_000) return whole.format(number);
  return Math.abs(number) < 1e-4 ? number.toExponential(1) : short.format(number);
};

/** `23.4 %` of a share. */
export const formatPercent = (share: number, digits = 1): string =>
  Number.isFinite(share) ? `${(100 * share).toFixed(digits)} %` : '–';

/** `1.2 ms`, `3.4 s`, a dash for what is not known. */
export const formatMs = (ms: number | null): string =>
  ms === null ? '–' : ms >= 1000 ? `${formatNumber(ms / 1000)} s` : `${formatNumber(ms)} ms`;

/** `12,345/s` */
export const formatPerSecond = (rate: number): string => `${formatNumber(Math.round(rate))}/s`;
