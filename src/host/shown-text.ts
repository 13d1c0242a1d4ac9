/**
 * Text of others as it may be shown, logged and stored: names of files and values of data on one line, without what a
 * terminal would obey or turn around; addresses without what is secret in them.
 */

/** Control characters, separators of lines, and marks that change the direction. */
const UNSEEN = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

export const visibleText = (text: string): string =>
  text.replace(
    UNSEEN,
    (sign) => SHORT[sign] ?? `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Without a name and password, and without what stands behind `?` and `#`, where keys and signatures are. */
export const shownAddress = (address: string): string => {
  if (!URL.canParse(address)) return address.replace(/[?#].*$/s, '').replace(/\/\/[^/]*@/, '//');
  const { protocol, host, pathname } = new URL(address);
  return `${protocol}//${host}${pathname}`;
};
