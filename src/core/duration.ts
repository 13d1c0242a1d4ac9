/**
 * Durations as people write them: `30s`, `500ms`, `1m30s`, `2h`, or plain seconds.
 */

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const FORM = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h)/g;

/** Milliseconds of a duration; undefined for what is none. */
export const parseDurationMs = (text: string): number | undefined => {
  const trimmed = text.trim();
  if (/^\d+(?:\.\d+)?$/.test(trimmed)) return Number(trimmed) * 1000;
  if (!FORM.test(trimmed)) return undefined;
  return [...trimmed.matchAll(PART)].reduce(
    (sum, [, number, unit]) => sum + Number(number) * UNITS_MS[unit!]!,
    0,
  );
};
