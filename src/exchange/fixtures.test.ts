/** Every fixture that the real libraries made: the same probabilities, in the definition and compiled. */
import { describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Model } from '../core/model.ts';
import { compilePredictor } from '../predict/compile.ts';
import { importModel } from './import.ts';
import type { Spec } from './spec.ts';

const FOLDER = process.env['FIXTURES'] ?? join(import.meta.dir, 'fixtures');

interface Fixture {
  readonly file: string;
  readonly columns: readonly string[] | null;
  readonly rows: readonly (readonly (number | string | null)[])[];
  readonly probabilities: readonly number[];
  readonly tolerance: number;
  /** The inputs file, where the model does not name its categories. */
  readonly spec?: Spec;
}

/** One row of the library's matrix as our inputs; undefined where 0 and 1 columns hold something else. */
const rawOf = (model: Model, names: readonly string[], row: Fixture['rows'][0]) => {
  const raw = new Float64Array(model.inputs.length).fill(Number.NaN);
  for (const [c, name] of names.entries()) {
    const value = row[c]!;
    const own = model.inputs.findIndex((input) => input.name === name);
    if (own >= 0) {
      const { values } = model.inputs[own]!;
      const code = values?.indexOf(String(value)) ?? -1;
      raw[own] = value === null ? Number.NaN : values ? (code < 0 ? Number.NaN : code) : +value;
      continue;
    }
    if (value === 0) continue;
    if (value !== 1) return undefined;
    const group = model.inputs.findIndex((input) => name.startsWith(`${input.name}_`));
    const { name: prefix, values } = model.inputs[group]!;
    raw[group] = values!.indexOf(name.slice(prefix.length + 1));
  }
  return raw;
};

const folders = [
  FOLDER,
  ...readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(FOLDER, entry.name)),
];

describe('an imported model answers as its library does', () => {
  for (const folder of folders) {
    for (const name of readdirSync(folder)
      .filter((file) => file.endsWith('.json') && existsSync(join(folder, file.slice(0, -5))))
      .sort()) {
      const fixture = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Fixture;
      test(`${folder === FOLDER ? '' : folder.slice(FOLDER.length + 1)} ${fixture.file}`, () => {
        const model = importModel(
          readFileSync(join(folder, fixture.file)),
          fixture.spec ?? {},
          'fixture',
        );
        const predictor = compilePredictor(model);
        const names = fixture.columns ?? fixture.rows[0]!.map((_, c) => `x${c}`);
        const out = new Float64Array(1);
        let nRows = 0;
        fixture.rows.forEach((row, r) => {
          const raw = rawOf(model, names, row);
          if (!raw) return;
          predictor.predictInto(raw, 1, out);
          const worst = Math.abs(out[0]! - fixture.probabilities[r]!);
          if (!(worst <= fixture.tolerance)) {
            throw new Error(
              `row ${r} ${JSON.stringify(row)}: ${out[0]}, ${fixture.probabilities[r]} was expected`,
            );
          }
          nRows++;
        });
        expect(nRows).toBeGreaterThan(0);
      });
    }
  }
});
