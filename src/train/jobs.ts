/**
 * The work that threads share: each job is done by all of them, each on its own part.
 * Stands between `engine`, which gives jobs out, and `expansion` and `kernels`, which do them.
 */
import type { Bins } from './binning.ts';
import { blockOf, expandMany, fillTable, type Job, type Workshop } from './expansion.ts';
import type { GrowSettings } from './grower.ts';
import { CONTROL } from './node-table.ts';

export const JOBS = {
  stop: 0,
  orderRows: 1,
  histogram: 2,
  partition: 3,
  expand: 4,
  mark: 5,
  renew: 6,
} as const;

/** Does this thread's part of a job. */
export const doJob = (shop: Workshop, bins: readonly Bins[], settings: GrowSettings): void => {
  const { control, layout, kernels, thread, context } = shop;
  const begin = control[CONTROL.begin]!;
  const end = control[CONTROL.end]!;
  const from = partAt(begin, end, thread, layout.nThreads);
  const to = partAt(begin, end, thread + 1, layout.nThreads);
  switch (control[CONTROL.job]) {
    case JOBS.orderRows: {
      const first = layout.rowsAt >>> 2;
      for (let row = from; row < to; row++) shop.ints[first + row] = row;
      break;
    }
    case JOBS.histogram: {
      const histogramAt = layout.histogramsAt + slotOf(control, thread) * layout.histogramBytes;
      kernels.clear(histogramAt, layout.histogramBytes);
      kernels.addRows(histogramAt, layout.rowsAt, from, to, blockOf(shop));
      break;
    }
    case JOBS.partition: {
      const node = control[CONTROL.node]!;
      const feature = shop.nodes.feature[node]!;
      const table = fillTable(shop, node, bins[feature]!.nBins);
      shop.middles[thread] = kernels.partition(
        layout.rowsAt,
        layout.scratchAt + 4 * from,
        from,
        to,
        feature,
        table,
      );
      break;
    }
    case JOBS.expand:
      expandMany(shop, jobOf(shop, bins, settings));
      break;
    case JOBS.mark:
      for (let range = 0; range < control[CONTROL.nRanges]!; range++) {
        const low = Math.max(from, shop.rangeBounds[2 * range]!);
        const high = Math.min(to, shop.rangeBounds[2 * range + 1]!);
        if (low < high) kernels.mark(layout.rowsAt, low, high, range);
      }
      break;
    case JOBS.renew: {
      const [, , gScale, hScale, rowShare] = context.doubles;
      kernels.renewLogistic(from, to, control[CONTROL.round]!, gScale!, hScale!, rowShare!);
      break;
    }
  }
};

/** The tree's scales and features, as a job of `expansion`. */
export const jobOf = (shop: Workshop, bins: readonly Bins[], settings: GrowSettings): Job => ({
  bins,
  settings,
  scales: { g: shop.context.doubles[0]!, h: shop.context.doubles[1]! },
  allowed: shop.context.allowed,
});

/** Where the part of a thread starts: parts of equal size, at multiples of 16 rows. */
export const partAt = (begin: number, end: number, thread: number, nThreads: number): number =>
  thread === nThreads ? end : begin + (Math.floor(((end - begin) * thread) / nThreads) & ~15);

/** The histogram that a thread fills when all fill one together: the first thread's is the sum's place. */
export const slotOf = (control: Int32Array, thread: number): number =>
  thread === 0 ? control[CONTROL.slot]! : thread - 1;

const SPINS = 2000;

/** Does jobs until told to stop. */
export const serveJobs = (shop: Workshop, bins: readonly Bins[], settings: GrowSettings): void => {
  const { control } = shop;
  let seen = control[CONTROL.started]!;
  for (;;) {
    seen = awaitChange(control, CONTROL.sequence, seen);
    if (control[CONTROL.job] === JOBS.stop) break;
    doJob(shop, bins, settings);
    Atomics.add(control, CONTROL.done, 1);
    Atomics.notify(control, CONTROL.done);
  }
  Atomics.add(control, CONTROL.done, 1);
  Atomics.notify(control, CONTROL.done);
};

/** Waits until a cell is no longer `seen`: briefly awake, then asleep. @returns what it is now */
export const awaitChange = (control: Int32Array, cell: number, seen: number): number => {
  for (let spin = 0; spin < SPINS; spin++) {
    const now = Atomics.load(control, cell);
    if (now !== seen) return now;
  }
  Atomics.wait(control, cell, seen);
  return Atomics.load(control, cell) === seen
    ? awaitChange(control, cell, seen)
    : Atomics.load(control, cell);
};
