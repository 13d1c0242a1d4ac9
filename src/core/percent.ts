/**
 * Text in which signs are written as `%2F`, from hands that may write anything.
 */

/** The text itself where it only looks like that. */
export const decodePercents = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
