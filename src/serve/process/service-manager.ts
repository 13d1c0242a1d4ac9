/**
 * What systemd is told of the service: that it is ready, that it takes another model, that it ends, and all the while
 * that its supervisor lives; its workers are the supervisor's own care. Nothing where nobody listens.
 */
import { openManager } from '../../host/notify-socket.ts';

interface ServiceManager {
  /** @param status a line for `systemctl status` */
  readonly ready: (status: string) => void;
  readonly reloading: () => void;
  readonly stopping: () => void;
  /** Ends the signs of life. */
  readonly end: () => void;
}

/** Signs of life in the time after which one would be missed. */
const SIGNS = 3;

export const openServiceManager = (): ServiceManager => {
  const manager = openManager();
  const nothing = (): void => {};
  if (!manager) return { ready: nothing, reloading: nothing, stopping: nothing, end: nothing };
  const { tell, watchdogMs, monotonicMicros } = manager;
  const alive =
    watchdogMs === undefined
      ? undefined
      : setInterval(() => tell({ WATCHDOG: 1 }), watchdogMs / SIGNS);
  return {
    ready: (status) => tell({ READY: 1, STATUS: status }),
    reloading: () => tell({ RELOADING: 1, MONOTONIC_USEC: monotonicMicros() }),
    stopping: () => tell({ STOPPING: 1, STATUS: 'finishing the requests in flight' }),
    end: () => clearInterval(alive),
  };
};
