/** Every fixture that the real libraries made: the same probabilities, in the definition and compiled. */
import { describe, expect, test } from 'bun:test';
import { rawOfRow, readForeignFixtures } from '../../test/foreign-fixtures.ts';
import { compilePredictor } from '../predict/compile.ts';
import { importModel } from './import.ts';

describe('an imported model answers as its library does', () => {
  test.each(
    readForeignFixtures().map((fixture) => [fixture.name, fixture] as const),
  )('%s', (_, fixture) => {
    const model = importModel(fixture.bytes, fixture.spec ?? {}, 'fixture');
    const predictor = compilePredictor(model);
    const out = new Float64Array(1);
    let nRows = 0;
    fixture.rows.forEach((row, r) => {
      const raw = rawOfRow(model, fixture, r);
      if (!raw) return;
      predictor.predictInto(raw, 1, out);
      const expected = fixture.probabilities[r]!;
      if (!(Math.abs(out[0]! - expected) <= fixture.tolerance))
        throw new Error(`row ${r} ${JSON.stringify(row)}: ${out[0]}, ${expected} was expected`);
      nRows++;
    });
    expect(nRows).toBeGreaterThan(0);
  });
});
