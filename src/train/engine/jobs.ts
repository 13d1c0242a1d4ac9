/**
 * The work that threads share: each job is done by all of them, each on its own part of the rows.
 */
import { partitionRows } from './expansion.ts';
import { CONTROL } from './node-table.ts';
import { expandOpenLeaves } from './queue.ts';
import { renewRows } from './renewal.ts';
import { blockOf, histogramOf, type ThreadContext } from './thread-context.ts';
import { splitContextOf, type TrainingTask } from './training-task.ts';

export const JOBS = {
  stop: 0,
  records: 1,
  renew: 2,
  histogram: 3,
  partition: 4,
  expand: 5,
} as const;

/** Does this thread's part of a job. */
export const doPart = (thread: ThreadContext, task: TrainingTask): void => {
  const { control, layout, kernels, index } = thread;
  const begin = control[CONTROL.begin]!;
  const end = control[CONTROL.end]!;
  const from = partAt(begin, end, index, layout.nThreads);
  const to = partAt(begin, end, index + 1, layout.nThreads);
  const histogramAt = histogramOf(layout, slotOf(control, index));
  switch (control[CONTROL.job]) {
    case JOBS.records:
      kernels.packRecords(from, to);
      break;
    case JOBS.renew:
      renewRows(thread, task, { begin: from, end: to, histogramAt });
      break;
    case JOBS.histogram:
      kernels.clear(histogramAt, layout.histogramBytes);
      kernels.addRows(histogramAt, layout.rowsAt, from, to, blockOf(thread));
      break;
    case JOBS.partition: {
      const node = control[CONTROL.node]!;
      thread.middles[index] = partitionRows(thread, task.bins, { node, begin: from, end: to });
      break;
    }
    case JOBS.expand:
      expandOpenLeaves(thread, splitContextOf(thread, task));
      break;
  }
};

/** Where the part of a thread starts: parts of equal size, at multiples of 16 rows. */
export const partAt = (begin: number, end: number, index: number, nThreads: number): number =>
  index === nThreads ? end : begin + (Math.floor(((end - begin) * index) / nThreads) & ~15);

/** The histogram that a thread fills when all fill one together: the first thread's is the sum's place. */
export const slotOf = (control: Int32Array, index: number): number =>
  index === 0 ? control[CONTROL.slot]! : index - 1;

/** About 50 us: another thread's part seldom takes longer than one's own by more. */
const SPINS = 20_000;

/** Does the thread's part of every job until told to stop. */
export const serveJobs = (thread: ThreadContext, task: TrainingTask): void => {
  const { control } = thread;
  let seen = control[CONTROL.started]!;
  for (;;) {
    seen = awaitChange(control, CONTROL.sequence, seen);
    if (control[CONTROL.job] === JOBS.stop) break;
    doPart(thread, task);
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
