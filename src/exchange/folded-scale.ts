/**
 * The scale of one-hot columns moves into the weights of a line over them.
 */
import type { PlainScore } from '../core/model.ts';
import type { Cell } from './matrix.ts';

/** The same answers, by cells of which a line scales none itself that are 0 or 1. */
export const unscaled = (
  score: PlainScore,
  cells: readonly Cell[],
): { readonly score: PlainScore; readonly cells: readonly Cell[] } => {
  if (score.kind !== 'linear') return { score, cells };
  const weights = score.weights.slice();
  let { intercept } = score;
  const plain = cells.map((cell, i): Cell => {
    if (cell.of !== 'equals' || (cell.shift === 0 && cell.scale === 1)) return cell;
    weights[i] = weights[i]! / cell.scale;
    intercept -= weights[i]! * cell.shift;
    return { ...cell, shift: 0, scale: 1 };
  });
  return { score: { kind: 'linear', weights, intercept }, cells: plain };
};
