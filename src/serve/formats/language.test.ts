import { afterEach, describe, expect, test } from 'bun:test';
import { langOf } from './language.ts';

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
