import { describe, expect, test } from 'bun:test';
import { excessOf } from './nesting.ts';

describe('a text nests deeper than 3', () => {
  const cases: readonly [text: string, deeper: boolean][] = [
    ['[[[1]]]', false],
    ['[[[[1]]]]', true],
    ['{"a":[{"b":1}],"c":[[]]}', false],
    ['{"a":[{"b":{}}]}', true],
    ['["[[[[[["]', false],
    ['["\\"[[[[[[", "\\\\", [[]]]', false],
    ['["\\\\", [[[]]]]', true],
    ['[[[[', true],
    [']]]][[[', false],
  ];
  for (const [text, deeper] of cases)
    test(`${text}: ${deeper}`, () =>
      expect(excessOf(Buffer.from(text), { depth: 3 })).toBe(deeper ? 'depth' : undefined));
});

test.each([
  ['[[],[]]', false],
  ['[[],[],[],{}]', true],
  ['["[[[[[[[", [{},{},{},{}]]', false],
])('%s holds more than 3 lists: %p', (text, more) =>
  expect(excessOf(Buffer.from(text), { lists: 3 })).toBe(more ? 'lists' : undefined));

test.each([
  ['{"a":{},"b":[{}]}', false],
  ['[{},{},{},{}]', true],
  ['["{{{{{{{", {}]', false],
])('%s holds more than 3 objects: %p', (text, more) =>
  expect(excessOf(Buffer.from(text), { objects: 3 })).toBe(more ? 'objects' : undefined));
