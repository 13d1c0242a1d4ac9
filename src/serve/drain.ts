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
const QUIET_MS = 300;

/**
 * Resolves when the worker may exit.
 * @param listener descriptor of the listening socket, if it is known
 * @param nDescriptors how many were open before it listened
 * @param answered how many answers have been given
 */
export const drain = async (
  server: Bun.Server<undefined>,
  sockets: Sockets | undefined,
  listener: number | undefined,
  nDescriptors: number,
  answered: () => number,
  closeMs: number,
  limitMs: number,
): Promise<void> => {
  const endMs = performance.now() + limitMs;
  const isLate = (): boolean => performance.now() >= endMs;
  await Bun.sleep(closeMs);
  if (sockets && listener !== undefined) {
    sockets.refuseNew(listener);
    await Bun.sleep(ACCEPT_MS);
    sockets.closeListener(listener);
    await quiet(() => sockets.descriptors().length <= nDescriptors + 2, answered, isLate);
  }
  while (server.pendingRequests > 0 && !isLate()) await Bun.sleep(CHECK_MS);
  await server.stop(isLate());
};

/** Waits until no connection is left, or none has asked anything for a while. */
const quiet = async (
  isEmpty: () => boolean,
  answered: () => number,
  isLate: () => boolean,
): Promise<void> => {
  let last = answered();
  let sinceMs = performance.now();
  while (!isEmpty() && !isLate() && performance.now() - sinceMs < QUIET_MS) {
    await Bun.sleep(CHECK_MS);
    if (answered() !== last) {
      last = answered();
      sinceMs = performance.now();
    }
  }
};
