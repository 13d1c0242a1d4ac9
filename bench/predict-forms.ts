/**
 * Which form of a forest scores fastest: the trial behind predict/scorer, on the same numeric forest and rows.
 * `npx bun bench/predict-forms.ts`. Emitted code beside the kernels that the product keeps.
 */
import type { Forest } from '../src/core/forest.ts';
import { buildRandom } from '../src/core/random.ts';
import { call, type Code, f64, i32, type Local } from '../src/wasm/instructions.ts';
import { defineFunc, emitModule } from '../src/wasm/module.ts';
import { scoreOf } from '../src/predict/reference.ts';
import { BATCH_ROWS, buildScorer, type Kernel } from '../src/predict/scorer.ts';
import { buildPlantedForest } from '../test/planted.ts';
import { alternate, type Contender, printFigures, printMachine } from './lib/measure.ts';

const N_FEATURES = 7;
const N_ROWS = 4096;
const RANGES = [5, 3, 6, 1440, 7, 366, 2500];

/** The planted forest with every category split turned into a numeric one. */
const numericForest = (nTrees: number, nLeaves: number): Forest => {
  const forest = buildPlantedForest(nTrees, nLeaves, 1);
  const threshold = forest.threshold.map((limit, node) =>
    forest.categoryStart[node]! >= 0 ? (node % RANGES[forest.feature[node]!]!) + 0.5 : limit,
  );
  return { ...forest, threshold, categoryStart: new Int32Array(threshold.length).fill(-1) };
};

type Form = (features: Float64Array, nRows: number, out: Float64Array) => void;

/** Nested conditions as JavaScript source, one function per tree. */
const emittedScript = (forest: Forest): Form => {
  const code = (node: number): string =>
    forest.feature[node] === -1
      ? `return ${forest.value[node]};`
      : `const v${node}=x[at+${forest.feature[node]}];if(v${node}<=${forest.threshold[node]}||(${forest.missingLeft[node]}===1&&v${node}!==v${node})){${code(forest.left[node]!)}}else{${code(forest.right[node]!)}}`;
  const trees = Array.from(
    forest.roots,
    (root) => new Function('x', 'at', code(root)) as (x: Float64Array, at: number) => number,
  );
  return (features, nRows, out) => {
    for (let row = 0; row < nRows; row++) {
      let sum = 0;
      for (let t = 0; t < trees.length; t++) sum += trees[t]!(features, row * N_FEATURES);
      out[row] = forest.base + forest.scale * sum;
    }
  };
};

/** Nested conditions as WebAssembly, one function per tree, called in turn. */
const emittedBranches = (forest: Forest): Form => {
  const F64 = 0x7c;
  const code = (node: number, row: Local): Code => {
    if (forest.feature[node] === -1) return f64.const(forest.value[node]!);
    const value = f64.load(row.get, forest.feature[node]! * 8);
    const isBelow = f64.le(value, f64.const(forest.threshold[node]!));
    const isLeft = forest.missingLeft[node] === 1 ? i32.or(isBelow, f64.ne(value, value)) : isBelow;
    const [left, right] = [forest.left[node]!, forest.right[node]!];
    return [isLeft, [0x04, F64], code(left, row), 0x05, code(right, row), 0x0b];
  };
  const OUT = 65_536 * 4;
  const trees = Array.from(forest.roots, (root) =>
    defineFunc({
      params: ['i32', 'i32'],
      body: ([row, out]) => f64.store(out.get, f64.add(f64.load(out.get), code(root, row))),
    }),
  );
  const all = defineFunc({
    name: 'row',
    params: ['i32', 'i32'],
    body: ([row, out]) => trees.map((_, t) => [row.get, out.get, call(t)]),
  });
  const memory = new WebAssembly.Memory({ initial: 8 });
  const module = new WebAssembly.Module(emitModule([...trees, all]));
  const { row: scoreRow } = new WebAssembly.Instance(module, { env: { memory } }).exports as {
    row: (at: number, out: number) => void;
  };
  const x = new Float64Array(memory.buffer);
  return (features, nRows, out) => {
    for (let from = 0; from < nRows; from += BATCH_ROWS) {
      const n = Math.min(BATCH_ROWS, nRows - from);
      x.set(features.subarray(from * N_FEATURES, (from + n) * N_FEATURES));
      x.fill(0, OUT / 8, OUT / 8 + n);
      for (let row = 0; row < n; row++) scoreRow(row * N_FEATURES * 8, OUT + row * 8);
      for (let row = 0; row < n; row++) out[from + row] = forest.base + x[OUT / 8 + row]!;
    }
  };
};

const kept = (forest: Forest, kernel: Kernel): Form => {
  const scorer = buildScorer([{ kind: 'forest', forest }], N_FEATURES, kernel);
  if (scorer.kernels[0] !== kernel) throw new Error(`${kernel} does not fit this forest`);
  return (features, nRows, out) => {
    for (let from = 0; from < nRows; from += BATCH_ROWS) {
      const n = Math.min(BATCH_ROWS, nRows - from);
      scorer.features.set(features.subarray(from * N_FEATURES, (from + n) * N_FEATURES));
      scorer.score(n);
      out.set(scorer.scores.subarray(0, n), from);
    }
  };
};

const plain =
  (forest: Forest): Form =>
  (features, nRows, out) => {
    for (let row = 0; row < nRows; row++)
      out[row] = scoreOf({ kind: 'forest', forest }, features, row * N_FEATURES);
  };

const random = buildRandom(2);
const rows = Float64Array.from({ length: N_ROWS * N_FEATURES }, (_, i) =>
  Math.floor(random() * RANGES[i % N_FEATURES]!),
);

const timed = (name: string, form: Form, expected: Float64Array): Contender => {
  const out = new Float64Array(N_ROWS);
  return {
    name,
    run: () => {
      const startNs = Bun.nanoseconds();
      form(rows, N_ROWS, out);
      const perRow = (Bun.nanoseconds() - startNs) / N_ROWS;
      const worst = out.reduce((most, x, i) => Math.max(most, Math.abs(x - expected[i]!)), 0);
      if (worst > 1e-12) throw new Error(`${name} is ${worst} off`);
      return perRow;
    },
  };
};

printMachine();
for (const [nTrees, nLeaves] of [
  [100, 31],
  [100, 255],
] as const) {
  const forest = numericForest(nTrees, nLeaves);
  const expected = new Float64Array(N_ROWS);
  plain(forest)(rows, N_ROWS, expected);
  const contenders = [
    timed('plain walk (the reference)', plain(forest), expected),
    timed('emitted JavaScript', emittedScript(forest), expected),
    timed('emitted WebAssembly, nested branches', emittedBranches(forest), expected),
    timed('eight branch-free walks over decisions (kept)', kept(forest, 'walk'), expected),
    timed('eight branch-free walks over slots (kept)', kept(forest, 'slot-walk'), expected),
    ...(nLeaves <= 32
      ? [timed('bitvector tables, SIMD (kept)', kept(forest, 'bitvector'), expected)]
      : []),
  ];
  console.log(
    `\n### ${nTrees} trees x ${nLeaves} leaves, ${N_ROWS} rows of ${N_FEATURES} features\n`,
  );
  printFigures(await alternate(contenders, 9, 3), 'ns per row', 'plain walk (the reference)');
}
