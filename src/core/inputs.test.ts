import { describe, expect, test } from 'bun:test';
import { buildColumnReader, buildInputReader, type Input } from './inputs.ts';

const INPUTS: readonly Input[] = [
  { name: 'origin', kind: 'category', required: true, description: '', values: ['EWR', 'JFK'] },
  { name: 'scheduledDeparture', kind: 'time', required: true, description: '' },
  { name: 'distanceMiles', kind: 'number', required: false, description: '' },
];
const read = buildInputReader(INPUTS);
const readOne = (request: Record<string, unknown>) => {
  const raw = new Float64Array(3);
  return { ...read(request, raw, 0), raw: [...raw] };
};

describe('reading a request', () => {
  test('turns a full flight into codes, minutes and numbers', () => {
    expect(
      readOne({ origin: 'JFK', scheduledDeparture: '1970-01-02T01:00', distanceMiles: 12.5 }),
    ).toEqual({
      faults: [],
      unknown: [],
      raw: [1, 1500, 12.5],
    });
  });

  test('counts a value that was never seen as missing, and names it', () => {
    const { faults, unknown, raw } = readOne({
      origin: 'XXX',
      scheduledDeparture: '1970-01-01T00:00',
    });
    expect(faults).toEqual([]);
    expect(unknown).toEqual(['origin']);
    expect(raw[0]).toBeNaN();
  });

  test('refuses a value that was never seen where only known ones are taken', () => {
    const only = buildInputReader(INPUTS.map((input) => ({ ...input, onlyKnown: true })));
    const request = { origin: 'XXX', scheduledDeparture: '1970-01-01T00:00' };
    expect(only(request, new Float64Array(3), 0)).toEqual({
      faults: [{ pointer: '/origin', detail: 'origin must be one of EWR, JFK' }],
      unknown: [],
    });
  });

  test.each([
    [{ scheduledDeparture: '1970-01-01T00:00' }, '/origin', 'origin is required'],
    [{ origin: 'JFK', scheduledDeparture: 'noon' }, '/scheduledDeparture', 'must be a local time'],
    [{ origin: ['JFK'], scheduledDeparture: '1970-01-01T00:00' }, '/origin', 'must be a string'],
    [
      { origin: 'JFK', scheduledDeparture: '1970-01-01T00:00', distanceMiles: 'far' },
      '/distanceMiles',
      'must be a number',
    ],
    [
      { origin: 'JFK', scheduledDeparture: '1970-01-01T00:00', distanceMiles: '12.5' },
      '/distanceMiles',
      'must be a number',
    ],
    [
      { origin: 'JFK', scheduledDeparture: '1970-01-01T00:00', distanceMiles: true },
      '/distanceMiles',
      'must be a number',
    ],
  ])('says what is wrong with %j', (request, pointer, detail) => {
    const { faults } = readOne(request);
    expect(faults).toHaveLength(1);
    expect(faults[0]!.pointer).toBe(pointer);
    expect(faults[0]!.detail).toContain(detail);
  });

  test('sees only what the request itself holds, never what its prototype holds', () => {
    const { faults } = readOne(
      JSON.parse('{"__proto__":{"origin":"JFK"},"scheduledDeparture":"1970-01-01T00:00"}'),
    );
    expect(faults.map((fault) => fault.pointer)).toEqual(['/origin']);
  });
});

test.each([
  ['cut', [0, 2, 2, 1, 0, 0, undefined, undefined, undefined, undefined]],
  ['cutSingle', [0, 2, 2, 2, 3, 0, 3, 3, 3, undefined]],
  ['equal', [0, 3, 3, 3, 3, 0, 3, 3, 3, undefined]],
  ['equalSingle', [0, 2, 3, 2, 3, 0, 3, 3, 3, undefined]],
] as const)('numbers that are no codes, as a library takes them: %s', (codes, expected) => {
  const values = codes === 'cut' ? ['0', '1', '2'] : ['0', '1', '2', '3'];
  const input = { ...INPUTS[0]!, values, codes };
  const cells = [0, 2.0000000000000004, 2.7, 1.9999999999999998, -0.5, '-0.0', -1, 77, '3e9', 'x'];
  const readCoded = buildInputReader([input]);
  const read = cells.map((origin) => {
    const raw = new Float64Array(1);
    const { faults, unknown } = readCoded({ origin }, raw, 0);
    expect(faults).toEqual([]);
    expect(unknown).toEqual(Number.isNaN(raw[0]) ? ['origin'] : []);
    return raw[0];
  });
  const wanted = expected.map((code) => code ?? Number.NaN);
  expect(read).toEqual(wanted);
  const column = {
    kind: 'category',
    codes: Int32Array.from(cells.keys()),
    values: cells.map(String),
  } as const;
  const raw = new Float64Array(cells.length);
  buildColumnReader(input, column)({ into: raw, at: 0, stride: 1, first: 0, nRows: cells.length });
  expect([...raw]).toEqual(wanted);
});

test('a column is read in the model’s codes, whatever the order of its own dictionary', () => {
  const raw = new Float64Array(8).fill(7);
  const column = {
    kind: 'category',
    codes: Int32Array.of(0, 1, 2, -1),
    values: ['ABC', 'EWR', 'JFK'],
  } as const;
  const read = buildColumnReader(INPUTS[0]!, column);
  read({ into: raw, at: 1, stride: 2, first: 0, nRows: 4 });
  expect([...raw]).toEqual([7, Number.NaN, 7, 0, 7, 1, 7, Number.NaN]);
  read({ into: raw, at: 0, stride: 1, first: 1, nRows: 2 });
  expect([...raw.subarray(0, 3)]).toEqual([0, 1, 7]);
});
