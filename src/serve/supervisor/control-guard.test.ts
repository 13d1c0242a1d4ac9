import { afterAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { buildControlGuard, readToken } from './control-guard.ts';

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

test.each([
  ['is short', () => writeFileSync(path, 'token')],
  ['has two lines', () => writeFileSync(path, `${TOKEN}\n${TOKEN}\n`)],
  ['is empty', () => writeFileSync(path, '')],
  ['is too long', () => writeFileSync(path, 'a'.repeat(5000))],
  ['is not there', () => rmSync(path)],
  [
    'has given way to a folder',
    () => {
      rmSync(path);
      mkdirSync(path);
    },
  ],
])('nobody has a token when its file %s', (_, spoil) => {
  rmSync(path, { recursive: true, force: true });
  writeFileSync(path, TOKEN);
  const setting = { host: '0.0.0.0', tokenFile: path };
  const answers = (token: string) => answerTo(setting, { authorization: `Bearer ${token}` });
  expect([answers(TOKEN), answers('another'), answerTo(setting, {})]).toEqual([
    ...['passes', 'key-refused', 'key-missing'],
  ]);
  spoil();
  for (const token of [TOKEN, 'token', 'a'.repeat(5000)])
    expect(answers(token)).toBe('key-refused');
});

/** The code of the refusal. */
const answerTo = (
  setting: Parameters<typeof buildControlGuard>[0],
  headers: Readonly<Record<string, string>>,
): string => {
  try {
    buildControlGuard(setting)((name) => headers[name] ?? null);
    return 'passes';
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
};

describe('who reaches a loopback address', () => {
  test.each([
    ...['localhost', 'localhost:8081', 'LocalHost:8081', 'localhost.', '127.0.0.1', '127.9.9.9:1'],
    ...['[::1]', '[::1]:8081', '::1', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]:8081'],
  ])('may control by any of its names: %s', (host) => {
    expect(answerTo({ host: '127.0.0.1', tokenFile: undefined }, { host })).toBe('passes');
  });

  test.each([
    ...['', 'localhost.evil.example', '127.0.0.1.evil.example', '127.1', 'localhost:x', '0.0.0.0'],
    ...['[localhost]', '[127.0.0.1]', '[::1]evil.example', '[::1', '[::2]', '[::ffff:10.0.0.1]'],
  ])('may not by what is no name of it: %j', (host) => {
    expect(answerTo({ host: '127.0.0.1', tokenFile: undefined }, { host })).toBe('key-refused');
  });

  test.each([
    ...['127.0.0.1', '127.8.8.8', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', 'localhost'],
  ])('may control on %s', (host) => {
    expect(answerTo({ host, tokenFile: undefined }, { host: 'localhost' })).toBe('passes');
  });

  test.each([
    ...['0.0.0.0', '::', '10.0.0.1', '::ffff:10.0.0.1', 'pod.example'],
  ])('is nobody who may control on %s', (host) => {
    expect(answerTo({ host, tokenFile: undefined }, { host: 'localhost' })).toBe('key-refused');
  });
});
