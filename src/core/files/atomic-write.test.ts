import { afterAll, expect, test } from 'bun:test';
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkWritable, writeAtomically } from './atomic-write.ts';

const dir = mkdtempSync(join(tmpdir(), 'puntual-written-'));
afterAll(() => rmSync(dir, { recursive: true }));
const at = (name: string): string => join(dir, name);
const write = (name: string): void => writeAtomically(at(name), Buffer.from('new'));
const refusal = (work: () => void): string => {
  try {
    work();
  } catch (error) {
    return (error as Error).message.replaceAll(dir, '');
  }
  return 'it was written';
};

test('where a link stands its target is replaced, and made where there was none; the link stays', () => {
  writeFileSync(at('target'), 'old');
  symlinkSync('target', at('link'));
  mkdirSync(at('elsewhere'));
  symlinkSync('elsewhere/made', at('ahead'));
  write('link');
  write('ahead');
  expect(lstatSync(at('link')).isSymbolicLink()).toBe(true);
  expect(readFileSync(at('target'), 'utf8')).toBe('new');
  expect(lstatSync(at('ahead')).isSymbolicLink()).toBe(true);
  expect(readFileSync(at('elsewhere/made'), 'utf8')).toBe('new');
  expect(readdirSync(at('elsewhere'))).toEqual(['made']);
});

test('a pipe is written into, and stays a pipe', () => {
  expect(Bun.spawnSync(['mkfifo', at('pipe')]).exitCode).toBe(0);
  const reader = openSync(at('pipe'), constants.O_RDWR | constants.O_NONBLOCK);
  write('pipe');
  const bytes = Buffer.alloc(16);
  expect(bytes.toString('utf8', 0, readSync(reader, bytes))).toBe('new');
  closeSync(reader);
  expect(lstatSync(at('pipe')).isFIFO()).toBe(true);
});

test('what cannot be written is refused before and with what is in the way', () => {
  mkdirSync(at('folder'));
  writeFileSync(at('file'), '');
  symlinkSync('loop', at('loop'));
  for (const ask of [write, (name: string) => checkWritable(at(name))]) {
    expect(refusal(() => ask('folder'))).toBe('/folder is a folder; a file is expected');
    expect(refusal(() => ask('file/inside'))).toContain('/file/inside cannot be written: ');
    expect(refusal(() => ask('loop'))).toBe(
      '/loop cannot be written: its symbolic links go in a circle',
    );
  }
  expect(readFileSync(at('file'), 'utf8')).toBe('');
});
