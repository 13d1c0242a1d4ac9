/**
 * Do models made at random, over hostile column names, odd labels and missing values, answer as their libraries do, or are
 * they refused? Reads the folder that bench/exchange-random.py wrote: a row is asked as a request, so that what a
 * library refuses has to be refused here. `npx bun bench/exchange-random.ts FOLDER`
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../src/core/errors.ts';
import { buildInputReader } from '../src/core/inputs.ts';
import { importModel } from '../src/exchange/import.ts';
import { compilePredictor } from '../src/predict/compile.ts';

interface RandomModel {
  readonly kind: string;
  readonly columns: readonly string[] | null;
  readonly rows: readonly (readonly (number | string | null)[])[];
  /** null where the library refuses the row. */
  readonly probabilities: readonly (number | null)[];
  readonly tolerance: number;
  readonly spec: Readonly<Record<string, unknown>>;
}

const FOLDER = process.argv[2] ?? 'bench/out/random';

const refusals = new Map<string, number>();
const wrong: string[] = [];
let [nModels, nRows, nRefusedRows, nCautious, worst] = [0, 0, 0, 0, 0];

const check = (name: string): void => {
  const known = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as RandomModel;
  nModels++;
  let model: ReturnType<typeof importModel>;
  try {
    model = importModel(readFileSync(join(FOLDER, name)), known.spec, 'random');
  } catch (error) {
    if (!(error instanceof AppError))
      throw new Error(`${name} breaks the reader`, { cause: error });
    const reason = `${error.code}: ${error.message.replace(/'[^']*'|\d+(\.\d+)?/g, '..').slice(0, 110)}`;
    refusals.set(reason, (refusals.get(reason) ?? 0) + 1);
    return;
  }
  const read = buildInputReader(model.inputs);
  const predictor = compilePredictor(model);
  const raw = new Float64Array(model.inputs.length);
  const out = new Float64Array(1);
  known.rows.forEach((row, r) => {
    const request = JSON.parse(
      `{${row.map((value, c) => `${JSON.stringify(known.columns?.[c] ?? `x${c}`)}:${JSON.stringify(value)}`).join()}}`,
    ) as Record<string, unknown>;
    const { faults } = read(request, raw, 0);
    const expected = known.probabilities[r]!;
    nRows++;
    if (faults.length > 0) {
      nRefusedRows++;
      if (expected !== null) nCautious++;
      return;
    }
    predictor.predictInto(raw, 1, out);
    const difference = Math.abs(out[0]! - (expected ?? Number.NaN));
    if (difference <= known.tolerance) worst = Math.max(worst, difference);
    else
      wrong.push(
        `${name} (${known.kind}) row ${r}: ${out[0]}, the library ${expected === null ? 'refuses it' : `answers ${expected}`}`,
      );
  });
};

for (const file of readdirSync(FOLDER).sort())
  if (file.startsWith('random-') && file.endsWith('.json') && file.split('.').length > 2)
    check(file.slice(0, -5));

const nRefused = [...refusals.values()].reduce((sum, n) => sum + n, 0);
console.log(`${nModels} models, ${nRefused} of them refused; ${nRows} rows asked`);
console.log(
  `${nRefusedRows} rows refused, ${nCautious} of them answered by the library; largest difference ${worst.toExponential(1)}`,
);
for (const [reason, n] of [...refusals].sort((a, b) => b[1] - a[1]))
  console.log(`  ${n} x ${reason}`);
const models = new Set(wrong.map((line) => line.split(' ')[0]));
console.log(`${wrong.length} rows of ${models.size} models answered otherwise`);
const shown = new Map<string, number>();
for (const line of wrong) {
  const model = line.split(' ')[0]!;
  shown.set(model, (shown.get(model) ?? 0) + 1);
  if (shown.get(model)! <= 2) console.log(`WRONG ${line}`);
}
if (wrong.length > 0) process.exit(1);
