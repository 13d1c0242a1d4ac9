/**
 * What a scored file gets beside its own columns, and the function that answers rows so.
 */
import { buildEncoder } from '../core/features.ts';
import type { Head, Model } from '../core/model.ts';
import type { Output } from '../flights/output/score-functions.ts';
import type { Score } from '../flights/output/scoring.ts';
import { compilePredictor } from '../predict/compile.ts';
import { buildExplainer } from '../predict/explain/explain.ts';
import { CHUNK_ROWS } from '../flights/reading/vectors.ts';

/**
 * The columns, in the order in which `buildScore` answers them.
 * @param explains also what each input adds to the probability, which the base and all points make up together
 */
export const outputsOf = ({ heads, inputs }: Model, explains = false): readonly Output[] => [
  { name: 'probability', kind: 'number' },
  { name: 'delayed', kind: 'boolean' },
  ...heads.slice(1).map((head): Output => ({ name: nameOf(head), kind: 'number' })),
  ...(explains ? ['base', ...inputs.map(({ name }) => name)] : []).map(
    (name): Output => ({ name: `points_${name}`, kind: 'number' }),
  ),
];

const nameOf = (head: Head): string =>
  head.kind === 'probability'
    ? `probability${head.minutes}`
    : `minutesP${Math.round(head.level * 100)}`;

/** Answers rows with probability, delayed, the answers of the other heads, and points. @throws AppError model-unfit */
export const buildScore = (model: Model, explains = false): Score => {
  const explainInto = explains ? buildExplanation(model) : undefined;
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
    explainInto?.(raw, nRows, out.subarray((nHeads + 1) * CHUNK_ROWS));
  };
};

const buildExplanation = (model: Model): Score => {
  const nInputs = model.inputs.length;
  const { pointsOfRows } = buildExplainer(model);
  const points = new Float64Array(CHUNK_ROWS * nInputs);
  const bases = new Float64Array(CHUNK_ROWS);
  return (raw, nRows, out) => {
    pointsOfRows(raw, nRows, points, bases);
    for (let row = 0; row < nRows; row++) {
      out[row] = rounded(bases[row]!);
      for (let i = 0; i < nInputs; i++)
        out[(i + 1) * CHUNK_ROWS + row] = rounded(points[row * nInputs + i]!);
    }
  };
};

/** The columns of a model's matrix, as its trees see it. */
export const matrixOutputsOf = ({ features }: Model): readonly Output[] =>
  features.map(({ name }) => ({ name, kind: 'number' }));

/** Answers rows with their features: every number that the trees are asked about, to the bit. */
export const buildMatrixScore = ({ inputs, features }: Model): Score => {
  const encode = buildEncoder(inputs, features);
  const matrix = new Float64Array(CHUNK_ROWS * features.length);
  return (raw, nRows, out) => {
    encode(raw, 0, matrix, 0, nRows);
    for (let f = 0; f < features.length; f++)
      for (let row = 0; row < nRows; row++)
        out[f * CHUNK_ROWS + row] = matrix[row * features.length + f]!;
  };
};

/** Six digits: enough for any decision, and short in a text file. */
const UNITS = 1e6;

/** Halves go away from 0, as in the database. */
const rounded = (answer: number): number =>
  answer < 0 ? -Math.round(-answer * UNITS) / UNITS : Math.round(answer * UNITS) / UNITS;
