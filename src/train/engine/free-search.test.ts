/** The search for thresholds that is emitted, beside the one that defines it. */
import { expect, test } from 'bun:test';
import { buildRandom } from '../../core/random.ts';
import { buildSplit, findBestSplit, type SplitContext } from '../growing/split-search.ts';
import { UNBOUNDED } from '../growing/leaf-value.ts';
import { emitKernels } from '../kernels/kernels.ts';
import { layoutOf } from './layout.ts';
import { buildThreadContext, histogramOf } from './thread-context.ts';

const random = buildRandom(3);
const below = (n: number): number => Math.floor(random() * n);

test.each([2, 3, 4, 17, 255, 256])('of %d bins finds the same split, to the bit', (nBins) => {
  const bins = Array.from({ length: 2 }, () => ({
    kind: 'quantity' as const,
    nBins,
    edges: new Float64Array(nBins - 1),
  }));
  const layout = layoutOf({ bins, nPerTree: 2, mostRows: 1, nLeaves: 4, nThreads: 1 });
  const memory = new WebAssembly.Memory({
    initial: layout.nPages,
    maximum: layout.nPages,
    shared: true,
  });
  const module = new WebAssembly.Module(emitKernels(layout, layout.nPages));
  const { ints, searchFree } = buildThreadContext(memory, module, layout, 0);
  const at = histogramOf(layout, 0) >>> 2;
  let nFound = 0;
  for (let round = 0; round < 300; round++) {
    const hasMissing = round % 2 === 0;
    let [g, h] = [0, 0];
    for (let bin = 0; bin < nBins; bin++) {
      const isEmpty = (bin === 0 && !hasMissing) || below(3) === 0;
      // Few values, so that gains are equal now and then.
      const [ownH, ownG] = isEmpty ? [0, 0] : [1 + below(9) * 1000, (below(5) - 2) * 500];
      ints.set([ownH, ownG], at + 2 * bin);
      [g, h] = [g + ownG, h + ownH];
    }
    ints.copyWithin(at + 2 * nBins, at, at + 2 * nBins);
    if (h === 0) continue;
    const context: SplitContext = {
      bins,
      offsets: Int32Array.of(0, nBins),
      scales: { g: 1 / 700, h: 1 / 6000 },
      allowed: null,
      settings: {
        ...{ l2: below(3), maxDepth: 9, minRowsPerLeaf: 1 + below(20), minHessianPerLeaf: 0.1 },
        ...{ minGain: 1e-6, categorySmooth: 1, categoryL2: 1, maxCategoriesPerSet: 1 },
        ...{ minRowsPerCategory: 1, monotone: new Int8Array(2) },
      },
    };
    const leaf = { histogram: ints, at, nRows: 100, g, h, bounds: UNBOUNDED };
    const [plain, fast] = [buildSplit(), buildSplit()];
    findBestSplit(context, leaf, plain);
    findBestSplit({ ...context, searchFree }, leaf, fast);
    expect(fast).toEqual(plain);
    if (plain.feature >= 0) nFound++;
  }
  expect(nFound).toBeGreaterThan(20);
});
