import { expect, test } from 'bun:test';
import { addressesOf } from './name-lookup.ts';
import { hostIn, portIn } from './socket-address.ts';

const textsOf = (host: string): readonly string[] =>
  addressesOf(host, 8080).map(({ bytes }) => `${hostIn(bytes)} ${portIn(bytes)}`);

test('an address is itself', () => {
  expect(textsOf('127.0.0.2')).toEqual(['127.0.0.2 8080']);
  expect(textsOf('::1')).toEqual(['::1 8080']);
});

test('a name has the addresses that the system knows, of version 6 first', () => {
  const found = textsOf('localhost');
  expect(found.length).toBeGreaterThan(0);
  for (const text of found) expect(['::1 8080', '127.0.0.1 8080']).toContain(text);
  expect(found.toSorted((a, b) => Number(b.includes(':')) - Number(a.includes(':')))).toEqual([
    ...found,
  ]);
});

test('a name that nobody has, has none', () => {
  expect(textsOf('no such host')).toEqual([]);
});
