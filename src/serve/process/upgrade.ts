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

export interface Upgrade {
  /** Starts this very command again, unless that is under way or cannot be. */
  readonly begin: () => void;
  /** Ends a new supervisor that is on its way, unless it serves already: the service is asked to end. */
  readonly cancel: () => void;
}

/** @param onReady called when the new supervisor serves */
export const buildUpgrade = (ports: Ports, log: Log, onReady: () => void): Upgrade => {
  let successor: Successor | undefined;
  return {
    begin: () => {
      if (successor) {
        log.warn('a new supervisor is being started already');
        return;
      }
      if (process.pid === 1) {
        log.warn('process 1 of a container cannot be followed by another: start a new container');
        return;
      }
      successor = startSuccessor(ports, log, onReady);
      void successor.failed.then(() => {
        successor = undefined;
      });
    },
    cancel: () => successor?.end(),
  };
};

interface Successor {
  /** Ends it, unless it serves already. */
  readonly end: () => void;
  /** Resolves when it has ended before it was ready, which is logged. */
  readonly failed: Promise<void>;
}

const startSuccessor = (
  { port, adminPort, healthPort }: Ports,
  log: Log,
  onReady: () => void,
): Successor => {
  log.info('a new supervisor is being started');
  let isReady = false;
  const { promise: failed, resolve } = Promise.withResolvers<void>();
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
    if (isReady) return;
    log.error('the new supervisor ended before it was ready', { exit: code });
    resolve();
  });
  return {
    end: () => {
      if (!isReady) successor.kill('SIGTERM');
    },
    failed,
  };
};
