import { describe, expect, test } from 'bun:test';
import { buildBinCounter, driftOf } from './distribution.ts';
import { buildRandom } from './random.ts';

const shares = [
  { input: 'origin', shares: Float64Array.of(0.5, 0.5) },
  { input: 'hour', shares: Float64Array.of(0.2, 0.3, 0.5) },
];

describe('the stability index of inputs', () => {
  test('is 0 when live shares are those of training', () => {
    const drifts = driftOf(shares, Float64Array.of(500, 500, 200, 300, 500));
    expect(drifts.map(({ input, psi }) => [input, psi])).toEqual([
      ['origin', 0],
      ['hour', 0],
    ]);
  });
  test('is the textbook sum when they have moved, less what a sample of that size differs by anyhow', () => {
    const [origin] = driftOf(shares, Float64Array.of(800, 200, 0, 0, 0));
    expect(origin!.psi).toBeCloseTo(
      0.3 * Math.log(0.8 / 0.5) - 0.3 * Math.log(0.2 / 0.5) - 1 / 1000,
      12,
    );
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
      [{ input: 'origin', shares: Float64Array.of(0.5, 0.5) }],
      // So many flights that chance has no part.
      Float64Array.of(high + 1e-9, 1 - high - 1e-9).map((share) => 1e12 * share),
    );
    expect(drift!.psi).toBeCloseTo(wanted, 6);
    expect(drift!.level).toBe(level);
  });
});

describe('a sample of the training flights', () => {
  /** Frequent and rare values, as airports, flight numbers and tail numbers have them. */
  const inputs = [3, 16, 105, 4000].map((nValues) => {
    const weights = Float64Array.from({ length: nValues }, (_, i) => 1 / (1 + i) ** 0.8);
    const sum = weights.reduce((total, weight) => total + weight, 0);
    const shares = Float64Array.from([...weights.map((weight) => weight / sum), 0]);
    return { input: `of${nValues}`, shares, rows: 250_000 };
  });
  const random = buildRandom(1);
  const drawn = (nFlights: number, shift: (value: number) => number = (value) => value) =>
    Float64Array.from(
      inputs.flatMap(({ shares }) => {
        const ends: number[] = [];
        for (const share of shares) ends.push((ends.at(-1) ?? 0) + share);
        const counts = new Float64Array(shares.length);
        for (let flight = 0; flight < nFlights; flight++) {
          const at = random();
          let [low, high] = [0, shares.length - 2];
          while (low < high) {
            const middle = (low + high) >> 1;
            if (ends[middle]! > at) high = middle;
            else low = middle + 1;
          }
          counts[Math.min(shift(low), shares.length - 1)]! += 1;
        }
        return [...counts];
      }),
    );

  test.each([
    [500, 300],
    [5000, 100],
    [50_000, 20],
  ])('of %d flights alarms less than once in a hundred', (nFlights, nTrials) => {
    let nAlarms = 0;
    for (let trial = 0; trial < nTrials; trial++)
      for (const { level } of driftOf(inputs, drawn(nFlights))) if (level !== 'none') nAlarms++;
    expect(nAlarms / (nTrials * inputs.length)).toBeLessThan(0.01);
  });

  test('is told from 500 flights of another airport, and from 500 of which the largest airline is gone', () => {
    const psiOf = (shift: (value: number) => number) =>
      driftOf(inputs, drawn(500, shift)).map(({ level }) => level);
    expect(psiOf(() => 2).slice(0, 3)).toEqual(['strong', 'strong', 'strong']);
    expect(psiOf((value) => (value === 0 ? 1 : value))[1]).toBe('strong');
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
