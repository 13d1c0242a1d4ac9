/**
 * Do foreign models answer here as in their library, and what do hostile files cost before they are refused?
 * The largest difference per kind of file over the fixtures (`FIXTURES=FOLDER` takes others), then time and memory of
 * each hostile file in a process of its own. `npx bun bench/exchange.ts`
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { AppError } from '../src/core/errors.ts';
import type { Model } from '../src/core/model.ts';
import { importModel } from '../src/exchange/import.ts';
import { compilePredictor } from '../src/predict/compile.ts';
import { type ForeignFixture, rawOfRow, readForeignFixtures } from '../test/foreign-fixtures.ts';
import { compareAnswers, readAskedModel } from '../test/foreign-requests.ts';
import { printMachine } from './lib/measure.ts';

const OPTIONS = join(import.meta.dir, '../src/exchange/fixtures/options');

interface Equality {
  nFiles: number;
  nRows: number;
  worst: number;
  nBeyond: number;
  tolerance: number;
}

/** `pkl` of XGBoost and LightGBM hold those libraries' own formats, so they count with them. */
const kindOf = ({ name }: ForeignFixture): string => {
  const base = name.split('/').at(-1)!;
  const library = /^(xgboost|lightgbm)/.exec(base)?.[1] ?? '';
  const ending = extname(base).slice(1);
  if (library === 'xgboost') return `XGBoost ${ending}`;
  if (library === 'lightgbm') return `LightGBM ${ending}`;
  if (base.startsWith('catboost')) return `CatBoost ${ending}`;
  return ending === 'onnx' ? 'ONNX' : `scikit-learn ${ending}`;
};

const measureEquality = (): ReadonlyMap<string, Equality> => {
  const kinds = new Map<string, Equality>();
  for (const fixture of readForeignFixtures()) {
    const { tolerance } = fixture;
    const kind = kindOf(fixture) + (tolerance > 1e-9 ? ', float32' : ', float64');
    const sums = kinds.get(kind) ?? { nFiles: 0, nRows: 0, worst: 0, nBeyond: 0, tolerance };
    kinds.set(kind, sums);
    const model = importModel(fixture.bytes, fixture.spec ?? {}, 'fixture');
    const predictor = compilePredictor(model);
    const out = new Float64Array(1);
    sums.nFiles++;
    fixture.rows.forEach((_, r) => {
      const raw = rawOfRow(model, fixture, r);
      if (!raw) return;
      predictor.predictInto(raw, 1, out);
      const difference = Math.abs(out[0]! - fixture.probabilities[r]!);
      sums.nRows++;
      sums.worst = Math.max(sums.worst, difference);
      if (!(difference <= tolerance)) sums.nBeyond++;
    });
  }
  return kinds;
};

/** Options one by one, asked as requests: what the library refuses is refused, or the whole model is. */
const measureOptions = (): string => {
  const files = new Set(readdirSync(OPTIONS));
  let [nFiles, nRefusedFiles, nRows, worst, nBeyond] = [0, 0, 0, 0, 0];
  for (const name of files) {
    if (!files.has(`${name}.json`)) continue;
    nFiles++;
    const { bytes, known } = readAskedModel(OPTIONS, name);
    let model: Model;
    try {
      model = importModel(bytes, known.spec, 'option');
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      nRefusedFiles++;
      continue;
    }
    const compared = compareAnswers(model, known);
    nRows += known.rows.length;
    nBeyond += compared.wrong.length;
    worst = Math.max(worst, compared.largestDifference);
  }
  return `| options, of which ${nRefusedFiles} are refused by name | ${nFiles} | ${nRows} | ${worst.toExponential(1)} | 1e-12; 1e-6 | ${nBeyond} |`;
};

interface Refusal {
  readonly code: string;
  readonly tookMs: number;
  readonly peakMb: number;
}

/** In a process of its own: nothing else has touched its memory. */
const measureRefusal = (path: string): Refusal => {
  const bytes = readFileSync(path);
  const startMs = performance.now();
  let code = 'READ';
  try {
    importModel(bytes, {}, 'hostile');
  } catch (error) {
    code = error instanceof AppError ? error.code : 'CRASHED';
  }
  const tookMs = performance.now() - startMs;
  const status = readFileSync('/proc/self/status', 'utf8');
  return { code, tookMs, peakMb: Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024 };
};

const refuse = (folder: string, bytes: Uint8Array): Refusal => {
  const path = join(folder, 'file');
  writeFileSync(path, bytes);
  const child = Bun.spawnSync([process.execPath, import.meta.path, path]);
  return JSON.parse(child.stdout.toString()) as Refusal;
};

if (process.argv[2] !== undefined) console.log(JSON.stringify(measureRefusal(process.argv[2])));
else {
  printMachine();
  console.log(
    '\n| files | | rows | largest difference | allowed | beyond |\n|---|---:|---:|---:|---:|---:|',
  );
  for (const [kind, sums] of [...measureEquality()].sort()) {
    const { nFiles, nRows, worst, tolerance, nBeyond } = sums;
    console.log(
      `| ${kind} | ${nFiles} | ${nRows} | ${worst.toExponential(1)} | ${tolerance} | ${nBeyond} |`,
    );
  }
  console.log(measureOptions());
  const { DAMAGED, WANTING } = await import('../test/hostile-files.ts');
  const { BROKEN_CATBOOST } = await import('../test/hostile-catboost.ts');
  const { ESTIMATORS } = await import('../test/hostile-estimators.ts');
  const { RUNNING } = await import('../test/hostile-pickles.ts');
  const folder = mkdtempSync(join(tmpdir(), 'puntual-exchange-'));
  console.log('\n| hostile | files | slowest ms | max MB |\n|---|---:|---:|---:|');
  for (const [title, files] of [
    ['run code', RUNNING],
    ['want too much', WANTING],
    ['joined models', ESTIMATORS],
    ['damaged trees', DAMAGED],
    ['broken CatBoost files', BROKEN_CATBOOST],
  ] as const) {
    const done = files.map(([what, bytes]) => ({ what, ...refuse(folder, bytes) }));
    const slowest = done.reduce((most, one) => (one.tookMs > most.tookMs ? one : most));
    const largest = done.reduce((most, one) => (one.peakMb > most.peakMb ? one : most));
    const accepted = done.filter(({ code }) => !code.startsWith('model-'));
    console.log(
      `| ${title} | ${done.length} | ${slowest.tookMs.toFixed(0)} (${slowest.what}) | ${largest.peakMb.toFixed(0)} (${largest.what}) |`,
    );
    for (const { what, code } of accepted) console.log(`NOT REFUSED (${code}): ${what}`);
  }
  rmSync(folder, { recursive: true });
}
