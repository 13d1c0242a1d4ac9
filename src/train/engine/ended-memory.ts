/**
 * Memory of learners that have ended, given back before the next one takes its own.
 * Asked for by the caller's thread and by every helper: shared memory goes only when no thread holds it any more.
 */

/** Below 64 MiB collecting costs more than it brings. */
const LARGE_PAGES = 1024;

/** Collects garbage where the next learner is large. @param nPages WebAssembly pages that it will take */
export const freeEnded = (nPages: number): void => {
  // A learner's megabytes are a few small objects to the engine, so by itself it would collect them far too late.
  if (nPages >= LARGE_PAGES) Bun.gc(true);
};
