import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { parseTarget } from './request-target.ts';

describe('a target', () => {
  test.each([
    ['/predict', '/predict', ''],
    ['/predict?explain=true', '/predict', 'explain=true'],
    ['/v2/models/v1.0/ready', '/v2/models/v1.0/ready', ''],
    ['/a..b/.c/d.', '/a..b/.c/d.', ''],
    ['/%6civez', '/%6civez', ''],
    ['/livez?to=//x/../y\\z%2e%', '/livez', 'to=//x/../y\\z%2e%'],
    ['http://t/predict?a=b', '/predict', 'a=b'],
    ['HTTPS://other:81', '/', ''],
    ['http://t?a=b', '/', 'a=b'],
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
    'http:///predict',
    'http://user@host/predict',
    'http://t\\x/predict',
    '',
  ])('%p is none', (text) => {
    expect(parseTarget(text)).toBe('target-broken');
  });

  test.each([
    '/x\\..\\predict',
    '\\predict',
    '/a/../predict',
    '/a/./predict',
    '/..',
    '/predict/.',
    '/a/..;/predict',
    '/a/%2e%2e/predict',
    '/a/.%2E/predict',
    '/%2e/predict',
    '//predict',
    '/predict//',
    '/a%2fpredict',
    '/a%5C..%5Cpredict',
    '/predict%00',
    '/predict%0d%0a',
    '/predict%',
    '/predict%zz',
    'http://t//predict',
    'http://t/a/../predict',
  ])('%p might be read in two ways, and is refused', (text) => {
    expect(parseTarget(text)).toBeOneOf(['target-ambiguous', 'target-broken']);
  });

  test('is never anything but what stands there, and a URL reads what is taken as the same path', () => {
    const letter = fc.constantFrom(...'ab/.-_~%?=&:+,2eEfF5cC\\"<>|^`{}@!$()*;[]');
    fc.assert(
      fc.property(fc.string({ unit: letter }), (rest) => {
        const target = parseTarget(`/${rest}`);
        if (typeof target === 'string') return;
        const { path, query } = target;
        expect(`/${rest}`.startsWith(path)).toBe(true);
        expect(query === '' || `/${rest}` === `${path}?${query}`).toBe(true);
        const { pathname } = new URL(`http://host/${rest}`);
        expect(unescape(pathname)).toBe(unescape(path));
      }),
      { numRuns: 3000 },
    );
  });
});
