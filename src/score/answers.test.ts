import { expect, test } from 'bun:test';
import { buildPlantedModel } from '../../test/planted.ts';
import { buildReferencePredictor } from '../predict/reference.ts';
import { buildScore, outputsOf } from './answers.ts';
import { CHUNK_ROWS } from '../flights/reading/vectors.ts';

test('a file gets the answers of the definition, rounded to six digits, and whether the probability reaches the threshold', () => {
  const model = buildPlantedModel();
  const nHeads = model.heads.length;
  const { raw, nRows } = model.selfTest;
  const answers = new Float64Array(nRows * nHeads);
  buildReferencePredictor(model).predictInto(raw, nRows, answers);
  const out = new Float64Array(CHUNK_ROWS * outputsOf(model).length);
  buildScore(model)(raw, nRows, out);
  for (let row = 0; row < nRows; row++) {
    const expected = [...answers.subarray(row * nHeads, (row + 1) * nHeads)];
    const actual = outputsOf(model).map((_, o) => out[o * CHUNK_ROWS + row]!);
    const [delayed] = actual.splice(1, 1);
    expect(delayed).toBe(expected[0]! >= model.threshold ? 1 : 0);
    expect(actual).toEqual(expected.map((answer) => Number(answer.toFixed(6))));
  }
});
