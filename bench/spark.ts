/**
 * Can a model be learned past one machine? `puntual features` writes the matrix of `data/`, XGBoost learns from it in one
 * process and on Spark's local mode with one worker and with two, and `puntual model import --features` makes each a model:
 * the largest difference of their answers to the test flights, and the log loss that our report gives each, beside that of
 * our own learner. `npx bun bench/spark.ts`; peers: `bench/peers/README.md`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printMachine } from './lib/measure.ts';

const ROOT = join(import.meta.dir, '..');
const folder = mkdtempSync(join(tmpdir(), 'puntual-spark-'));
const at = (name: string): string => join(folder, name);

/** The exit code of a model that is no gain on climatology: it is reported all the same. */
const NO_GAIN = 99;

const run = (program: string, ...args: string[]): string => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([program, ...args], { cwd: ROOT });
  if (exitCode !== 0 && exitCode !== NO_GAIN)
    throw new Error(`${args.join(' ')} ended with ${exitCode}: ${stderr}`);
  return stdout.toString();
};
const puntual = (...args: string[]): string =>
  run(process.execPath, join(ROOT, 'src/cli/main.ts'), ...args);

interface Found {
  readonly xgboost: string;
  readonly pyspark: string;
  readonly rows: number;
  readonly models: readonly {
    readonly name: string;
    readonly path: string;
    readonly seconds: number;
    readonly difference: number;
  }[];
}

interface Report {
  readonly test: { readonly logLoss: number; readonly auc: number };
}

printMachine();
try {
  const flights = [
    ...['data/flights.parquet', '--weather', 'data/weather.parquet'],
    ...['--test-from', '2013-11-01'],
  ];
  const written = JSON.parse(puntual('features', ...flights, '-o', at('matrix'), '--json')) as {
    readonly seconds: number;
    readonly features: readonly string[];
  };
  const peers = join(import.meta.dir, 'peers/spark');
  const lines = run(join(peers, '.venv/bin/python'), join(peers, 'learn.py'), at('matrix'), folder);
  const found = JSON.parse(lines.trim().split('\n').at(-1)!) as Found;
  console.log(
    `XGBoost ${found.xgboost}, PySpark ${found.pyspark}; ${found.rows.toLocaleString('en')} flights learned from, ${written.features.length} features, written in ${written.seconds.toFixed(1)} s`,
  );
  console.log('| learned by | s | largest difference | log loss | AUC |');
  console.log('|---|---:|---:|---:|---:|');
  const row = (name: string, { test }: Report, seconds: number, difference: string): void =>
    console.log(
      `| ${name} | ${seconds.toFixed(1)} | ${difference} | ${test.logLoss.toFixed(4)} | ${test.auc.toFixed(4)} |`,
    );
  for (const { name, path, seconds, difference } of found.models) {
    const into = ['--features', at('matrix'), '--models', at('models'), '--name', name];
    const report = JSON.parse(puntual('model', 'import', path, ...into, '--json')) as Report;
    row(`XGBoost, ${name}`, report, seconds, difference.toExponential(1));
  }
  const own = JSON.parse(
    puntual('train', ...flights, '--models', at('models'), '--no-refit', '--publish', '--json'),
  ) as Report & { readonly seconds: number };
  row('Puntual', own, own.seconds, '');
} finally {
  rmSync(folder, { recursive: true });
}
