import { expect, test } from 'bun:test';
import { DuckDBDataChunk, VARCHAR } from '@duckdb/node-api';
import fc from 'fast-check';
import { buildDictionary, codesOfSlowly, sortDictionary } from './dictionary.ts';
import { textsOf } from './vectors.ts';

/** Codes of the texts, through the memory of a vector, a few at a time. */
const encode = (items: readonly string[], nAtOnce: number) => {
  const dictionary = buildDictionary();
  const codes = new Int32Array(items.length);
  for (let at = 0; at < items.length; at += nAtOnce) {
    const part = items.slice(at, at + nAtOnce);
    const chunk = DuckDBDataChunk.create([VARCHAR], part.length);
    chunk.setColumnValues(0, part);
    dictionary.encodeInto(textsOf(chunk.getColumnVector(0)), codes, at);
  }
  return { codes: [...codes], texts: dictionary.texts };
};

test('texts of every length get the codes that the slow twin gives them', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 3 }),
    fc.string({ minLength: 10, maxLength: 14, unit: fc.constantFrom('a', 'b') }),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 200 }), fc.integer({ min: 1, max: 64 }), (raw, n) => {
      const items = raw.map((item) => item.replaceAll('\0', ''));
      const slow: string[] = [];
      const expected = codesOfSlowly(items, slow);
      expect(encode(items, n)).toEqual({ codes: [...expected], texts: slow });
    }),
    { numRuns: 60 },
  );
});

test('a dictionary outgrows its first table and still finds every text', () => {
  const items = Array.from({ length: 6000 }, (_, i) => `N${i % 3000}${i % 7 ? '' : 'a long tail'}`);
  const slow: string[] = [];
  const expected = codesOfSlowly(items, slow);
  expect(encode(items, 2048)).toEqual({ codes: [...expected], texts: slow });
});

test('sorting a dictionary by code unit changes codes, never what they mean', () => {
  const texts = ['b', 'Z', 'é', 'a'];
  const codes = Int32Array.from([0, 1, -1, 2, 3]);
  const values = sortDictionary(texts, codes, 5);
  expect(values).toEqual(['Z', 'a', 'b', 'é']);
  expect([...codes].map((code) => values[code])).toEqual(['b', 'Z', undefined, 'é', 'a']);
});
