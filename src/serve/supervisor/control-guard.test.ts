import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readToken } from './control-guard.ts';

const dir = mkdtempSync(join(tmpdir(), 'puntual-token-'));
afterAll(() => rmSync(dir, { recursive: true }));
const path = join(dir, 'token');
const TOKEN = '0123456789abcdef';

test('a token is read without what editors put around it', () => {
  for (const text of [TOKEN, `${TOKEN}\n`, `\ufeff${TOKEN}\r\n`]) {
    writeFileSync(path, text);
    expect(readToken(path)).toBe(TOKEN);
  }
});

test.each([
  ['is short', 'token', 'a token of 16 characters or more'],
  ['has two lines', `${TOKEN}\n${TOKEN}\n`, 'no request could bring this one'],
  ['has a blank', `my ${TOKEN}`, 'no request could bring this one'],
  ['is not ASCII', `${TOKEN}\u00e9`, 'no request could bring this one'],
  ['is of two bytes a character', Buffer.from(TOKEN, 'utf16le'), 'no request could bring this one'],
])('a token that %s is refused, not every request with it', (_, text, says) => {
  writeFileSync(path, text);
  expect(() => readToken(path)).toThrow(says);
});
