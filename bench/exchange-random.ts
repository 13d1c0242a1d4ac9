/**
 * Do models made at random, over hostile column names, odd labels and missing values, answer as their libraries do, or are
 * they refused? Reads the folder that bench/exchange-random.py wrote: a row is asked as a request, so that what a
 * library refuses has to be refused here. `npx bun bench/exchange-random.ts FOLDER`
 */
import { readdirSync } from 'node:fs';
import { AppError } from '../src/core/errors.ts';
import { importModel } from '../src/exchange/import.ts';
import { compareAnswers, readAskedModel } from '../test/foreign-requests.ts';

const FOLDER = process.argv[2] ?? 'bench/out/random';

const refusals = new Map<string, number>();
const wrong: string[] = [];
let [nModels, nRows, nRefusedRows, nCautious, worst] = [0, 0, 0, 0, 0];

const check = (name: string): void => {
  const { bytes, known } = readAskedModel(FOLDER, name);
  nModels++;
  let model: ReturnType<typeof importModel>;
  try {
    model = importModel(bytes, known.spec, 'random');
  } catch (error) {
    if (!(error instanceof AppError))
      throw new Error(`${name} breaks the reader`, { cause: error });
    const reason = `${error.code}: ${error.message.replace(/'[^']*'|\d+(\.\d+)?/g, '..').slice(0, 110)}`;
    refusals.set(reason, (refusals.get(reason) ?? 0) + 1);
    return;
  }
  const compared = compareAnswers(model, known);
  nRows += known.rows.length;
  nRefusedRows += compared.nRefused;
  nCautious += compared.nCautious;
  worst = Math.max(worst, compared.largestDifference);
  for (const line of compared.wrong) wrong.push(`${name} ${line}`);
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
