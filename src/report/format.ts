/**
 * Texts and numbers for people;
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
