/**
 * Text of others (names of files, values of data) as a terminal may be given it: on one line, and without what a terminal
 * would obey or turn around.
 */

/** Control characters, separators of lines, and marks that change the direction. */
const UNSEEN = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

export const visibleText = (text: string): string =>
  text.replace(
    UNSEEN,
    (sign) => SHORT[sign] ?? `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
