/**
 * What follows a tree: scores move by their leaf's value, gradients are renewed, the next root is summed.
 * Each thread does this for its own rows, block by block, so that a block is read into the cache once.
 */
import { MARK_ROWS } from '../kernels/kernel-shape.ts';
import { type Loss, packQuantile } from '../growing/loss.ts';
import { CONTROL } from './node-table.ts';
import type { Workshop } from './thread-context.ts';

/** Renews the rows from `from` to `to` and adds them to the histogram at `histogramAt`. */
export const renewRows = (
  shop: Workshop,
  loss: Loss,
  from: number,
  to: number,
  histogramAt: number,
): void => {
  const { control, layout, kernels, thread, context } = shop;
  const [, , gScale, hScale, rowShare] = context.doubles;
  const nRanges = control[CONTROL.nRanges]!;
  const round = control[CONTROL.round]!;
  const marksAt = layout.marksAt + thread * layout.markBytes;
  const cursorsAt = layout.cursorsAt + thread * layout.cursorBytes;
  if (nRanges > 1) seekRows(shop, cursorsAt, nRanges, from);
  else kernels.clear(marksAt, layout.markBytes);
  kernels.clear(histogramAt, layout.histogramBytes);
  for (let begin = from; begin < to; begin += MARK_ROWS) {
    const end = Math.min(to, begin + MARK_ROWS);
    const marksOfRowsAt = marksAt - 2 * begin;
    if (nRanges > 1) kernels.mark(layout.rowsAt, cursorsAt, nRanges, end, marksOfRowsAt);
    if (loss.kind === 'logistic')
      kernels.renewLogistic(begin, end, round, gScale!, hScale!, rowShare!, marksOfRowsAt);
    else renewQuantile(shop, loss.level, begin, end, marksAt);
    kernels.addAll(histogramAt, begin, end);
  }
};

/** Sets the cursor of each leaf to its first row that is not below `from`. */
const seekRows = (shop: Workshop, cursorsAt: number, nRanges: number, from: number): void => {
  const { ints, layout, rangeBounds } = shop;
  const rows = layout.rowsAt >>> 2;
  for (let range = 0; range < nRanges; range++) {
    let low = rangeBounds[2 * range]!;
    let high = rangeBounds[2 * range + 1]!;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ints[rows + middle]! < from) low = middle + 1;
      else high = middle;
    }
    ints[(cursorsAt >>> 2) + range] = low;
  }
};

/** Few rows learn quantiles, so this needs no kernel. */
const renewQuantile = (
  { control, layout, ints, context, scores, minutes, bytes, rangeValues }: Workshop,
  level: number,
  begin: number,
  end: number,
  marksAt: number,
): void => {
  const [, , gScale, , rowShare] = context.doubles;
  const round = control[CONTROL.round]!;
  const marks = new Uint16Array(bytes.buffer, marksAt, MARK_ROWS);
  const first = layout.recordsAt >>> 2;
  const step = layout.recordBytes >> 2;
  for (let row = begin; row < end; row++) {
    scores[row]! += rangeValues[marks[row - begin]!]!;
    ints[first + row * step] = packQuantile(
      scores[row]!,
      minutes[row]!,
      level,
      row,
      round,
      rowShare!,
      gScale!,
    );
  }
};
