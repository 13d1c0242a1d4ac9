import { expect, test } from 'bun:test';
import { breakLine } from './broken-line.ts';

test.each([
  ['short enough', 20, 'short enough'],
  ['no terminal, so any length is right', undefined, 'no terminal, so any length is right'],
  [
    'verdict   one two three four',
    16,
    'verdict   one\n          two\n          three\n          four',
  ],
  ['a sentence without a label', 16, 'a sentence\n  without a\n  label'],
  ['exactly sixteen. more', 16, 'exactly sixteen.\n  more'],
  ['a averyveryverylongword b', 10, 'a averyveryverylongword b'],
])('%s, in %p columns', (line, columns, broken) => {
  expect(breakLine(line, columns)).toBe(broken);
});
