import { afterAll, beforeAll, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type Database, literal, openDatabase } from '../database.ts';
import { buildDictionary, codesOfSlowly, sortDictionary } from './dictionary.ts';
import { textsOf } from './vectors.ts';

let database: Database;

beforeAll(async () => {
  database = await openDatabase(1);
});

afterAll(() => {
  database.close();
});

/** Codes of the texts, through the memory of the vectors of a result. */
const encode = async (items: readonly string[]) => {
  const dictionary = buildDictionary();
  const codes = new Int32Array(items.length);
  const result = await database.connection.stream(
    `SELECT unnest([${items.map(literal).join(', ')}]::VARCHAR[])`,
  );
  let at = 0;
  for await (const chunk of result) {
    dictionary.encodeInto(textsOf(chunk.getColumnVector(0)), codes, at);
    at += chunk.rowCount;
  }
  return { nRead: at, codes: [...codes], texts: dictionary.texts };
};

/** What the slow twin makes of the same texts. */
const encodeSlowly = (items: readonly string[]) => {
  const texts: string[] = [];
  const codes = [...codesOfSlowly(items, texts)];
  return { nRead: items.length, codes, texts };
};

test('texts of every length get the codes that the slow twin gives them', async () => {
  const text = fc.oneof(
    fc.string({ maxLength: 3 }),
    fc.string({ minLength: 10, maxLength: 14, unit: fc.constantFrom('a', 'b') }),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(text, { maxLength: 200 }), async (raw) => {
      const items = raw.map((item) => item.replaceAll('\0', ''));
      expect((await encode(items)).texts).toEqual(encodeSlowly(items).texts);
      expect((await encode(items)).codes).toEqual(encodeSlowly(items).codes);
    }),
    { numRuns: 40 },
  );
});

test('NULL, an empty text and a word for nothing get no code', async () => {
  const dictionary = buildDictionary(['NA', 'not available at all']);
  const codes = new Int32Array(7);
  const result = await database.connection.stream(
    "SELECT unnest(['AA', NULL, 'NA', '', 'not available at all', 'NAN', 'AA'])",
  );
  for await (const chunk of result)
    dictionary.encodeInto(textsOf(chunk.getColumnVector(0)), codes, 0);
  expect([...codes]).toEqual([0, -1, -1, -1, -1, 1, 0]);
  expect(dictionary.texts).toEqual(['AA', 'NAN']);
});

test('a dictionary outgrows its first table and still finds every text', async () => {
  const items = Array.from({ length: 6000 }, (_, i) => `N${i % 3000}${i % 7 ? '' : 'a long tail'}`);
  const fast = await encode(items);
  const slow = encodeSlowly(items);
  expect(fast.nRead).toBe(slow.nRead);
  expect(fast.texts.join('|') === slow.texts.join('|')).toBe(true);
  expect(fast.codes.join() === slow.codes.join()).toBe(true);
});

test('sorting a dictionary by code unit changes codes, never what they mean', () => {
  const texts = ['b', 'Z', 'é', 'a'];
  const codes = Int32Array.from([0, 1, -1, 2, 3]);
  const values = sortDictionary(texts, codes, 5);
  expect(values).toEqual(['Z', 'a', 'b', 'é']);
  expect([...codes].map((code) => values[code])).toEqual(['b', 'Z', undefined, 'é', 'a']);
});
