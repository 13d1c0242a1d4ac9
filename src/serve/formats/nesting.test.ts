import { describe, expect, test } from 'bun:test';
import { nestsDeeper } from './nesting.ts';

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
    test(`${text}: ${deeper}`, () => expect(nestsDeeper(Buffer.from(text), 3)).toBe(deeper));
});
