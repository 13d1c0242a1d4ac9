/**
 * Ports: whether they are free before workers share them, and how they are written as addresses.
 */
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { AppError } from '../../core/errors.ts';
import type { ServeConfig } from '../config.ts';

export const urlOf = (scheme: string, host: string, port: number): string => {
  const name = host === '0.0.0.0' || host === '127.0.0.1' || host === '::' ? 'localhost' : host;
  return `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}`;
};

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether only this machine reaches an address, however it is written. */
export const isLoopback = (host: string): boolean => {
  const version = isIP(host);
  return version === 0
    ? /^localhost\.?$/i.test(host)
    : LOOPBACK.check(host, version === 4 ? 'ipv4' : 'ipv6');
};

/**
 * Workers share the port, so a stranger on it would go unnoticed: it is opened once alone to see that nobody is there.
 * @returns the port, a free one for 0
 * @throws AppError port-in-use
 */
export const freePort = (hostname: string, port: number, flag: string): number => {
  try {
    const alone = Bun.serve({
      hostname,
      port,
      reusePort: false,
      fetch: () => new Response(),
    });
    const free = alone.port!;
    void alone.stop(true);
    return free;
  } catch (error) {
    throw portError(error, hostname, port, flag);
  }
};

/** An address of the service, and the flags that name its port and its host. */
interface NamedPort {
  readonly host: string;
  readonly port: number;
  readonly flag: string;
}

const ANYWHERE = ['0.0.0.0', '::'];

/** Before anything is opened, or learned. @throws AppError usage (a host that is none, two faces on one port) */
export const checkPlaces = async ({
  host,
  port,
  adminHost,
  adminPort,
  health,
}: Pick<ServeConfig, 'host' | 'port' | 'adminHost' | 'adminPort' | 'health'>): Promise<void> => {
  await checkHost(host, '--host');
  await checkHost(adminHost, '--admin-host');
  if (health) await checkHost(health.host, '--health-host');
  checkPortsDiffer([
    { host, port, flag: '--port' },
    { host: adminHost, port: adminPort, flag: '--admin-port' },
    ...(health ? [{ ...health, flag: '--health-port' }] : []),
  ]);
};

/** Ports are shared by several processes, so the system lets two faces of one service share one. @throws AppError usage */
const checkPortsDiffer = (ports: readonly NamedPort[]): void => {
  ports.forEach((one, i) => {
    const other = ports
      .slice(i + 1)
      .find(({ host, port }) => port === one.port && port !== 0 && overlap(host, one.host));
    if (other)
      throw new AppError(
        'usage',
        `${one.flag} and ${other.flag} are both ${one.port}: each needs a port of its own`,
      );
  });
};

const overlap = (one: string, other: string): boolean =>
  one === other || [one, other].some((host) => ANYWHERE.includes(host)) || bothLoopback(one, other);

const bothLoopback = (one: string, other: string): boolean =>
  [one, other].includes('localhost') && isLoopback(one) && isLoopback(other);

/** Whether a host is an address of this machine that a port can be opened on. @throws AppError usage */
const checkHost = async (host: string, flag: string): Promise<void> => {
  if (host.includes('%'))
    throw new AppError('usage', `${flag} '${host}': an address with a zone cannot be listened on`);
  if (isIP(host)) return;
  const found = host === '' ? undefined : await lookup(host).catch(() => undefined);
  if (found === undefined)
    throw new AppError('usage', `${flag} '${host}': there is no such address or name`);
};

/** A port that cannot be opened, as one sentence. */
const portError = (error: unknown, host: string, port: number, flag: string): AppError => {
  const { code, message } = error as { code?: string; message: string };
  const why =
    code === 'EADDRINUSE'
      ? `port ${port} on ${host} is taken by another process`
      : code === 'EACCES'
        ? `port ${port} may not be opened by this user`
        : code === 'EADDRNOTAVAIL'
          ? `${host} is no address of this machine`
          : `${host}:${port} cannot be opened (${code ?? message})`;
  const choice = code === 'EADDRNOTAVAIL' ? flag.replace('port', 'host') : flag;
  return new AppError('port-in-use', `${why}: choose another with ${choice}`, { cause: error });
};
