/**
 * Addresses of sockets as the system's calls take and give them.
 */
import { isIP } from 'node:net';

export const AF_UNIX = 1;
const AF_INET = 2;
export const AF_INET6 = 10;

/** As `connect(2)` and `bind(2)` take it. */
export interface SocketAddress {
  readonly family: number;
  readonly bytes: Uint8Array;
}

/** The most bytes of any. @source struct sockaddr_storage */
export const ADDRESS_BYTES = 128;

const MAX_PATH_BYTES = 107;

/** @returns undefined for a name, and for an address with a zone */
export const encodeAddress = (host: string, port: number): SocketAddress | undefined => {
  const version = isIP(host);
  if (version === 4) {
    return addressOf(AF_INET, 16, [
      [2, portBytes(port)],
      [4, host.split('.').map(Number)],
    ]);
  }
  if (version !== 6 || host.includes('%')) return undefined;
  return addressOf(AF_INET6, 28, [
    [2, portBytes(port)],
    [8, bytesOfVersion6(host)],
  ]);
};

/** @returns undefined where the path is too long, and for an abstract name */
export const encodePath = (path: string): SocketAddress | undefined => {
  const bytes = Buffer.from(path);
  if (bytes.length > MAX_PATH_BYTES || bytes.includes(0)) return undefined;
  return addressOf(AF_UNIX, 2 + bytes.length + 1, [[2, bytes]]);
};

const addressOf = (
  family: number,
  nBytes: number,
  parts: readonly (readonly [at: number, bytes: ArrayLike<number>])[],
): SocketAddress => {
  const bytes = new Uint8Array(nBytes);
  new Uint16Array(bytes.buffer, 0, 1)[0] = family;
  for (const [at, part] of parts) bytes.set(part, at);
  return { family, bytes };
};

const portBytes = (port: number): readonly number[] => [port >> 8, port & 255];

/** Eight groups of four digits, a run of zeros left out, the last two perhaps written as of version 4. */
const bytesOfVersion6 = (host: string): Uint8Array => {
  const [head = '', tail] = host.split('::');
  const groupsOf = (part: string): number[] =>
    part === ''
      ? []
      : part.split(':').flatMap((group) => {
          if (!group.includes('.')) return [Number.parseInt(group, 16)];
          const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
          return [a * 256 + b, c * 256 + d];
        });
  const first = groupsOf(head);
  const last = tail === undefined ? [] : groupsOf(tail);
  const zeros = new Array<number>(8 - first.length - last.length).fill(0);
  return Uint8Array.from([...first, ...zeros, ...last].flatMap(portBytes));
};

/** The port in an address that the system gave; 0 where it has none. */
export const portIn = (address: Uint8Array): number =>
  familyOf(address) === AF_UNIX ? 0 : address[2]! * 256 + address[3]!;

/** The host in an address that the system gave, as `inet_ntop(3)` writes it; '' where it has none. */
export const hostIn = (address: Uint8Array): string => {
  if (familyOf(address) === AF_INET) return address.subarray(4, 8).join('.');
  return familyOf(address) === AF_INET6 ? version6Of(address.subarray(8, 24)) : '';
};

const familyOf = (address: Uint8Array): number =>
  new Uint16Array(address.buffer, address.byteOffset, 1)[0]!;

/** An address of version 4 that came by version 6. */
const MAPPED = [0, 0, 0, 0, 0, 0xffff];

/** The longest run of zeros is left out, the first one of several. @source RFC 5952 */
const version6Of = (bytes: Uint8Array): string => {
  const groups = Array.from({ length: 8 }, (_, i) => bytes[2 * i]! * 256 + bytes[2 * i + 1]!);
  if (MAPPED.every((group, i) => groups[i] === group))
    return `::ffff:${bytes.subarray(12).join('.')}`;
  let [from, length] = [0, 1];
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) [from, length] = [i, end - i];
  }
  const textOf = (part: readonly number[]): string =>
    part.map((group) => group.toString(16)).join(':');
  if (length < 2) return textOf(groups);
  return `${textOf(groups.slice(0, from))}::${textOf(groups.slice(from + length))}`;
};
