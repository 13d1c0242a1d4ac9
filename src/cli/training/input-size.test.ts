import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { namesLargeFiles } from './input-size.ts';

const dir = mkdtempSync(join(tmpdir(), 'puntual-input-size-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const MIB = 1024 * 1024;

/** A file of so many bytes that takes no room. */
const hollow = (path: string, nBytes: number): string => {
  writeFileSync(path, '');
  truncateSync(path, nBytes);
  return path;
};

const small = hollow(join(dir, 'small.csv'), 2 * MIB);
const folder = join(dir, 'many');
mkdirSync(folder);
for (let month = 1; month <= 4; month++) hollow(join(folder, `${month}.csv`), 9 * MIB);

test('files are large together, named, by a pattern or in a folder', () => {
  expect(namesLargeFiles(['train', small, '--name', 'mine'])).toBeFalse();
  expect(namesLargeFiles(['train', join(folder, '1.csv'), join(folder, '2.csv')])).toBeFalse();
  expect(namesLargeFiles(['train', join(folder, '*.csv')])).toBeTrue();
  expect(namesLargeFiles(['train', folder, '--json'])).toBeTrue();
  expect(namesLargeFiles(['train', small, '--weather', folder])).toBeTrue();
});

test('what cannot be measured before it is read counts nothing', () => {
  const absent = [join(dir, 'absent.csv'), join(dir, '*.none')];
  expect(namesLargeFiles(['train', '-', 'https://flights.example/all.csv', ...absent])).toBeFalse();
  expect(namesLargeFiles([...absent, folder])).toBeTrue();
});
