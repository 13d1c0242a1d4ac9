/**
 * The work that threads share: each job is done by all of them, each on its own part.
 */
import type { Bins } from '../binning/binning.ts';
import { type Job, partitionOf } from './expansion.ts';
import type { GrowSettings } from '../growing/reference-grower.ts';
import { RECORD_HEAD_BYTES } from '../kernels/kernel-shape.ts';
import type { Loss } from '../growing/loss.ts';
import { CONTROL } from './node-table.ts';
import { expandMany } from './queue.ts';
import { renewRows } from './renewal.ts';
import { blockOf, histogramOf, type Workshop } from './thread-context.ts';

export const JOBS = {
  stop: 0,
  records: 1,
  renew: 2,
  histogram: 3,
  partition: 4,
  expand: 5,
} as const;

/** What all jobs of one boosting run have in common. */
export interface Order {
  readonly bins: readonly Bins[];
  readonly settings: GrowSettings;
  readonly loss: Loss;
}

/** Does this thread's part of a job. */
export const doJob = (shop: Workshop, order: Order): void => {
  const { control, layout, kernels, thread } = shop;
  const begin = control[CONTROL.begin]!;
  const end = control[CONTROL.end]!;
  const from = partAt(begin, end, thread, layout.nThreads);
  const to = partAt(begin, end, thread + 1, layout.nThreads);
  const histogramAt = histogramOf(layout, slotOf(control, thread));
  switch (control[CONTROL.job]) {
    case JOBS.records:
      fillRecords(shop, from, to);
      break;
    case JOBS.renew:
      renewRows(shop, order.loss, from, to, histogramAt);
      break;
    case JOBS.histogram:
      kernels.clear(histogramAt, layout.histogramBytes);
      kernels.addRows(histogramAt, layout.rowsAt, from, to, blockOf(shop));
      break;
    case JOBS.partition:
      shop.middles[thread] = partitionOf(shop, order.bins, control[CONTROL.node]!, from, to);
      break;
    case JOBS.expand:
      expandMany(shop, jobOf(shop, order));
      break;
  }
};

/** The tree's scales and features, as a job of `expansion`. */
export const jobOf = (shop: Workshop, { bins, settings }: Order): Job => ({
  bins,
  settings,
  scales: { g: shop.context.doubles[0]!, h: shop.context.doubles[1]! },
  allowed: shop.context.allowed,
});

const RECORDS_AT_ONCE = 4096;

/** Writes the bins of rows into their records, from the columns; a few rows at a time, so that they stay near. */
const fillRecords = ({ layout, bytes }: Workshop, from: number, to: number): void => {
  const { nFeatures, recordBytes, recordsAt, columnsAt, columnBytes } = layout;
  for (let begin = from; begin < to; begin += RECORDS_AT_ONCE) {
    const end = Math.min(to, begin + RECORDS_AT_ONCE);
    for (let f = 0; f < nFeatures; f++) {
      const column = columnsAt + f * columnBytes;
      let at = recordsAt + begin * recordBytes + RECORD_HEAD_BYTES + f;
      for (let row = begin; row < end; row++, at += recordBytes) bytes[at] = bytes[column + row]!;
    }
  }
};

/** Where the part of a thread starts: parts of equal size, at multiples of 16 rows. */
export const partAt = (begin: number, end: number, thread: number, nThreads: number): number =>
  thread === nThreads ? end : begin + (Math.floor(((end - begin) * thread) / nThreads) & ~15);

/** The histogram that a thread fills when all fill one together: the first thread's is the sum's place. */
export const slotOf = (control: Int32Array, thread: number): number =>
  thread === 0 ? control[CONTROL.slot]! : thread - 1;

/** About 50 us: another thread's part seldom takes longer than one's own by more. */
const SPINS = 20_000;

/** Does jobs until told to stop. */
export const serveJobs = (shop: Workshop, order: Order): void => {
  const { control } = shop;
  let seen = control[CONTROL.started]!;
  for (;;) {
    seen = awaitChange(control, CONTROL.sequence, seen);
    if (control[CONTROL.job] === JOBS.stop) break;
    doJob(shop, order);
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
