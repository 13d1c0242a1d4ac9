/**
 * Does an exported model answer in Python as the model does here, given nothing but files? A model is learned from `data/`,
 * exported as ONNX and as LightGBM's text, and its matrix written by `puntual predict --features`; ONNX Runtime's
 * probabilities are compared with those that `predict` wrote, LightGBM's scores with ONNX Runtime's before the calibration.
 * `npx bun bench/matrix.ts`; peers: `bench/peers/README.md`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printMachine } from './lib/measure.ts';

const ROOT = join(import.meta.dir, '..');
const folder = mkdtempSync(join(tmpdir(), 'puntual-matrix-'));
const at = (name: string): string => join(folder, name);

const run = (program: string, ...args: string[]): string => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([program, ...args], { cwd: ROOT });
  if (exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${exitCode}: ${stderr}`);
  return stdout.toString();
};
const puntual = (...args: string[]): string =>
  run(process.execPath, join(ROOT, 'src/cli/main.ts'), ...args, '--models', at('models'));

printMachine();
try {
  puntual('train', 'data/flights.parquet', '--name', 'm', '--no-refit', '--publish');
  puntual('model', 'export', 'm', '--to', 'onnx', '-o', at('model.onnx'));
  puntual('model', 'export', 'm', '--to', 'onnx', '-o', at('plain.onnx'), '--uncalibrated');
  puntual('model', 'export', 'm', '--to', 'lightgbm', '-o', at('plain.txt'), '--uncalibrated');
  const files = ['-o', at('answers.parquet'), '--features', at('matrix.parquet')];
  puntual('predict', 'm', 'data/flights.parquet', ...files);
  const python = join(import.meta.dir, 'peers/.venv/bin/python');
  const found = JSON.parse(run(python, join(import.meta.dir, 'peers/matrix.py'), folder)) as {
    readonly rows: number;
    readonly features: number;
    readonly onnx: number;
    readonly lightgbm: number;
  };
  console.log(`${found.rows.toLocaleString('en')} flights, ${found.features} features`);
  console.log('| compared | largest difference |');
  console.log('|---|---:|');
  console.log(`| ONNX Runtime, and the file that predict wrote | ${found.onnx.toExponential(1)} |`);
  console.log(`| LightGBM, and ONNX Runtime uncalibrated | ${found.lightgbm.toExponential(1)} |`);
} finally {
  rmSync(folder, { recursive: true });
}
