/**
 * What a scored file gets beside its own columns, and the function that answers rows so.
 * Stands under `predict` and under every thread that scores for it.
 */
import type { Head, Model } from '../core/model.ts';
import type { Output } from '../flights/scan.ts';
import type { Score } from '../flights/scoring.ts';
import { compilePredictor } from '../predict/compile.ts';

/** The columns, in the order in which `buildScore` answers them. */
export const outputsOf = ({ heads }: Model): readonly Output[] => [
  { name: 'probability', kind: 'number' },
  { name: 'delayed', kind: 'boolean' },
  ...heads.slice(1).map((head): Output => ({ name: nameOf(head), kind: 'number' })),
];

const nameOf = (head: Head): string =>
  head.kind === 'probability'
    ? `probability${head.minutes}`
    : `minutesP${Math.round(head.level * 100)}`;

/** Answers rows with probability, delayed, and the answers of the other heads. @throws AppError model-unfit */
export const buildScore = (model: Model): Score => {
  const predictor = compilePredictor(model);
  const nHeads = model.heads.length;
  const nOutputs = nHeads + 1;
  let answers = new Float64Array(0);
  return (raw, nRows, out) => {
    if (answers.length < nRows * nHeads) answers = new Float64Array(nRows * nHeads);
    predictor.predictInto(raw, nRows, answers);
    for (let row = 0; row < nRows; row++) {
      const probability = answers[row * nHeads]!;
      out[row * nOutputs] = probability;
      out[row * nOutputs + 1] = probability >= model.threshold ? 1 : 0;
      for (let h = 1; h < nHeads; h++) out[row * nOutputs + 1 + h] = answers[row * nHeads + h]!;
    }
  };
};
