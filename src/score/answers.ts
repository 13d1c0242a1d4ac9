/**
 * What a scored file gets beside its own columns, and the function that answers rows so.
 */
import type { Head, Model } from '../core/model.ts';
import type { Output } from '../flights/output/score-functions.ts';
import type { Score } from '../flights/output/scoring.ts';
import { compilePredictor } from '../predict/compile.ts';
import { CHUNK_ROWS } from '../flights/reading/vectors.ts';

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
  let answers = new Float64Array(0);
  return (raw, nRows, out) => {
    if (answers.length < nRows * nHeads) answers = new Float64Array(nRows * nHeads);
    predictor.predictInto(raw, nRows, answers);
    for (let row = 0; row < nRows; row++)
      out[CHUNK_ROWS + row] = answers[row * nHeads]! >= model.threshold ? 1 : 0;
    for (let h = 0; h < nHeads; h++) {
      const from = h === 0 ? 0 : (h + 1) * CHUNK_ROWS;
      for (let row = 0; row < nRows; row++) out[from + row] = rounded(answers[row * nHeads + h]!);
    }
  };
};

/** Six digits: enough for any decision, and short in a text file. */
const UNITS = 1e6;

/** Halves go away from 0, as in the database. */
const rounded = (answer: number): number =>
  answer < 0 ? -Math.round(-answer * UNITS) / UNITS : Math.round(answer * UNITS) / UNITS;
