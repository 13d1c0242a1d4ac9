import { describe, expect, test } from 'bun:test';
import { buildBinCounter, driftOf } from './distribution.ts';

const shares = [
  { input: 'origin', shares: [0.5, 0.5] },
  { input: 'hour', shares: [0.2, 0.3, 0.5] },
];

describe('the stability index of inputs', () => {
  test('is 0 when live shares are those of training', () => {
    const drifts = driftOf(shares, Float64Array.of(500, 500, 200, 300, 500));
    expect(drifts.map(({ input, psi }) => [input, psi])).toEqual([
      ['origin', 0],
      ['hour', 0],
    ]);
  });
  test('is the textbook sum when they have moved', () => {
    const [origin] = driftOf(shares, Float64Array.of(800, 200, 0, 0, 0));
    expect(origin!.psi).toBeCloseTo(0.3 * Math.log(0.8 / 0.5) - 0.3 * Math.log(0.2 / 0.5), 12);
    expect(origin!.seen).toBe(1000);
  });
  test('stays finite when a bin is empty', () => {
    expect(driftOf(shares, Float64Array.of(1000, 0, 0, 0, 0))[0]!.psi).toBeLessThan(10);
  });
  test('says nothing of an input that was hardly seen', () => {
    expect(driftOf(shares, Float64Array.of(3, 1, 0, 0, 0), 200)).toEqual([]);
  });
  test.each([
    [0.099, 'none'],
    [0.1, 'moderate'],
    [0.249, 'moderate'],
    [0.25, 'strong'],
  ] as const)('an index of %d is called %s', (wanted, level) => {
    // Two even bins of which one gains what the other loses: the share where the sum is the wanted index.
    let [low, high] = [0.5, 0.999];
    for (let i = 0; i < 60; i++) {
      const p = (low + high) / 2;
      if ((p - 0.5) * Math.log(p / (1 - p)) < wanted) low = p;
      else high = p;
    }
    const [drift] = driftOf(
      [{ input: 'origin', shares: [0.5, 0.5] }],
      Float64Array.of(high + 1e-9, 1 - high - 1e-9),
    );
    expect(drift!.psi).toBeCloseTo(wanted, 6);
    expect(drift!.level).toBe(level);
  });
});

describe('the counter of bins', () => {
  const input = (name: string, kind: 'category' | 'number' | 'time') => ({
    name,
    kind,
    required: true,
    description: '',
    ...(kind === 'category' ? { values: ['a', 'b'] } : {}),
  });
  const share = (name: string, edges: readonly number[], nBins: number) => ({
    input: name,
    edges: Float64Array.from(edges),
    shares: new Float64Array(nBins),
  });
  test('puts an edge into the bin below it, a time by its minute of the day, and what is missing last', () => {
    const cells = new Float64Array(3 + 4 + 3);
    const count = buildBinCounter(
      [input('origin', 'category'), input('miles', 'number'), input('departure', 'time')],
      [share('origin', [], 3), share('miles', [100, 200], 4), share('departure', [720], 3)],
      cells,
    );
    const missing = Number.NaN;
    count(Float64Array.of(1, 100, 1440 + 720, 0, 101, -1, missing, missing, missing), 3);
    expect([...cells]).toEqual([1, 1, 1, 1, 1, 0, 1, 1, 1, 1]);
  });
  test('leaves an input alone that the model no longer asks for', () => {
    const cells = new Float64Array(5);
    const shares = [share('gone', [], 2), share('origin', [], 3)];
    buildBinCounter([input('origin', 'category')], shares, cells)(Float64Array.of(1), 1);
    expect([...cells]).toEqual([0, 0, 0, 1, 0]);
  });
});
