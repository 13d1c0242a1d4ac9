/**
 * The shutdown of the whole service, in order: not ready, still serving, workers drain (`worker/drain.ts`), exit.
 * A second signal ends everything at once.
 */
import type { ServeConfig } from '../config.ts';
import type { Log } from '../log.ts';
import { CLOSE_MS } from '../worker/drain.ts';
import type { Fleet } from './fleet.ts';

/** What is left of the drain limit for the processes to end in. */
const EXIT_MS = 500;

interface Shutdown {
  /** The exit code, once no worker is left. */
  readonly ended: Promise<number>;
  /** Begins the end, as SIGTERM does. */
  readonly end: () => void;
}

type ShutdownLimits = Pick<ServeConfig, 'drainDelayMs' | 'drainLimitMs'>;

interface ShutdownTellers {
  readonly log: Log;
  /** Called when it begins. */
  readonly onDrain: () => void;
}

/**
 * Listens to SIGTERM and SIGINT from now on.
 * @param fleetNow undefined until there is one; then there is nobody to wait for
 */
export const buildShutdown = (
  fleetNow: () => Fleet | undefined,
  config: ShutdownLimits,
  { log, onDrain }: ShutdownTellers,
): Shutdown => {
  const { promise: ended, resolve } = Promise.withResolvers<number>();
  let asked = false;

  const run = async (): Promise<void> => {
    const fleet = fleetNow();
    onDrain();
    if (!fleet) {
      resolve(0);
      return;
    }
    const endMs = performance.now() + config.drainLimitMs;
    const limitMs = Math.max(0, config.drainLimitMs - config.drainDelayMs - CLOSE_MS - EXIT_MS);
    // Until then everything goes on: a worker that dies is replaced.
    await Bun.sleep(config.drainDelayMs);
    fleet.end();
    for (const child of fleet.children()) child.drain(CLOSE_MS, limitMs);
    const all = Promise.all([...fleet.children()].map((child) => child.exited));
    await Promise.race([all, Bun.sleep(Math.max(0, endMs - performance.now()))]);
    const busy = [...fleet.children()];
    if (busy.length > 0)
      log.warn('the drain limit is over: workers that were still busy are ended', {
        workers: busy.length,
      });
    for (const child of busy) child.kill();
    await all;
    resolve(0);
  };

  const end = (): void => {
    if (asked) return;
    asked = true;
    void run();
  };

  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)
    process.on(signal, () => {
      if (!asked) {
        log.info('the service is shutting down', { signal });
        end();
        return;
      }
      log.warn('a second signal ends everything at once', { signal });
      for (const child of fleetNow()?.children() ?? []) child.kill();
      resolve(code);
    });
  return { ended, end };
};
