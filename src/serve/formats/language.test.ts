import { afterEach, describe, expect, test } from 'bun:test';
import { buildLangOf, langOf } from './language.ts';

const Own = globalThis.URLSearchParams;
afterEach(() => {
  globalThis.URLSearchParams = Own;
});

const langIn = (query: string, accepted: string | null = null) =>
  langOf({ query, header: () => accepted });

describe('the language of an address', () => {
  test.each([
    ['lang=es', 'es'],
    ['airline=UA&lang=es', 'es'],
    ['lang=e%73&strict=true', 'es'],
    ['l%61%6Eg=es', 'es'],
    ['%6cang=es', 'es'],
    ['%4cang=es', 'en'],
    ['slang=es', 'en'],
    ['lang=es&lang=en', 'es'],
    ['lang=fr', 'en'],
    ['lang=', 'en'],
  ])('%s', (query, lang) => {
    expect(langIn(query)).toBe(lang as 'en' | 'es');
  });

  test('goes before the field, which counts where it names none of ours', () => {
    expect(langIn('lang=en', 'es')).toBe('en');
    expect(langIn('lang=fr', 'es')).toBe('es');
  });

  test('is found without reading the other parameters, however many they are', () => {
    const lengths: number[] = [];
    globalThis.URLSearchParams = class extends Own {
      constructor(text: string) {
        lengths.push(text.length);
        super(text);
      }
    } as typeof URLSearchParams;
    expect(langIn(`${'a&'.repeat(3000)}lang=es${'&a'.repeat(1000)}`)).toBe('es');
    expect(Math.max(...lengths)).toBe('lang=es'.length);
  });
});

test('the language of calls with the same head is looked for once, and anew for another head', () => {
  const langOfHead = buildLangOf();
  let nLooked = 0;
  const lang = (headMark: number, accepted: string, query = '') =>
    langOfHead({
      headMark,
      query,
      header: () => {
        nLooked++;
        return accepted;
      },
    });
  expect([lang(1, 'es'), lang(1, 'es'), lang(1, 'es')]).toEqual(['es', 'es', 'es']);
  expect(nLooked).toBe(1);
  expect([lang(2, 'en'), lang(3, 'es'), lang(2, 'en')]).toEqual(['en', 'es', 'en']);
  expect(lang(4, 'es', 'lang=en')).toBe('en');
  // Heads that are not known may be any.
  expect([lang(0, 'es'), lang(0, 'en'), lang(0, 'es')]).toEqual(['es', 'en', 'es']);
});
