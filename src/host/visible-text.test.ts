import { expect, test } from 'bun:test';
import { visibleText } from './visible-text.ts';

test.each([
  ['plain text, añb 日本', 'plain text, añb 日本'],
  ['a\nb\tc\r', 'a\\nb\\tc\\r'],
  ['\u001b[31mred\u0007', '\\u001b[31mred\\u0007'],
  ['\u009b2J\u2028', '\\u009b2J\\u2028'],
  ['gpj.\u202eexe', 'gpj.\\u202eexe'],
])('%j is shown as %j', (text, shown) => {
  expect(visibleText(text)).toBe(shown);
});
