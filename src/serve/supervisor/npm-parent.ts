/**
 * The parent that npm puts between itself and a service: a shell, which a SIGTERM to `npx puntual serve` ends without a
 * word to the service. So where npm started it, a service ends with its parent.
 */

const LOOK_MS = 250;

/**
 * Calls `onGone` once when the parent of a service that npm started is gone. A service whose parent has left before (it was
 * put into the background) stays.
 * @param firstParent the parent when this process began
 * @returns a function that stops it
 */
export const watchNpmParent = (firstParent: number, onGone: () => void): (() => void) => {
  const isOfNpm = process.env['npm_command'] !== undefined && firstParent > 1;
  if (!isOfNpm || process.ppid !== firstParent) return () => {};
  const timer = setInterval(() => {
    if (process.ppid === firstParent) return;
    clearInterval(timer);
    onGone();
  }, LOOK_MS);
  return () => clearInterval(timer);
};
