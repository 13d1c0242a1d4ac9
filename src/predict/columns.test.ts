/** The emitted search against its slow twin, at every edge and beside it. */
import { expect, test } from 'bun:test';
import { buildPlantedForest } from '../../test/planted.ts';
import type { Forest } from '../core/forest.ts';
import { emitModule } from '../wasm/module.ts';
import { emitBinning } from './kernels/bin-kernel.ts';
import { binOf, buildColumns } from './columns.ts';
import { buildMemoryLayout } from './kernels/memory-layout.ts';
import { beside } from './verify.ts';

const ODD = [
  Number.NaN,
  0,
  -0,
  1e-36,
  -1e-36,
  Infinity,
  -Infinity,
  1e300,
  0.5,
  -0.5,
  1e9,
  31,
  32,
  33,
];

test.each([
  ['<=', 'float64', false],
  ['<', 'float64', false],
  ['<=', 'float32', false],
  ['<', 'float32', true],
] as const)('finds the same bins as the definition: %s, %s, zero is missing: %p', (comparison, precision, zeroIsMissing) => {
  const forest: Forest = { ...buildPlantedForest(20, 63, 5), comparison, precision, zeroIsMissing };
  forest.threshold.forEach((limit, node) => {
    if (node % 5 === 0) forest.threshold[node] = node % 10 === 0 ? limit / 10 : -limit;
  });
  const { columns } = buildColumns([forest])!;
  const layout = buildMemoryLayout();
  const featuresAt = layout.take(7 * 8);
  const binsAt = layout.take(columns.length * 4);
  const bin = emitBinning(columns, layout, { featuresAt, nFeatures: 7, binsAt });
  const memory = layout.build();
  const module = new WebAssembly.Module(emitModule([{ ...bin, name: 'bin' }]));
  const run = new WebAssembly.Instance(module, { env: { memory } }).exports['bin'] as (
    n: number,
  ) => void;
  const features = new Float64Array(memory.buffer, featuresAt, 7);
  const bins = new Int32Array(memory.buffer, binsAt, columns.length);
  for (const [c, column] of columns.entries()) {
    const values = [...ODD];
    for (const edge of column.edges) values.push(edge, beside(edge, 1), beside(edge, -1));
    for (let code = -1; code <= column.nCodes + 1; code++) values.push(code, code + 0.5);
    for (const value of values) {
      features[column.feature] = value;
      run(1);
      if (bins[c] !== binOf(column, value))
        throw new Error(
          `${value} in column ${c}: bin ${bins[c]}, ${binOf(column, value)} expected`,
        );
    }
  }
  expect(columns.length).toBe(7);
});
