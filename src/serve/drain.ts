/**
 * The end of a worker that loses nothing. In order: every answer closes its connection, so that busy callers go
 * elsewhere; nobody new is let in; what knocked before is answered; what is in hand is finished; the process ends.
 * Stands in the worker.
 *
 * The runtime's own `stop` closes the listener and all idle connections in one go, and with them requests that lie
 * in the kernel's buffers unread. So the listener is closed first, alone.
 */
import type { Sockets } from './sockets.ts';

/** How long a draining worker answers with `Connection: close` before it stops listening. */
export const CLOSE_MS = 500;
const CHECK_MS = 20;
/** Within it, a connection that was just opened brings its first request, and is accepted. */
const ACCEPT_MS = 150;
/** How long a connection may stay open without asking anything. */
const QUIET_MS = 700;
/** On a machine that makes this process wait, callers wait too: patience grows with the delay. */
const DELAYS = 5;
const PATIENCE_MOST_MS = 1000;

export interface Draining {
  readonly server: Bun.Server<undefined>;
  readonly sockets: Sockets | undefined;
  /** Descriptor of the listening socket, if it is known. */
  readonly listener: number | undefined;
  /** How many descriptors were open before it listened. */
  readonly nDescriptors: number;
  /** How many answers have been given since the drain began. */
  readonly answered: () => number;
  /** How far the event loop lags behind now. */
  readonly delayMs: () => number;
}

/** Resolves when the worker may exit: `limitMs` after the call at the latest, all being well much earlier. */
export const drain = async (
  { server, sockets, listener, nDescriptors, answered, delayMs }: Draining,
  closeMs: number,
  limitMs: number,
): Promise<void> => {
  const endMs = performance.now() + limitMs;
  const isLate = (): boolean => performance.now() >= endMs;
  const patienceMs = (): number => Math.min(PATIENCE_MOST_MS, DELAYS * delayMs());
  await Bun.sleep(closeMs + patienceMs());
  if (sockets && listener !== undefined) {
    sockets.refuseNew(listener);
    await Bun.sleep(ACCEPT_MS + patienceMs());
    sockets.closeListener(listener);
    const isEmpty = (): boolean => sockets.descriptors().length <= nDescriptors + 2;
    await quiet(isEmpty, answered, isLate, patienceMs);
  }
  while (server.pendingRequests > 0 && !isLate()) await Bun.sleep(CHECK_MS);
  await server.stop(isLate());
};

/** Waits until no connection is left, or none has asked anything for a while. */
const quiet = async (
  isEmpty: () => boolean,
  answered: () => number,
  isLate: () => boolean,
  patienceMs: () => number,
): Promise<void> => {
  let last = answered();
  let sinceMs = performance.now();
  while (!isEmpty() && !isLate() && performance.now() - sinceMs < QUIET_MS + patienceMs()) {
    await Bun.sleep(CHECK_MS);
    if (answered() !== last) {
      last = answered();
      sinceMs = performance.now();
    }
  }
};
