/**
 * Models with rows that their libraries answered, or refused: asked as requests, so that what a library refuses has to
 * be refused here. What bench/exchange-random.py and bench/exchange-options.py write.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildInputReader } from '../src/core/inputs.ts';
import type { Model } from '../src/core/model.ts';
import type { InputsFile } from '../src/exchange/inputs-file.ts';
import { compilePredictor } from '../src/predict/compile.ts';

interface AskedModel {
  readonly columns: readonly string[] | null;
  readonly rows: readonly (readonly (number | string | boolean | null)[])[];
  /** null where the library refuses the row. */
  readonly probabilities: readonly (number | null)[];
  readonly tolerance: number;
  readonly spec: InputsFile;
}

export const readAskedModel = (
  folder: string,
  name: string,
): { readonly bytes: Uint8Array; readonly known: AskedModel } => ({
  bytes: readFileSync(join(folder, name)),
  known: JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as AskedModel,
});

interface Comparison {
  readonly nAnswered: number;
  readonly nRefused: number;
  /** Rows that are refused here, and answered by the library. */
  readonly nCautious: number;
  /** Of the rows that agree. */
  readonly largestDifference: number;
  readonly wrong: readonly string[];
}

export const compareAnswers = (model: Model, known: AskedModel): Comparison => {
  const read = buildInputReader(model.inputs);
  const predictor = compilePredictor(model);
  const raw = new Float64Array(model.inputs.length);
  const out = new Float64Array(model.heads.length);
  const wrong: string[] = [];
  let [nAnswered, nRefused, nCautious, largestDifference] = [0, 0, 0, 0];
  known.rows.forEach((row, r) => {
    // Not as an object literal, which would lose `__proto__`.
    const request = JSON.parse(
      `{${row.map((value, c) => `${JSON.stringify(known.columns?.[c] ?? `x${c}`)}:${JSON.stringify(value)}`).join()}}`,
    ) as Record<string, unknown>;
    const { faults } = read(request, raw, 0);
    const expected = known.probabilities[r]!;
    if (faults.length > 0) {
      nRefused++;
      if (expected !== null) nCautious++;
      return;
    }
    nAnswered++;
    predictor.predictInto(raw, 1, out);
    const difference = Math.abs(out[0]! - (expected ?? Number.NaN));
    if (difference <= known.tolerance) largestDifference = Math.max(largestDifference, difference);
    else
      wrong.push(
        `row ${r}: ${out[0]}, the library ${expected === null ? 'refuses it' : `answers ${expected}`}`,
      );
  });
  return { nAnswered, nRefused, nCautious, largestDifference, wrong };
};
