/**
 * The cookies of one user: what answers set is sent back to the same service, until the journey ends.
 * @source RFC 6265, sections 5.2 to 5.4
 */

interface Cookies {
  /** Takes what an answer sets. */
  readonly take: (head: string, path: string) => void;
  /** The header for a request; empty where there is none. */
  readonly of: (path: string) => string;
}

interface Cookie {
  readonly value: string;
  readonly path: string;
}

export const buildCookies = (isTls: boolean): Cookies => {
  const jar = new Map<string, Cookie>();
  return {
    take: (head, path) => {
      for (const [, text = ''] of head.matchAll(/\r\nset-cookie:[ \t]*([^\r\n]*)/gi)) {
        const [pair = '', ...rest] = text.split(';').map((part) => part.trim());
        const equals = pair.indexOf('=');
        if (equals < 1) continue;
        const name = pair.slice(0, equals);
        const attributes = new Map(
          rest.map((part): [string, string] => {
            const [key = '', value = ''] = part.split('=', 2);
            return [key.toLowerCase(), value];
          }),
        );
        const isOver =
          Number(attributes.get('max-age') ?? 1) <= 0 ||
          Date.parse(attributes.get('expires') ?? '') < Date.now();
        // A cookie for TLS alone is not sent without.
        if (isOver || (attributes.has('secure') && !isTls)) jar.delete(name);
        else {
          const own = attributes.get('path') ?? '';
          jar.set(name, {
            value: pair.slice(equals + 1),
            path: own.startsWith('/') ? own : folderOf(path),
          });
        }
      }
    },
    of: (path) =>
      jar.size === 0
        ? ''
        : [...jar]
            .filter(([, cookie]) => isWithin(path.split('?', 1)[0]!, cookie.path))
            .map(([name, { value }]) => `${name}=${value}`)
            .join('; '),
  };
};

const folderOf = (path: string): string => {
  const [plain = ''] = path.split('?', 1);
  return plain.slice(0, plain.lastIndexOf('/')) || '/';
};

const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
