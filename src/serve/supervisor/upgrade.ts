/**
 * The upgrade of a running service (SIGUSR2): the old supervisor starts a new one, both serve the same port for a
 * moment, then the old one ends in order. Counters start again from zero, as after a restart.
 */
import { ownCommand } from '../../host/own-program.ts';
import type { Log } from '../log.ts';

/** Set for the new supervisor: the ports that it finds taken by the one that it follows. */
const PORTS = 'PUNTUAL_TAKE_OVER_PORTS';
const READY = 'ready';

interface Ports {
  readonly port: number;
  readonly adminPort: number;
  /** 0 when there is none. */
  readonly healthPort: number;
}

/** The ports of the supervisor that this one follows; undefined when it follows none. */
export const inheritedPorts = (): Ports | undefined => {
  const [port, adminPort, healthPort = 0] = (process.env[PORTS] ?? '').split(',').map(Number);
  return port && adminPort && process.send ? { port, adminPort, healthPort } : undefined;
};

/** Tells the supervisor that this one follows that it may end. */
export const reportReady = (): void => {
  process.send?.(READY);
};

/**
 * Starts this very command again.
 * @param onReady called when the new supervisor serves; never when it ended before, which is logged
 */
export const startSuccessor = (
  { port, adminPort, healthPort }: Ports,
  log: Log,
  onReady: () => void,
): void => {
  log.info('a new supervisor is being started');
  let isReady = false;
  const successor = Bun.spawn([...ownCommand()], {
    env: { ...process.env, [PORTS]: `${port},${adminPort},${healthPort}` },
    stdio: ['ignore', 'inherit', 'inherit'],
    ipc: (message) => {
      if (message !== READY || isReady) return;
      isReady = true;
      log.info('a new supervisor serves, this one ends', { successorPid: successor.pid });
      onReady();
    },
  });
  void successor.exited.then((code) => {
    if (!isReady) log.error('the new supervisor ended before it was ready', { exit: code });
  });
};
