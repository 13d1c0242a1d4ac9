import { describe, expect, test } from 'bun:test';
import { LOOKS_BYTES } from '../../http/limits.ts';
import { batchLimits, buildDecisiveExcess, buildDecisivePart } from './batch-beginning.ts';

const LIMITS = batchLimits(10_000);
const decisivePart = buildDecisivePart(LIMITS);
const partOf = (text: string): string | undefined => {
  const part = decisivePart(Buffer.from(text));
  return part && Buffer.from(part).toString();
};
const LONG = `"${'a]}{,\\"'.repeat(100)}"`;
const NONE = ['null', '[[1],{"a":"]"}]', '-1e9', LONG, ' true ', '""'];
const values = (n: number): string[] => Array.from({ length: n }, (_, i) => NONE[i % NONE.length]!);
const batch = (flights: readonly string[]): string => `{ "flights" : [${flights.join()}]}`;

describe('a large body is decided by its first', () => {
  test('hundred flights that are none, whatever stands behind them', () => {
    const flights = values(1000);
    const part = partOf(`${batch(flights).slice(0, -2)}, what ever`)!;
    expect(JSON.parse(part)).toEqual(JSON.parse(batch(flights.slice(0, 100))));
  });

  test('hundred among flights', () => {
    const flights = values(1000).flatMap((none, i) => (i % 2 ? [none, '{"a":[{}]}'] : [none]));
    const { flights: read } = JSON.parse(partOf(batch(flights))!) as { flights: unknown[] };
    expect(JSON.stringify(read)).toBe(
      JSON.stringify(JSON.parse(`[${flights.slice(0, read.length).join()}]`)),
    );
    expect(read.filter((flight) => JSON.stringify(flight)[0] !== '{')).toHaveLength(100);
  });

  test('bytes, if it nests too deep or holds more than it may', () => {
    expect(partOf('['.repeat(100_000))).toBe('['.repeat(1024));
    expect(partOf(`{"a":[${'[{}],'.repeat(100_000)}`)).toHaveLength(LOOKS_BYTES[1]);
    expect(partOf(`{${'"abcde":1,'.repeat(100_000)}`)).toHaveLength(LOOKS_BYTES[1]);
  });
});

test('a body that is no batch is decided only by what is too much, or too deep', () => {
  const excess = buildDecisiveExcess(LIMITS);
  expect(excess(Buffer.from('['.repeat(100_000)))).toHaveLength(1024);
  expect(excess(Buffer.from(`{${'"abcde":1,'.repeat(100_000)}`))).toHaveLength(LOOKS_BYTES[1]);
  expect(excess(Buffer.from(batch(values(10_000))))).toBeUndefined();
});

test.each([
  ['a small one', batch(values(200)).slice(0, LOOKS_BYTES[0] - 1)],
  ['flights', batch(Array(5000).fill(`{"airline":${LONG}}`))],
  ['flights, then others', batch([...Array(20).fill('{"a":1}'), ...values(1000)])],
  ['fewer than a hundred', batch([...values(99), ...Array(5000).fill('{"a":1}')])],
  ['values without end', batch([`"${'a'.repeat(100_000)}"`, ...values(1000)])],
  ['no values', batch(Array(100_000).fill(''))],
  ['what ends too early', `${batch(values(50))}${' '.repeat(100_000)}`],
  ['one flight', `{"airline":"${'a'.repeat(300_000)}"}`],
  ['a list', `[${Array(80_000).fill('null').join()}]`],
])('%s counts as a whole', (_, text) => expect(partOf(text)).toBeUndefined());
