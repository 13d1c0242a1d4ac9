/**
 * What follows a tree: scores move by their leaf's value, gradients are renewed, the next root is summed.
 * Each thread does this for its own rows, block by block, so that a block is read into the cache once.
 */
import { MARK_ROWS } from '../kernels/kernel-shape.ts';
import { CONTROL } from './node-table.ts';
import type { ThreadContext } from './thread-context.ts';
import type { TrainingTask } from './training-task.ts';

/** The rows that a thread renews, and the histogram that it adds them to. */
interface RenewedRows {
  readonly begin: number;
  readonly end: number;
  readonly histogramAt: number;
}

export const renewRows = (
  thread: ThreadContext,
  { settings, quanta }: TrainingTask,
  { begin, end, histogramAt }: RenewedRows,
): void => {
  const { control, layout, kernels, index } = thread;
  const { gScale, hScale } = quanta;
  const { rowShare } = settings;
  const nRuns = control[CONTROL.nRuns]!;
  const round = control[CONTROL.round]!;
  const marksAt = layout.marksAt + index * layout.markBytes;
  const cursorsAt = layout.cursorsAt + index * layout.cursorBytes;
  if (nRuns > 1) seekRows(thread, cursorsAt, nRuns, begin);
  else kernels.clear(marksAt, layout.markBytes);
  kernels.clear(histogramAt, layout.histogramBytes);
  for (let from = begin; from < end; from += MARK_ROWS) {
    const to = Math.min(end, from + MARK_ROWS);
    const marksOfRowsAt = marksAt - 2 * from;
    if (nRuns > 1) kernels.mark(layout.rowsAt, cursorsAt, nRuns, to, marksOfRowsAt);
    kernels.renewLogistic(from, to, round, gScale, hScale, rowShare, marksOfRowsAt);
    if (layout.nPerTree < layout.nFeatures) kernels.packRecords(from, to);
    kernels.addAll(histogramAt, from, to);
  }
};

/** Sets the cursor of each run of a leaf's rows to its first row that is not below `from`. */
const seekRows = (
  { ints, layout, runBounds }: ThreadContext,
  cursorsAt: number,
  nRuns: number,
  from: number,
): void => {
  const rows = layout.rowsAt >>> 2;
  for (let run = 0; run < nRuns; run++) {
    let low = runBounds[2 * run]!;
    let high = runBounds[2 * run + 1]!;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ints[rows + middle]! < from) low = middle + 1;
      else high = middle;
    }
    ints[(cursorsAt >>> 2) + run] = low;
  }
};
