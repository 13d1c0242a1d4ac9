/**
 * Ports: whether they are free before workers share them, and how they are written as addresses.
 */
import { AppError } from '../../core/errors.ts';

export const urlOf = (scheme: string, host: string, port: number): string => {
  const name = host === '0.0.0.0' || host === '127.0.0.1' || host === '::' ? 'localhost' : host;
  return `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}`;
};

const LOOPBACK = /^(?:localhost|::1|127(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3})$/;

/** Whether only this machine reaches an address. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

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

/** A port that cannot be opened, as one sentence. */
const portError = (error: unknown, host: string, port: number, flag: string): AppError => {
  const { code, message } = error as { code?: string; message: string };
  const why =
    code === 'EADDRINUSE'
      ? `port ${port} on ${host} is taken by another process`
      : code === 'EACCES'
        ? `port ${port} may not be opened by this user`
        : `${host}:${port} cannot be opened (${code ?? message})`;
  return new AppError('port-in-use', `${why}: choose another with ${flag}`, { cause: error });
};
