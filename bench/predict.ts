/**
 * How long one prediction takes, alone and in a batch: ours and the peers', same forest, same rows, one thread.
 * `npx bun bench/predict.ts [100x31 ...] [full]`; without Python (bench/peers/README.md) it prints ours alone.
 */
import { heapStats } from 'bun:jsc';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Model } from '../src/core/model.ts';
import { readModel, writeModel } from '../src/core/model-file.ts';
import { buildRandom } from '../src/core/random.ts';
import { importModel } from '../src/exchange/import.ts';
import { compilePredictor } from '../src/predict/compile.ts';
import { buildExplainer } from '../src/predict/explain/explain.ts';
import { buildScorer, type Kernel } from '../src/predict/scorer.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { alternate, type Contender, printFigures, printMachine, summarise } from './lib/measure.ts';

const PYTHON = 'bench/peers/.venv/bin/python';
const ONNX = 'bench/peers/onnx/';
const SIZES = [
  [100, 31],
  [100, 255],
  [1000, 255],
] as const;
const ROUNDS = 7;
const N_ROWS = 10_000;

interface Peers {
  readonly names: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
  readonly measure: (name: string, mode: 'one' | 'batch') => Promise<number>;
  readonly end: () => void;
}

/** The peers of one process, which takes orders by line and answers with ns per row. */
const startPeers = async (command: readonly string[]): Promise<Peers> => {
  const child = Bun.spawn([...command], { stdin: 'pipe', stdout: 'pipe', stderr: 'ignore' });
  const lines = readLines(child.stdout);
  let first = await lines.next();
  // The peers' own libraries print too.
  while (!first.done && !first.value.startsWith('{"peers')) first = await lines.next();
  const { peers, versions } = JSON.parse(first.value ?? '{}') as {
    peers: string[];
    versions: Record<string, string>;
  };
  return {
    names: peers,
    versions,
    measure: async (name, mode) => {
      child.stdin.write(`${name} ${mode}\n`);
      child.stdin.flush();
      for (;;) {
        const line = await lines.next();
        if (line.done) throw new Error(`${name} ended before it answered`);
        if (/^[\d.]+$/.test(line.value)) return Number(line.value);
      }
    },
    end: () => child.kill(),
  };
};

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of stream) {
    rest += Buffer.from(chunk).toString();
    for (let at = rest.indexOf('\n'); at >= 0; at = rest.indexOf('\n')) {
      yield rest.slice(0, at);
      rest = rest.slice(at + 1);
    }
  }
}

/** Mean ns of single calls, the rows in no order so that caches are as cold as in service; or of one batch. */
const nsOf = (model: Model, rows: Float64Array, mode: 'one' | 'batch', kernel?: Kernel) => {
  const predictor = compilePredictor(model, kernel);
  const nInputs = model.inputs.length;
  const out = new Float64Array(N_ROWS);
  const singles = Array.from({ length: N_ROWS }, (_, i) => {
    const row = (i * 7919) % N_ROWS;
    return rows.subarray(row * nInputs, (row + 1) * nInputs);
  });
  return (): number => {
    const startNs = Bun.nanoseconds();
    if (mode === 'batch') predictor.predictInto(rows, N_ROWS, out);
    else for (let i = 0; i < N_ROWS; i++) predictor.predictInto(singles[i]!, 1, out);
    return (Bun.nanoseconds() - startNs) / N_ROWS;
  };
};

/** Bytes by which the heap grows in 100,000 single calls; a call that made one object would cost 1.6 MB and more. */
const heapGrowth = (model: Model, rows: Float64Array): number => {
  const run = nsOf(model, rows, 'one');
  for (let i = 0; i < 3; i++) run();
  Bun.gc(true);
  const before = heapStats().heapCapacity;
  for (let i = 0; i < 10; i++) run();
  return heapStats().heapCapacity - before;
};

const compare = async (nTrees: number, nLeaves: number): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'puntual-bench-'));
  try {
    const full = process.argv.includes('full') ? ['full'] : [];
    const python = [PYTHON, 'bench/peers/predict.py', folder, `${nTrees}`, `${nLeaves}`, ...full];
    const peers = existsSync(PYTHON) ? [await startPeers(python)] : [];
    if (peers.length > 0 && existsSync(`${ONNX}node_modules`))
      peers.push(await startPeers(['node', `${ONNX}predict.mjs`, folder]));
    const hasPeers = peers.length > 0;
    const model = hasPeers
      ? importModel(readFileSync(join(folder, 'model.txt')), {}, 'bench')
      : buildPlantedModel({ nTrees, nLeaves });
    const rows = hasPeers
      ? new Float64Array(readFileSync(join(folder, 'rows.f64')).buffer)
      : plantedRows(model);
    if (hasPeers) {
      console.log(`peers: ${JSON.stringify(Object.assign({}, ...peers.map((p) => p.versions)))}`);
      checkAnswers(model, rows, new Float64Array(readFileSync(join(folder, 'answers.f64')).buffer));
    }
    for (const mode of ['one', 'batch'] as const) {
      const kernels = (['bitvector', 'walk', 'slot-walk'] as const).filter((kernel) => {
        const scorer = buildScorer([model.heads[0]!.score], model.features.length, kernel);
        return scorer.kernels[0] === kernel && (kernel !== 'bitvector' || nLeaves <= 64);
      });
      const contenders: Contender[] = [
        { name: 'puntual', run: nsOf(model, rows, mode) },
        ...kernels.map((kernel) => ({
          name: `puntual, ${kernel}`,
          run: nsOf(model, rows, mode, kernel),
        })),
        ...peers.flatMap(({ names, measure }) =>
          names.map((name) => ({ name, run: () => measure(name, mode) })),
        ),
      ];
      const figures = await alternate(contenders, ROUNDS, 2);
      console.log(
        `\n### ${nTrees} trees x ${nLeaves} leaves, ${mode === 'one' ? 'one row' : `batch of ${N_ROWS} rows`}\n`,
      );
      printFigures(figures, 'ns per row', 'puntual');
    }
    for (const { end } of peers) end();
    console.log(`\nheap after 100,000 single calls: ${heapGrowth(model, rows)} bytes more`);
    printReady(model, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const checkAnswers = (model: Model, rows: Float64Array, expected: Float64Array): void => {
  const out = new Float64Array(N_ROWS);
  compilePredictor(model).predictInto(rows, N_ROWS, out);
  const worst = out.reduce((most, p, i) => Math.max(most, Math.abs(p - expected[i]!)), 0);
  console.log(`answers: at most ${worst.toExponential(1)} from LightGBM's`);
  if (worst > 1e-12) throw new Error('the forest is not the same: the figures would mean nothing');
};

/** Load and compile, as the first thing that a process does (in eleven of them) and later. */
const printReady = (model: Model, folder: string): void => {
  const file = join(folder, 'model.safetensors');
  writeModel(model, file);
  const first = Array.from({ length: 11 }, () => {
    const { stdout } = Bun.spawnSync([process.execPath, import.meta.path, 'ready', file]);
    return Number(stdout.toString());
  });
  const later = Array.from({ length: 11 }, () => readyMs(file));
  const explainer = buildExplainer(model);
  const raw = new Float64Array(model.inputs.length).fill(3);
  const explain: number[] = [];
  for (let i = 0; i < 51; i++) {
    raw[0] = i;
    const startMs = performance.now();
    explainer.explain(raw, 0);
    explain.push(performance.now() - startMs);
  }
  console.log();
  printFigures(
    [
      summarise('load and compile, first thing of a process', first),
      summarise('load and compile, later', later.slice(1)),
      summarise('explain one row', explain),
    ],
    'ms',
  );
};

const readyMs = (file: string): number => {
  const startMs = performance.now();
  compilePredictor(readModel(file).model);
  return performance.now() - startMs;
};

const plantedRows = (model: Model): Float64Array => {
  const random = buildRandom(1);
  return Float64Array.from({ length: N_ROWS * model.inputs.length }, (_, i) => {
    const input = model.inputs[i % model.inputs.length]!;
    if (input.kind === 'category') return Math.floor(random() * input.values!.length);
    return input.kind === 'time'
      ? 22_618_080 + Math.floor(random() * 525_600)
      : Math.floor(random() * 2500);
  });
};

const main = async (): Promise<void> => {
  const wanted = process.argv.slice(2).filter((word) => word !== 'full');
  if (wanted[0] === 'ready') {
    console.log(readyMs(wanted[1]!));
    return;
  }
  printMachine();
  for (const [nTrees, nLeaves] of SIZES) {
    if (wanted.length === 0 || wanted.includes(`${nTrees}x${nLeaves}`))
      await compare(nTrees, nLeaves);
  }
};

await main();
