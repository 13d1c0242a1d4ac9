/**
 * The drain: the end of a worker that loses no request. In order: every answer closes its connection, so that busy
 * callers go elsewhere; new connections are held back, or, where the system cannot do that, taken until none comes any
 * more; those in the kernel's queue are answered; what is in flight is finished; the process ends.
 */
import type { HttpServer } from '../../http/server.ts';

/** How long a draining worker answers with `Connection: close` before it stops listening. */
export const CLOSE_MS = 500;
const CHECK_MS = 20;
/** Within it, a connection that was just opened brings its first request, and is accepted. */
const ACCEPT_MS = 150;
/** Where new connections cannot be held back: none has come for so long, so none is expected. */
const CALM_MS = 500;
/** How long a connection may stay open without asking anything. */
const QUIET_MS = 700;
/** On a machine that makes this process wait, callers wait too: patience grows with the delay. */
const DELAYS = 5;
const MAX_PATIENCE_MS = 1000;

interface DrainSetting {
  readonly server: HttpServer;
  /** Drops new connections from then on, if it returns true; what is in the kernel's queue can still be accepted. */
  readonly holdNew: () => boolean;
  /** How far the event loop lags behind now. */
  readonly delayMs: () => number;
  /** How long answers close their connections before the listener does. */
  readonly closeMs: number;
  readonly limitMs: number;
}

/** Resolves when the worker may exit: `limitMs` after the call at the latest, all being well much earlier. */
export const drain = async ({
  server,
  holdNew,
  delayMs,
  closeMs,
  limitMs,
}: DrainSetting): Promise<void> => {
  const endMs = performance.now() + limitMs;
  const isLate = (): boolean => performance.now() >= endMs;
  const patienceMs = (): number => Math.min(MAX_PATIENCE_MS, DELAYS * delayMs());
  server.closeAfterAnswers();
  await Bun.sleep(closeMs + patienceMs());
  if (holdNew()) await Bun.sleep(ACCEPT_MS + patienceMs());
  else await unchanged(server.nAccepted, () => CALM_MS + patienceMs(), isLate);
  server.stopListening();
  await quiet(server, isLate, patienceMs);
  while (server.nInFlight() > 0 && !isLate()) await Bun.sleep(CHECK_MS);
  server.endConnections(isLate() ? 'all' : 'idle');
};

/** Waits until no connection is left, or none has asked anything for a while. */
const quiet = (
  { nAnswered, nConnections }: HttpServer,
  isLate: () => boolean,
  patienceMs: () => number,
): Promise<void> =>
  unchanged(
    nAnswered,
    () => QUIET_MS + patienceMs(),
    () => nConnections() === 0 || isLate(),
  );

/** Waits until a count has stayed the same for `restMs`, or there is no reason to wait. */
const unchanged = async (
  count: () => number,
  restMs: () => number,
  isOver: () => boolean,
): Promise<void> => {
  let last = count();
  let sinceMs = performance.now();
  while (!isOver() && performance.now() - sinceMs < restMs()) {
    await Bun.sleep(CHECK_MS);
    if (count() === last) continue;
    last = count();
    sinceMs = performance.now();
  }
};
