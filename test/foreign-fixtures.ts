/**
 * The fixtures that the real libraries made: where they lie, and their rows as inputs of ours.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Model } from '../src/core/model.ts';
import type { InputsFile } from '../src/exchange/inputs-file.ts';

const FOLDER = process.env['FIXTURES'] ?? join(import.meta.dir, '../src/exchange/fixtures');

export interface ForeignFixture {
  /** Path below the folder of fixtures. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly columns: readonly string[] | null;
  readonly rows: readonly (readonly (number | string | null)[])[];
  readonly probabilities: readonly number[];
  readonly tolerance: number;
  /** The inputs file, where the model does not name its categories. */
  readonly spec?: InputsFile;
}

/** In the order of their names; `NAME.json` holds the rows and answers of `NAME`. */
export const readForeignFixtures = (): readonly ForeignFixture[] =>
  (readdirSync(FOLDER, { recursive: true }) as string[])
    // Those are asked as requests: `foreign-requests.ts`.
    .filter((name) => !name.startsWith('options/'))
    .filter((name) => name.endsWith('.json') && existsSync(join(FOLDER, name.slice(0, -5))))
    .sort()
    .map((name) => ({
      ...(JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as ForeignFixture),
      name: name.slice(0, -5),
      bytes: readFileSync(join(FOLDER, name.slice(0, -5))),
    }));

/** Row `r` of the library's matrix as our inputs; undefined where 0 and 1 columns hold something else. */
export const rawOfRow = (
  model: Model,
  { columns, rows }: ForeignFixture,
  r: number,
): Float64Array | undefined => {
  const raw = new Float64Array(model.inputs.length).fill(Number.NaN);
  const row = rows[r]!;
  const names = columns ?? row.map((_, c) => `x${c}`);
  for (const [c, name] of names.entries()) {
    const value = row[c]!;
    const own = model.inputs.findIndex((input) => input.name === name);
    if (own >= 0) {
      const { values } = model.inputs[own]!;
      const code = values?.indexOf(String(value)) ?? -1;
      raw[own] = value === null ? Number.NaN : values ? (code < 0 ? Number.NaN : code) : +value;
      continue;
    }
    const group = model.inputs.findIndex((input) => name.startsWith(`${input.name}_`));
    // A column that the model drops.
    if (group < 0 || value === 0) continue;
    if (value !== 1) return undefined;
    const { name: prefix, values } = model.inputs[group]!;
    raw[group] = values!.indexOf(name.slice(prefix.length + 1));
  }
  return raw;
};
