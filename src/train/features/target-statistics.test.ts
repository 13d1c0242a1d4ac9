import { describe, expect, test } from 'bun:test';
import { buildEncoder } from '../../core/features.ts';
import type { Input } from '../../core/inputs.ts';
import { buildKeyReader } from '../key-codes.ts';
import { orderedNumbers } from '../ordered-statistic.ts';
import { buildStatistics, type Kind } from './target-statistics.ts';

const INPUTS: readonly Input[] = [
  { name: 'airline', kind: 'category', required: true, description: '', values: ['AA', 'B6'] },
  { name: 'scheduledDeparture', kind: 'time', required: true, description: '' },
];
const KINDS: readonly Kind[] = [
  {
    name: 'lateOfAirline',
    parts: [{ of: 'code', input: 'airline', radix: 2 }],
    parent: null,
    strength: 2,
  },
];

const HOUR = { of: 'hour', input: 'scheduledDeparture', radix: 24 } as const;

/** Two flights a day: AA late, B6 on time, on four days. */
const airlines = [0, 1, 0, 1, 0, 1, 0, 1];
const labels = Uint8Array.from([1, 0, 1, 0, 1, 0, 1, 0]);
const departures = Float64Array.from(airlines, (_, i) => Math.floor(i / 2) * 1440 + 600);
const flights = { inputs: INPUTS, columns: [Float64Array.from(airlines), departures] };
const rows = Int32Array.from(airlines.keys());

const build = (of: Uint8Array) =>
  buildStatistics(KINDS, { codesOf: buildKeyReader(flights, rows), rows, departures, labels: of });

/** What each row may know of the only kind. */
const numbersOf = (of: Uint8Array): Float64Array => orderedNumbers(build(of).columns[0]!);

describe('a target statistic', () => {
  test('knows nothing on the first day, then what earlier days showed', () => {
    // AA was 0.5 above its day each time: after n days 0.5 n / (n + 2).
    const column = numbersOf(labels);
    expect(column[0]).toBeNaN();
    expect([column[2], column[4], column[6]]).toEqual([0.5 / 3, 1 / 4, 1.5 / 5]);
    expect(column[3]).toBe(-0.5 / 3);
  });

  test('never changes with an answer of the same day or a later one', () => {
    const others = labels.slice();
    others[4] = 0;
    others[6] = 0;
    const [before, after] = [numbersOf(labels), numbersOf(others)];
    expect([...after.slice(0, 6)]).toEqual([...before.slice(0, 6)]);
    expect(after[6]).not.toBe(before[6]!);
  });

  test('is stored as it stands after the last day, and missing for what was never seen', () => {
    const { features } = build(labels);
    const encode = buildEncoder(INPUTS, features);
    const out = new Float64Array(1);
    encode(Float64Array.of(0, 9999), 0, out, 0);
    expect(out[0]).toBe(2 / 6);
    encode(Float64Array.of(Number.NaN, 9999), 0, out, 0);
    expect(out[0]).toBeNaN();
  });

  test('is drawn towards its parent as that stood before the day, where it knows little itself', () => {
    const kinds: readonly Kind[] = [
      { name: 'lateOfHour', parts: [HOUR], parent: null, strength: 2 },
      {
        name: 'lateOfAirlineHour',
        parts: [...KINDS[0]!.parts, HOUR],
        parent: 'lateOfHour',
        strength: 4,
      },
    ];
    const late = Uint8Array.from([1, 0, 1, 1, 0, 0, 1, 0]);
    const own = Int32Array.from([0, 1, 2, 3, 4, 5, 6, 7]);
    // AA at ten o'clock each day, B6 at ten on the second and fourth, else at noon.
    const times = departures.map((minutes, row) => minutes + (row % 4 === 1 ? 120 : 0));
    const { columns } = buildStatistics(kinds, {
      codesOf: buildKeyReader(
        { inputs: INPUTS, columns: [Float64Array.from(airlines), times] },
        own,
      ),
      rows: own,
      departures: times,
      labels: late,
    });
    const [hour, both] = columns.map((column) => orderedNumbers(column));
    // Day one: 0.5 above its day at ten, 0.5 below at noon. Day two: all late, so nobody stands out.
    expect([hour![2], both![2]]).toEqual([0.5 / 3, (0.5 + 4 * (0.5 / 3)) / 5]);
    expect([hour![4], both![4]]).toEqual([0.5 / 5, (0.5 + 4 * (0.5 / 5)) / 6]);
    expect([hour![5], both![5]]).toEqual([-0.5 / 3, (-0.5 + 4 * (-0.5 / 3)) / 5]);
    expect(both![3]).toBeNaN();
    expect(both![7]).toBe((0 + 4 * (0.5 / 6)) / 5);
  });
});
