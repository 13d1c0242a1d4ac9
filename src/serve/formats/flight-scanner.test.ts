import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { flightTextOf, FLIGHT_TEXT_INPUTS as INPUTS } from '../../../test/flight-texts.ts';
import { buildInputReader, type Input } from '../../core/inputs.ts';
import { buildRandom } from '../../core/random.ts';
import { parseDistinct } from './duplicate-names.ts';
import { measure } from './nesting.ts';
import { buildFlightScanner } from './flight-scanner.ts';

const scanner = buildFlightScanner(INPUTS);
const read = buildInputReader(INPUTS);

interface Reading {
  readonly raw: readonly number[];
  readonly unknown: readonly string[];
}

/** What the scanner says of a text, undefined when it leaves it to its twin. */
const scan = (text: string): Reading | undefined => {
  const bytes = Buffer.from(text);
  const raw = new Float64Array(INPUTS.length + 1).fill(7);
  const end = scanner.scan(bytes, 0, raw, 1);
  if (end < 0) return undefined;
  expect(bytes.subarray(end).toString().trim()).toBe('');
  expect(raw[0]).toBe(7);
  return { raw: [...raw.subarray(1)], unknown: [...scanner.unknown()] };
};

/** What the twin says, undefined when it refuses. */
const twin = (text: string): Reading | undefined => {
  let body: unknown;
  try {
    body = parseDistinct(Buffer.from(text), measure(Buffer.from(text)) as number);
  } catch {
    return undefined;
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const raw = new Float64Array(INPUTS.length);
  const { faults, unknown } = read(body as Record<string, unknown>, raw, 0);
  return faults.length > 0 ? undefined : { raw: [...raw], unknown };
};

const FLIGHT = { airline: 'DL', scheduledDeparture: '2013-07-05T18:30' };

test('a number beyond what its input takes is left to the twin, which says what it may be', () => {
  const bounded = buildFlightScanner([{ ...INPUTS[4]!, least: 0, most: 100 }]);
  const end = (text: string): number => bounded.scan(Buffer.from(text), 0, new Float64Array(1), 0);
  expect(end('{"distanceMiles": 100}')).toBeGreaterThan(0);
  expect(end('{"distanceMiles": 100.5}')).toBe(-1);
  expect(end('{"distanceMiles": -1}')).toBe(-1);
});

test('a value that a category refuses is left to the twin, which says what it may be', () => {
  const closed = buildFlightScanner(INPUTS.map((input) => ({ ...input, onlyKnown: true })));
  const scanned = (airline: string): number =>
    closed.scan(Buffer.from(JSON.stringify({ ...FLIGHT, airline })), 0, new Float64Array(5), 0);
  expect(scanned('DL')).toBeGreaterThan(0);
  expect(scanned('XX')).toBe(-1);
});

test('a number that may be cut to a code is left to the twin', () => {
  const coded = buildFlightScanner([{ ...INPUTS[0]!, values: ['0', '1'], codes: 'cut' }]);
  const end = (value: unknown): number => {
    const text = JSON.stringify({ [INPUTS[0]!.name]: value });
    return coded.scan(Buffer.from(text), 0, new Float64Array(1), 0);
  };
  expect(end(1)).toBeGreaterThan(0);
  for (const value of [1.5, '1.5', 7, '1e0']) expect(end(value)).toBe(-1);
});

describe('the scanner', () => {
  test.each([
    ['a plain flight', JSON.stringify(FLIGHT)],
    ['white space everywhere', JSON.stringify({ ...FLIGHT, distanceMiles: 12.5 }, null, '\t')],
    ['accents in a known value', JSON.stringify({ ...FLIGHT, destination: 'Málaga' })],
    ['a flight number as a number', JSON.stringify({ ...FLIGHT, flightNumber: 1545 })],
    ['a value never seen', JSON.stringify({ ...FLIGHT, airline: 'ZZ', flightNumber: 77 })],
    [
      'members that nobody asked for',
      JSON.stringify({ ...FLIGHT, a: 'x', b: -1.5, c: true, d: null }),
    ],
    [
      'null and nothing for what is optional',
      JSON.stringify({ ...FLIGHT, destination: '', distanceMiles: null }),
    ],
    ['seconds', JSON.stringify({ ...FLIGHT, scheduledDeparture: '2013-07-05 18:30:59' })],
    ['a leap second', JSON.stringify({ ...FLIGHT, scheduledDeparture: '2016-12-31T23:59:60' })],
    ['a leap day', JSON.stringify({ ...FLIGHT, scheduledDeparture: '2000-02-29T00:00' })],
    ['no flights and no weather', JSON.stringify({ ...FLIGHT, flights: null, weather: null })],
    ['minus nothing', JSON.stringify(FLIGHT).replace('}', ',"distanceMiles":-0}')],
  ])('reads %s by itself, as its twin does', (_, text) => {
    expect(scan(text)).toEqual(twin(text));
    expect(scan(text)).toBeDefined();
  });

  test.each([
    [
      'a member given twice',
      '{"airline":"AA","airline":"AA","scheduledDeparture":"1969-12-31T23:59"}',
    ],
    [
      'a member that is null and then is not',
      JSON.stringify({ ...FLIGHT, destination: null }).replace('}', ',"destination":"LAX"}'),
    ],
    [
      'a member that nobody asked for given twice',
      JSON.stringify({ ...FLIGHT, x: 1 }).replace('}', ',"x":1}'),
    ],
    ['an escape', '{"airline":"D\\u004c","scheduledDeparture":"2013-07-05T18:30"}'],
    ['an exponent', JSON.stringify(FLIGHT).replace('}', ',"distanceMiles":1e3}')],
    ['a nested value', JSON.stringify({ ...FLIGHT, extra: {} })],
    ['flights that are no list', JSON.stringify({ ...FLIGHT, flights: 5 })],
    ['weather that is no list', JSON.stringify({ ...FLIGHT, weather: 'fine' })],
    ['a missing airline', '{"scheduledDeparture":"2013-07-05T18:30"}'],
    [
      'the 29th of February 1900',
      JSON.stringify({ ...FLIGHT, scheduledDeparture: '1900-02-29T00:00' }),
    ],
    [
      'a second that no minute has',
      JSON.stringify({ ...FLIGHT, scheduledDeparture: '2013-07-05T18:30:61' }),
    ],
    ['a leading zero', JSON.stringify(FLIGHT).replace('}', ',"distanceMiles":01}')],
    ['a control character', `{"airline":"D\nL","scheduledDeparture":"2013-07-05T18:30"}`],
    ['a trailing comma', JSON.stringify(FLIGHT).replace('}', ',}')],
    ['an end that is missing', JSON.stringify(FLIGHT).slice(0, -1)],
    ['an accent in a value never seen', JSON.stringify({ ...FLIGHT, destination: 'Düren' })],
  ])('leaves %s to its twin', (_, text) => {
    expect(scan(text)).toBeUndefined();
  });

  const scalar = fc.oneof(
    fc.constantFrom(
      'DL',
      'AA',
      'Málaga',
      '1545',
      '',
      '2013-07-05T18:30',
      '2012-02-29 00:00:01',
      'zz',
      '\ud800',
    ),
    fc.constantFrom(null, true, false, 0, -0, 9, 1545, 1.5, 1e21, -3.25, 123456789.125),
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.double({ min: -9999, max: 9999, noNaN: true }).map((x) => Math.round(x * 1000) / 1000),
    fc
      .date({ min: new Date('0001-01-01'), max: new Date('9998-12-31'), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 16)),
  );
  const entries = fc.array(
    fc.tuple(
      fc.constantFrom(
        'airline',
        'destination',
        'flightNumber',
        'scheduledDeparture',
        'distanceMiles',
        '__proto__',
        'x',
      ),
      fc.oneof({ weight: 9, arbitrary: scalar }, { weight: 1, arbitrary: fc.array(scalar) }),
      fc.constantFrom('', ' ', '\n\t', '\r\n'),
    ),
  );
  const flightText = fc.tuple(entries, fc.boolean()).map(([list, whole]) => {
    const members = list.map(
      ([name, value, space]) =>
        `${space}"${name}"${space}:${space}${JSON.stringify(value)}${space}`,
    );
    if (whole) members.push('"airline":"AA","scheduledDeparture":"2013-07-05T18:30"');
    return `{${members.join(',')}}`;
  });

  test('never differs from its twin on any flight that it reads by itself', () => {
    let nRead = 0;
    fc.assert(
      fc.property(flightText, (text) => {
        const own = scan(text);
        if (own === undefined) return;
        nRead++;
        expect(own).toEqual(twin(text)!);
      }),
      { numRuns: 5000 },
    );
    expect(nRead).toBeGreaterThan(200);
  });

  test('never reads what its twin refuses, wherever a byte is changed', () => {
    const text = JSON.stringify({ ...FLIGHT, distanceMiles: 12.5, flightNumber: 9, extra: null });
    for (let at = 0; at < text.length; at++) {
      for (const byte of [
        '',
        '"',
        '\\',
        '}',
        '{',
        ',',
        ':',
        '0',
        '-',
        '.',
        'e',
        'n',
        ' ',
        '\n',
        '\u0001',
        '9',
      ]) {
        const changed = text.slice(0, at) + byte + text.slice(at + 1);
        const bytes = Buffer.from(changed);
        const raw = new Float64Array(INPUTS.length);
        const end = scanner.scan(bytes, 0, raw, 0);
        if (end >= 0 && changed.slice(end).trim() === '')
          expect<unknown>({ changed, raw: [...raw], unknown: [...scanner.unknown()] }).toEqual({
            changed,
            ...twin(changed)!,
          });
      }
    }
  });
});

test('members are read in any order, whatever came before, also beside names that begin alike', () => {
  const names = ['a', 'ab', 'b"c', 'abc'];
  const inputs = names.map(
    (name): Input => ({ name, kind: 'number', required: false, description: '' }),
  );
  const own = buildFlightScanner(inputs);
  const numbersOf = (text: string): readonly number[] => {
    const raw = new Float64Array(names.length);
    expect(own.scan(Buffer.from(text), 0, raw, 0)).toBe(text.length);
    return [...raw];
  };
  const orders = [
    [0, 1, 3],
    [3, 1, 0],
    [1, 0, 3],
    [0, 1, 3],
  ];
  for (const order of orders)
    for (const other of ['', '"x":9,'])
      expect(numbersOf(`{${other}${order.map((i) => `"${names[i]!}":${i + 1}`).join()}}`)).toEqual([
        1,
        2,
        Number.NaN,
        4,
      ]);
  // Learnt or not, a name with a quote is JSON only with its escape, which is left to the twin.
  for (const text of ['{"a":1,"b\\"c":2}', '{"a":1,"b"c":2}'])
    expect(own.scan(Buffer.from(text), 0, new Float64Array(4), 0)).toBe(-1);
});

describe('a scanner that has read other flights before', () => {
  test('reads all as one that has read none, in bytes that are written over, and as the twin does', () => {
    const random = buildRandom(11);
    const experienced = buildFlightScanner(INPUTS);
    const slab = Buffer.alloc(4096);
    const raw = new Float64Array(INPUTS.length + 1);
    const own = new Float64Array(INPUTS.length + 1);
    let nRead = 0;
    for (let i = 0; i < 8000; i++) {
      const text = flightTextOf(Math.floor(i / 50), random);
      const at = 8 * (i % 5);
      const size = slab.write(text, at);
      slab[at + size] = 0;
      const fresh = buildFlightScanner(INPUTS);
      const [end, ownEnd] = [
        fresh.scan(Buffer.from(text), 0, raw, 1),
        experienced.scan(slab, at, own, 1),
      ];
      expect({ text, end: ownEnd }).toEqual({ text, end: end < 0 ? -1 : end + at });
      if (end < 0) continue;
      expect({ text, raw: [...own], unknown: experienced.unknown() }).toEqual({
        text,
        raw: [...raw],
        unknown: fresh.unknown(),
      });
      if (end !== Buffer.byteLength(text)) continue;
      nRead++;
      expect<unknown>({ raw: [...own.subarray(1)], unknown: experienced.unknown() }).toEqual(
        twin(text),
      );
    }
    expect(nRead).toBeGreaterThan(1000);
  });

  test('keeps nothing of bytes that are written over', () => {
    const own = buildFlightScanner(INPUTS);
    const bytes = Buffer.from('{"scheduledDeparture":"2013-07-05T18:30","airline":"AA"}');
    const raw = new Float64Array(INPUTS.length);
    expect(own.scan(bytes, 0, raw, 0)).toBe(bytes.length);
    bytes.write(']', bytes.length - 1);
    expect(own.scan(bytes, 0, raw, 0)).toBe(-1);
  });
});
