/**
 * The service under stress: its URL taken apart, and its addresses.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { AppError } from '../../core/errors.ts';
import type { TlsPlan } from '../messages.ts';

export interface Target {
  readonly url: URL;
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly tls: TlsPlan | null;
  /** Whether HTTP/2 is spoken: agreed on by ALPN over TLS, known before without. */
  readonly isHttp2: boolean;
  /** A Unix socket instead of addresses. */
  readonly socketPath: string | null;
  /** Whether the service is on this machine. */
  readonly isLoopback: boolean;
  /** Addresses that all reach the service. */
  readonly addresses: readonly string[];
  /** What a reader must know of how it is reached. */
  readonly notes: readonly string[];
}

/** @throws AppError usage: no URL, no scheme, a scheme other than http and https, a name and password */
export const parseTarget = (text: string): URL => {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) {
    throw new AppError(
      'usage',
      `'${text}' has no scheme; a URL such as http://${text.replace(/^\/+/, '') || 'localhost:8080'} is expected.`,
    );
  }
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new AppError('usage', `'${text}' is not a URL; http://HOST:PORT/PATH is expected.`);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new AppError(
      'usage',
      `'${url.protocol}//' cannot be stressed; http:// or https:// is expected.`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new AppError(
      'usage',
      "A name and password in the URL are not sent: --header 'Authorization: Basic ...' says who you are.",
    );
  }
  return url;
};

/** How the service is reached, where its URL does not say it. */
export interface Access {
  /** `HOST:PORT` of a URL, and the address that stands for it. */
  readonly resolve: ReadonlyMap<string, string>;
  readonly socketPath?: string | undefined;
  readonly http2?: boolean | undefined;
  /** Whether a certificate that does not verify is refused. */
  readonly verifyTls: boolean;
  /** PEM texts: certificates to trust, and the client's own. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/**
 * Looks the host up; of several addresses the first is taken that accepts connections.
 * @throws AppError target-unreachable
 */
export const resolveTarget = async (url: URL, access: Access): Promise<Target> => {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isTls = url.protocol === 'https:';
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port);
  const socketPath = access.socketPath ?? null;
  const all = socketPath === null ? await lookUp(host, port, access.resolve) : ['127.0.0.1'];
  const address = all.length === 1 ? all[0]! : await firstAccepting(all, port);
  const { verifyTls, ca, cert, key } = access;
  const tls = {
    serverName: host,
    verify: verifyTls,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  return {
    url,
    host,
    port,
    isTls,
    tls: isTls ? tls : null,
    isHttp2: access.http2 ?? false,
    socketPath,
    isLoopback: socketPath !== null || address.startsWith('127.') || address === '::1',
    addresses: [address],
    notes:
      all.length > 1 && host !== 'localhost'
        ? [
            `'${host}' has ${all.length} addresses; the load goes to ${address} (--resolve says another).`,
          ]
        : [],
  };
};

const LOOPBACK_ALIASES = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'];

/**
 * The same service under the other addresses of the loopback that it listens on: each brings its own range of ports.
 * Only for loads that do not fit into one.
 */
export const withAliases = async (target: Target): Promise<Target> => {
  if (target.addresses[0] !== LOOPBACK_ALIASES[0] || target.socketPath !== null) return target;
  const found = await Promise.all(LOOPBACK_ALIASES.map((alias) => accepts(alias, target.port)));
  const addresses = LOOPBACK_ALIASES.filter((_, i) => found[i]);
  if (addresses.length < 2) return target;
  return {
    ...target,
    addresses,
    notes: [
      ...target.notes,
      `One address has too few local ports for so many connections: the load goes to ${addresses.join(', ')}.`,
    ],
  };
};

const LOCALHOST: readonly string[] = ['127.0.0.1', '::1'];

const lookUp = async (
  host: string,
  port: number,
  resolve: Access['resolve'],
): Promise<readonly string[]> => {
  const said = resolve.get(`${host}:${port}`);
  if (said !== undefined) return [said];
  if (isIP(host)) return [host];
  // RFC 6761: it is the loopback of both families, whatever a file of hosts says.
  if (host === 'localhost') return LOCALHOST;
  try {
    const found = await lookup(host, { all: true });
    const addresses = [...found].sort((a, b) => a.family - b.family).map(({ address }) => address);
    return [...new Set(addresses)];
  } catch {
    throw new AppError('target-unreachable', `The name '${host}' is not known to the DNS.`);
  }
};

/** The first of several addresses where something listens; the first of all where nothing does. */
const firstAccepting = async (addresses: readonly string[], port: number): Promise<string> => {
  for (const address of addresses) if (await accepts(address, port)) return address;
  return addresses[0]!;
};

const ACCEPT_MS = 1000;

/** Whether something listens at an address, and accepts in time. */
const accepts = (hostname: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ACCEPT_MS);
    const settle = (isListening: boolean): void => {
      clearTimeout(timer);
      resolve(isListening);
    };
    Bun.connect({
      hostname,
      port,
      socket: {
        open: (socket) => {
          socket.end();
          settle(true);
        },
        data: () => {},
        connectError: () => settle(false),
      },
    }).catch(() => settle(false));
  });
