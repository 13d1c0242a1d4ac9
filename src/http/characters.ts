/**
 * Which bytes may occur in a token, a field value, a target, a host: one table of 256 flags for each.
 */

const tableOf = (allowed: (byte: number) => boolean): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, byte) => (allowed(byte) ? 1 : 0));

const isAlphanumeric = (byte: number): boolean => /[0-9A-Za-z]/.test(String.fromCharCode(byte));
const among =
  (text: string) =>
  (byte: number): boolean =>
    isAlphanumeric(byte) || text.includes(String.fromCharCode(byte));

/** Of methods and names of fields. @source RFC 9110, 5.6.2 */
export const TOKEN = tableOf(among("!#$%&'*+-.^_`|~"));

/** Of the values of fields: what is printable, space, tab, and bytes of other alphabets. @source RFC 9110, 5.5 */
export const VALUE = tableOf((byte) => byte === 9 || (byte >= 32 && byte !== 127));

/** Of a target: what is visible, but for the mark of a fragment, which never leaves a client. @source RFC 9112, 3.2 */
export const TARGET = tableOf((byte) => byte > 32 && byte < 127 && byte !== 35);

/** Of a host with its port. @source RFC 3986, 3.2.2 */
export const HOST = tableOf(among("-._~!$&'()*+,;=:%[]"));

/** Value of a hexadecimal digit, 255 for any other byte. */
export const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? 255 : digit;
});

export const [TAB, LF, CR, SPACE, COLON] = [9, 10, 13, 32, 58] as const;
