/**
 * A model made from a seed instead of flights: random trees over the usual inputs.
 */
import type { Feature } from '../src/core/features.ts';
import type { Forest } from '../src/core/forest.ts';
import type { Input } from '../src/core/inputs.ts';
import type { Model } from '../src/core/model.ts';
import { buildRandom } from '../src/core/random.ts';

export const PLANTED_INPUTS: readonly Input[] = [
  {
    name: 'airline',
    kind: 'category',
    required: true,
    description: 'Airline',
    values: ['AA', 'B6', 'DL', 'EV', 'UA'],
  },
  {
    name: 'origin',
    kind: 'category',
    required: true,
    description: 'Origin',
    values: ['EWR', 'JFK', 'LGA'],
  },
  {
    name: 'destination',
    kind: 'category',
    required: true,
    description: 'Destination',
    values: ['ATL', 'BOS', 'LAX', 'MIA', 'ORD', 'SFO'],
  },
  { name: 'scheduledDeparture', kind: 'time', required: true, description: 'Scheduled departure' },
  {
    name: 'distanceMiles',
    kind: 'number',
    required: false,
    unit: 'miles',
    description: 'Distance',
  },
];

const PLANTED_FEATURES: readonly Feature[] = [
  { name: 'airline', step: 'code', input: 'airline' },
  { name: 'origin', step: 'code', input: 'origin' },
  { name: 'destination', step: 'code', input: 'destination' },
  { name: 'minuteOfDay', step: 'minuteOfDay', input: 'scheduledDeparture' },
  { name: 'dayOfWeek', step: 'dayOfWeek', input: 'scheduledDeparture' },
  { name: 'dayOfYear', step: 'dayOfYear', input: 'scheduledDeparture' },
  { name: 'distanceMiles', step: 'number', input: 'distanceMiles' },
];

/** A flight of which the planted model knows every value. */
export const PLANTED_FLIGHT = {
  airline: 'DL',
  origin: 'JFK',
  destination: 'LAX',
  scheduledDeparture: '2013-07-05T18:30',
};

/** Leaf-wise random trees: every inner node has a cover that its children share. */
export const buildPlantedForest = (nTrees: number, nLeaves: number, seed: number): Forest => {
  const random = buildRandom(seed);
  const ranges = [5, 3, 6, 1440, 7, 366, 2500];
  const perTree = 2 * nLeaves - 1;
  const nNodes = nTrees * perTree;
  const feature = new Int32Array(nNodes).fill(-1);
  const threshold = new Float64Array(nNodes);
  const left = new Int32Array(nNodes).fill(-1);
  const right = new Int32Array(nNodes).fill(-1);
  const value = new Float64Array(nNodes);
  const cover = new Float64Array(nNodes);
  const missingLeft = new Uint8Array(nNodes);
  const categoryStart = new Int32Array(nNodes).fill(-1);
  const categoryWords = new Int32Array(nNodes);
  const categories: number[] = [];
  const roots = new Int32Array(nTrees);
  for (let tree = 0; tree < nTrees; tree++) {
    const root = tree * perTree;
    roots[tree] = root;
    cover[root] = 4096;
    let next = root + 1;
    const leaves = [root];
    while (next < root + perTree) {
      const node = leaves.splice(Math.floor(random() * leaves.length), 1)[0]!;
      const asked = Math.floor(random() * ranges.length);
      feature[node] = asked;
      if (asked < 3) {
        categoryStart[node] = categories.length;
        categoryWords[node] = 1;
        categories.push(Math.floor(random() * 2 ** ranges[asked]!));
      } else threshold[node] = Math.floor(random() * ranges[asked]!) + 0.5;
      missingLeft[node] = random() < 0.5 ? 1 : 0;
      left[node] = next++;
      right[node] = next++;
      const share = 0.2 + 0.6 * random();
      cover[left[node]!] = cover[node]! * share;
      cover[right[node]!] = cover[node]! * (1 - share);
      leaves.push(left[node]!, right[node]!);
    }
    for (const leaf of leaves) value[leaf] = (random() - 0.5) * (4 / Math.sqrt(nTrees));
  }
  return {
    nFeatures: ranges.length,
    nTrees,
    roots,
    feature,
    threshold,
    left,
    right,
    value,
    cover,
    missingLeft,
    categoryStart,
    categoryWords,
    categories: Uint32Array.from(categories),
    comparison: '<=',
    precision: 'float64',
    zeroIsMissing: false,
    base: -1.2,
    scale: 1,
  };
};

/** A model of one head; its self-test is empty. */
export const buildPlantedModel = (
  options: { nTrees?: number; nLeaves?: number; seed?: number; name?: string } = {},
): Model => ({
  name: options.name ?? 'planted',
  inputs: PLANTED_INPUTS,
  features: PLANTED_FEATURES,
  heads: [
    {
      kind: 'probability',
      minutes: 15,
      link: 'logistic',
      calibration: { kind: 'none' },
      given: 'nothing',
      score: {
        kind: 'forest',
        forest: buildPlantedForest(options.nTrees ?? 100, options.nLeaves ?? 31, options.seed ?? 1),
      },
    },
  ],
  threshold: 0.35,
  provenance: { madeBy: 'planted' },
  shares: [],
  selfTest: { nRows: 0, raw: new Float64Array(0), answers: new Float64Array(0) },
});
