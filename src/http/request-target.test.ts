import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { parseTarget } from './request-target.ts';

describe('a target', () => {
  test.each([
    ['/predict', '/predict', ''],
    ['/predict?explain=true', '/predict', 'explain=true'],
    ['/a/../livez', '/livez', ''],
    ['/a/%2e%2e/livez', '/livez', ''],
    ['//livez', '//livez', ''],
    ['http://t/predict?a=b', '/predict', 'a=b'],
    ['HTTPS://other:81', '/', ''],
  ])('%s asks for path %s and query %s', (text, path, query) => {
    expect(parseTarget(text)).toEqual({ path, query });
  });

  test.each([
    '*',
    'predict',
    '?a=b',
    'host:80',
    'ftp://t/predict',
    'http://',
    '',
  ])('%p is none', (text) => {
    expect(parseTarget(text)).toBeUndefined();
  });

  test('is what a URL makes of it, also where it is taken as it stands', () => {
    const letter = fc.constantFrom(...'ab/.-_~%?=&:+,2eE\\"<>|^`{}@!$()*;[]');
    fc.assert(
      fc.property(fc.string({ unit: letter }), (rest) => {
        const { pathname, search } = new URL(`http://host/${rest}`);
        expect(parseTarget(`/${rest}`)).toEqual({ path: pathname, query: search.slice(1) });
      }),
      { numRuns: 3000 },
    );
  });
});
