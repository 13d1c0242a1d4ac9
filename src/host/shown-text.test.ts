import { expect, test } from 'bun:test';
import { shownAddress, visibleText } from './shown-text.ts';

test.each([
  ['plain text, añb 日本', 'plain text, añb 日本'],
  ['a\nb\tc\r', 'a\\nb\\tc\\r'],
  ['\u001b[31mred\u0007', '\\u001b[31mred\\u0007'],
  ['\u009b2J\u2028', '\\u009b2J\\u2028'],
  ['gpj.\u202eexe', 'gpj.\\u202eexe'],
])('%j is shown as %j', (text, shown) => {
  expect(visibleText(text)).toBe(shown);
});

test.each([
  ['https://host/a.csv', 'https://host/a.csv'],
  ['https://user:secret@host:8443/a.csv?X-Amz-Signature=secret#secret', 'https://host:8443/a.csv'],
  ['s3://bucket/a/b.parquet?secret', 's3://bucket/a/b.parquet'],
  ['http://user:secret@[::1?secret\nsecret', 'http://[::1'],
])('%j is shown as %s', (address, shown) => {
  expect(shownAddress(address)).toBe(shown);
});
