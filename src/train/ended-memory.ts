/**
 * Memory of what has ended, given back before the next step takes its own: of learners, and of the columns that flights
 * were prepared from. Of learners asked for by the caller's thread and by every helper: shared memory goes only when no
 * thread holds it any more.
 */

/** Below 64 MiB collecting costs more than it brings. */
const LARGE_PAGES = 1024;

/** Collects garbage where the next learner is large. @param nPages WebAssembly pages that it will take */
export const freeEnded = (nPages: number): void => {
  // A learner's megabytes are a few small objects to the engine, so by itself it would collect them far too late.
  if (nPages >= LARGE_PAGES) Bun.gc(true);
};

/** More flights than these are many: their columns are given back as soon as nobody needs them. */
export const MANY_ROWS = 1_000_000;

/** Collects garbage after a step that went over many flights. */
export const freeColumns = (nRows: number): void => {
  if (nRows > MANY_ROWS) Bun.gc(true);
};
