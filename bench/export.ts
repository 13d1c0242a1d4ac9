/**
 * Do exported models answer elsewhere as they do here? ONNX by onnxruntime (Python and Node), LightGBM's text by
 * LightGBM, on rows at, below and above every threshold and on rows with missing values; the largest difference of
 * each. `npx bun bench/export.ts [MODEL FILE...]`; peers: `bench/peers/README.md`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isCategorical } from '../src/core/features.ts';
import type { Forest } from '../src/core/forest.ts';
import type { Calibration, Head, Model } from '../src/core/model.ts';
import { readModel } from '../src/core/model-file.ts';
import { buildRandom } from '../src/core/random.ts';
import { writeLightGbm } from '../src/exchange/lightgbm/write.ts';
import { writeOnnx } from '../src/exchange/onnx/write/model.ts';
import { buildHeadTransform } from '../src/predict/heads.ts';
import { scoreOf } from '../src/predict/reference.ts';
import { buildPlantedModel } from '../test/planted.ts';
import { printMachine } from './lib/measure.ts';

const N_ROWS = 20_000;
const PEERS = join(import.meta.dir, 'peers');

const withHead = (change: Partial<Head>, forest: Partial<Forest> = {}): Model => {
  const model = buildPlantedModel({ nTrees: 40, nLeaves: 31 });
  const head = model.heads[0]!;
  if (head.score.kind !== 'forest') throw new Error('a forest is expected');
  const score = { ...head.score, forest: { ...head.score.forest, ...forest } };
  return { ...model, heads: [{ ...head, score, ...change } as Head] };
};

const steps = Float64Array.from({ length: 9 }, (_, i) => (i + 1) / 10);
const planted = (name: string, calibration: Calibration, forest: Partial<Forest> = {}) =>
  [name, withHead({ calibration }, forest)] as const;
const models: (readonly [string, Model])[] =
  process.argv.length > 2
    ? process.argv.slice(2).map((path, i) => [`model-${i + 1}`, readModel(path).model] as const)
    : [
        planted('plain', { kind: 'none' }),
        planted('float32-strict', { kind: 'none' }, { precision: 'float32', comparison: '<' }),
        planted('scaled', { kind: 'none' }, { scale: 0.3, base: 0.7 }),
        planted('platt', { kind: 'platt', a: 0.8, b: -0.3 }),
        planted('beta', { kind: 'beta', a: 0.8, b: 0.9, c: 0.1 }),
        planted('isotonic', { kind: 'isotonic', from: steps, to: steps.map((p) => p * p) }),
      ];

/** Rows of features: codes of categories, and numbers around the thresholds that are asked. */
const rowsOf = (model: Model): Float64Array => {
  const random = buildRandom(5);
  const below = (n: number): number => Math.floor(random() * n);
  const forest = forestOf(model);
  const asked = model.features.map((feature, f): readonly number[] => {
    if (isCategorical(feature)) {
      const input = model.inputs.find(({ name }) => 'input' in feature && name === feature.input);
      return Array.from({ length: input?.values?.length ?? 1 }, (_, code) => code);
    }
    const limits = forest
      ? [...forest.threshold].filter((_, node) => forest.feature[node] === f)
      : [0, 1, 10];
    return limits.length > 0 ? limits : [0];
  });
  return Float64Array.from({ length: N_ROWS * asked.length }, (_, i) => {
    const f = i % asked.length;
    const value = asked[f]![below(asked[f]!.length)]!;
    if (random() < 0.05) return Number.NaN;
    if (isCategorical(model.features[f]!)) return value;
    return value + [0, 2 ** -30, -(2 ** -30), 1, -1][below(5)]! * Math.max(1, Math.abs(value));
  });
};

const forestOf = ({ heads }: Model): Forest | undefined =>
  heads[0]!.score.kind === 'forest' ? heads[0]!.score.forest : undefined;

const answersOf = (model: Model, rows: Float64Array, isCalibrated: boolean): Float64Array => {
  const head = model.heads[0]!;
  const curve = buildHeadTransform(
    isCalibrated ? head : ({ ...head, calibration: { kind: 'none' } } as Head),
  );
  const width = model.features.length;
  return Float64Array.from({ length: N_ROWS }, (_, r) =>
    curve(scoreOf(head.score, rows, r * width)),
  );
};

/** LightGBM's text holds a Platt calibration; of the others the uncalibrated answer is compared. */
const write = (folder: string, name: string, model: Model): void => {
  const rows = rowsOf(model);
  const head = model.heads[0]!;
  const isPlatt = head.kind === 'probability' && head.calibration.kind === 'platt';
  const file = (ending: string, bytes: Uint8Array | Float64Array): void =>
    writeFileSync(join(folder, `${name}.${ending}`), bytes);
  file('rows', rows);
  file('answers', answersOf(model, rows, true));
  file('uncalibrated', answersOf(model, rows, isPlatt));
  file('onnx', writeOnnx(model));
  if (head.score.kind !== 'forest') return;
  const own = isPlatt
    ? model
    : { ...model, heads: [{ ...head, calibration: { kind: 'none' } } as Head] };
  file('txt', Buffer.from(writeLightGbm(own)));
};

interface Found {
  readonly name: string;
  readonly onnxruntime?: number;
  readonly onnxruntimeNode?: number;
  readonly lightgbm?: number;
}

const ask = (...command: readonly string[]): readonly Found[] => {
  const { stdout, stderr, exitCode } = Bun.spawnSync([...command]);
  if (exitCode !== 0) throw new Error(`${command[1]}: ${stderr}`);
  const lines = stdout.toString().trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Found);
};

const folder = mkdtempSync(join(tmpdir(), 'puntual-export-'));
mkdirSync(folder, { recursive: true });
for (const [name, model] of models) write(folder, name, model);
writeFileSync(join(folder, 'models.json'), JSON.stringify(models.map(([name]) => name)));
const python = ask(join(PEERS, '.venv/bin/python'), join(PEERS, 'export.py'), folder);
const node = ask('node', join(PEERS, 'onnx/check.mjs'), folder);
rmSync(folder, { recursive: true });

printMachine();
console.log(`largest difference of ${N_ROWS} probabilities\n`);
console.log('| model | onnxruntime | onnxruntime-node | LightGBM |\n|---|---:|---:|---:|');
python.forEach(({ name, onnxruntime, lightgbm }, i) => {
  const shown = [onnxruntime, node[i]!.onnxruntimeNode, lightgbm].map(
    (difference) => difference?.toExponential(1) ?? '',
  );
  console.log(`| ${name} | ${shown.join(' | ')} |`);
});
