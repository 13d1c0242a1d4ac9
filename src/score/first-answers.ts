/**
 * What a model's heads say of every flight of a table.
 */
import type { Model } from '../core/model.ts';
import type { Table } from '../core/table.ts';
import { compilePredictor } from '../predict/compile.ts';
import type { Predictor } from '../predict/predictor.ts';
import { rawOf } from '../train/features/encoding.ts';

/** float64, shape (nRows): probabilities. */
export const firstAnswers = (model: Model, table: Table): Float64Array =>
  answersOf(compilePredictor(model), rawOf(table, model.inputs), table.nRows, 0);

/** float64, shape (nRows) each: the answers of every head. @param raw float64, shape (nRows, nInputs) */
export const allAnswers = (
  model: Model,
  raw: Float64Array,
  nRows: number,
): readonly Float64Array[] => {
  const nHeads = model.heads.length;
  const out = new Float64Array(nRows * nHeads);
  compilePredictor(model).predictInto(raw, nRows, out);
  return model.heads.map((_, head) =>
    Float64Array.from({ length: nRows }, (__, row) => out[row * nHeads + head]!),
  );
};

/** float64, shape (nRows): the answers of one head. @param raw float64, shape (nRows, nInputs) */
export const answersOf = (
  predictor: Predictor,
  raw: Float64Array,
  nRows: number,
  head: number,
): Float64Array => {
  const nHeads = predictor.model.heads.length;
  const out = new Float64Array(nRows * nHeads);
  predictor.predictInto(raw, nRows, out);
  return Float64Array.from({ length: nRows }, (_, row) => out[row * nHeads + head]!);
};
