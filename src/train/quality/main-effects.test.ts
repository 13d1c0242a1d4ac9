import { describe, expect, setDefaultTimeout, test } from 'bun:test';
import { buildRandom } from '../../core/random.ts';
import type { Bins } from '../binning/binning.ts';
import { scorePart } from '../engine/parallel-scoring.ts';
import { binOffsets } from '../growing/histogram.ts';
import { leafOfBins } from '../growing/tree.ts';
import {
  effectColumns,
  mainEffectsOf,
  mainFeaturesOf,
  weighScores,
  weighTrees,
  weightsOfKnowing,
} from './main-effects.ts';

/** A machine may be busy. */
setDefaultTimeout(60_000);

const N = 20_000;
const BINS: readonly Bins[] = [
  {
    kind: 'quantity',
    nBins: 101,
    edges: Float64Array.from({ length: 100 }, (_, i) => (i === 99 ? Infinity : 10 * i + 5)),
  },
  {
    kind: 'category',
    nBins: 62,
    codes: Int32Array.from({ length: 62 }, (_, bin) => (bin < 2 ? -1 : bin - 2)),
    binOfCode: Uint8Array.from({ length: 60 }, (_, code) => code + 2),
  },
];

/** What each bin adds to a score; nothing where it is missing or rare. */
const OF_MINUTE = (bin: number): number => (bin === 0 ? 0 : (bin - 50) / 50);
const OF_AIRLINE = (bin: number): number => (bin < 2 ? 0 : Math.sin(bin));

const plant = () => {
  const random = buildRandom(1);
  const data = new Uint8Array(2 * N);
  for (let row = 0; row < N; row++) {
    data[row] = Math.floor(random() * 101);
    data[N + row] = Math.floor(random() * 62);
  }
  const rest = Float64Array.from({ length: N }, () => random() - 0.5);
  const scores = rest.map(
    (own, row) => own - 1 + OF_MINUTE(data[row]!) + OF_AIRLINE(data[N + row]!),
  );
  return { nRows: N, bins: BINS, offsets: binOffsets(BINS), data, scores, rest };
};

const rows = plant();
const effects = mainEffectsOf(rows, [0, 1]);

describe('main effects', () => {
  test('are those of the hour, the airline and the destination, where there are these', () => {
    const named = ['airline', 'distanceMiles', 'departureMinute'].map((name) => ({ name }));
    expect(mainFeaturesOf(named)).toEqual([2, 0]);
    expect(mainFeaturesOf([{ name: 'distanceMiles' }])).toEqual([]);
  });

  test('are found in scores, up to bins that are taken together', () => {
    const [minute, airline, rest] = effectColumns(rows, effects);
    let [ofMinute, ofAirline, ofRest] = [0, 0, 0];
    for (let row = 0; row < N; row++) {
      ofMinute += (minute![row]! - OF_MINUTE(rows.data[row]!)) ** 2 / N;
      ofAirline += (airline![row]! - OF_AIRLINE(rows.data[N + row]!)) ** 2 / N;
      ofRest += (rest![row]! - rows.rest[row]!) ** 2 / N;
    }
    // A row that misses its minute is in the last group, which is off by 1.
    expect(Math.sqrt(ofMinute)).toBeLessThan(0.12);
    expect(Math.sqrt(ofAirline)).toBeLessThan(0.1);
    expect(Math.sqrt(ofRest)).toBeLessThan(0.15);
  });

  test('and the rest are all of a score', () => {
    const columns = effectColumns(rows, effects);
    for (let row = 0; row < N; row += 97) {
      const sum = columns.reduce((total, column) => total + column[row]!, effects.mean);
      expect(sum).toBeCloseTo(rows.scores[row]!, 9);
    }
    const same = weighScores(rows, effects, [1, 1, 1]);
    for (let row = 0; row < N; row += 97) expect(same[row]!).toBeCloseTo(rows.scores[row]!, 9);
  });

  test('weigh less anew in trees that know the later flights', () => {
    const [same, grown, fallen] = weightsOfKnowing([1, 1.5, 0.5], 0.2);
    expect(same).toBe(1);
    // Of an effect that grew from 1 to 1.5 such trees hold 1.1.
    expect(grown! * 1.1).toBeCloseTo(1.5, 9);
    expect(fallen! * 0.9).toBeCloseTo(0.5, 9);
  });

  test('are weighed one by one', () => {
    const [minute, airline, rest] = effectColumns(rows, effects);
    const weighed = weighScores(rows, effects, [1.5, 0.5, 0.8]);
    for (let row = 0; row < N; row += 97)
      expect(weighed[row]!).toBeCloseTo(
        effects.mean + 1.5 * minute![row]! + 0.5 * airline![row]! + 0.8 * rest![row]!,
        9,
      );
  });

  test('are trees of few leaves, which answer as the weighed scores do', () => {
    const base = -1;
    const boosted = { base, trees: [], rounds: [] };
    const flat = { ...rows, scores: new Float64Array(N).fill(base) };
    const weights = [1.5, 0.5, 0.8];
    // What a forest of the effects alone would say.
    const plain = weighTrees(boosted, { ...effects, mean: 0 }, [1, 1, 0]);
    expect(plain.trees).toHaveLength(2);
    for (const tree of plain.trees) {
      expect(tree.nNodes).toBeLessThanOrEqual(2 * 32 - 1);
      expect(tree.cover[0]).toBe(N);
    }
    const scored = { ...rows, scores: new Float64Array(N) };
    scorePart({ boosted: plain, rows, into: scored.scores }, 0, 1);
    const [minute, airline] = effectColumns(flat, { ...effects, mean: base });
    for (let row = 0; row < N; row++) {
      const walked = plain.trees.reduce(
        (sum, tree) => sum + tree.value[leafOfBins(tree, rows.data, row, N)]!,
        plain.base,
      );
      expect(Math.abs(walked - scored.scores[row]!)).toBeLessThan(1e-12);
      expect(Math.abs(walked - minute![row]! - airline![row]!)).toBeLessThan(1e-12);
    }
    const own = mainEffectsOf(scored, [0, 1]);
    const weighed = weighTrees(plain, own, weights);
    const into = new Float64Array(N);
    scorePart({ boosted: weighed, rows, into }, 0, 1);
    const expected = weighScores(scored, own, weights);
    for (let row = 0; row < N; row++)
      expect(Math.abs(into[row]! - expected[row]!)).toBeLessThan(1e-9);
  });
});
