/**
 * The service under stress: its URL taken apart, and its addresses.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { AppError } from '../../core/errors.ts';

export interface Target {
  readonly url: URL;
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  readonly isLoopback: boolean;
  /** Addresses that all reach the service. */
  readonly addresses: readonly string[];
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

const LOOPBACK_ALIASES = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'];

/**
 * Looks the host up. On loopback every alias that the service listens on counts as an address, because each
 * brings its own range of ports.
 * @throws AppError target-unreachable
 */
export const resolveTarget = async (url: URL): Promise<Target> => {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isTls = url.protocol === 'https:';
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port);
  const address = await lookUp(host);
  const isLoopback = address.startsWith('127.') || address === '::1';
  const addresses =
    address === '127.0.0.1'
      ? await Promise.all(LOOPBACK_ALIASES.map((alias) => accepts(alias, port)))
      : [address];
  const found = addresses.filter((entry) => entry !== undefined);
  return {
    url,
    host,
    port,
    isTls,
    isLoopback,
    addresses: found.length > 0 ? found : [address],
  };
};

const lookUp = async (host: string): Promise<string> => {
  if (isIP(host)) return host;
  try {
    const found = await lookup(host, { all: true });
    return (found.find(({ family }) => family === 4) ?? found[0]!).address;
  } catch {
    throw new AppError('target-unreachable', `The name '${host}' is not known to the DNS.`);
  }
};

/** The address when something listens there within half a second. */
const accepts = (hostname: string, port: number): Promise<string | undefined> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), 500);
    const settle = (found: string | undefined): void => {
      clearTimeout(timer);
      resolve(found);
    };
    Bun.connect({
      hostname,
      port,
      socket: {
        open: (socket) => {
          socket.end();
          settle(hostname);
        },
        data: () => {},
        connectError: () => settle(undefined),
      },
    }).catch(() => settle(undefined));
  });
