import { afterEach, expect, test } from 'bun:test';
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import { readRegularFile } from '../../core/files/regular-file.ts';
import { watchModel } from './watch-model.ts';

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await Bun.sleep(5);
};

const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

/** A folder with one model of one letter, watched; a model of the letter x is no good. */
const watched = () => {
  const dir = mkdtempSync(join(tmpdir(), 'puntual-watched-'));
  const path = join(dir, 'model');
  let nWritten = 0;
  const write = (text: string): void => {
    writeFileSync(path, text);
    utimesSync(path, 1, 1000 + nWritten++);
  };
  write('a');
  const state = {
    served: 'a',
    nTries: 0,
    tried: [] as string[],
    told: [] as (string | undefined)[],
    refuses: undefined as ErrorCode | undefined,
  };
  const watch = watchModel(
    {
      find: () => [path],
      serving: () => [path],
      reload: async () => {
        state.nTries++;
        const text = readRegularFile(path, 100).toString();
        state.tried.push(text);
        if (text === 'x') throw new AppError('model-broken', 'x');
        if (state.refuses) throw new AppError(state.refuses, 'not now');
        state.served = text;
      },
      isRefused: () => false,
      onChange: (refusal) => state.told.push(refusal?.replaceAll(dir, '')),
    },
    2,
  );
  endings.push(() => {
    watch.stop();
    rmSync(dir, { recursive: true });
  });
  return { dir, path, write, state, watch };
};

test.each<[string, (path: string) => void, string]>([
  ['is deleted', () => {}, '/model does not exist'],
  ['is a link to nothing', (path) => symlinkSync('gone', path), '/model is a link to gone'],
  [
    'is a link to itself',
    (path) => symlinkSync('model', path),
    'its symbolic links go in a circle',
  ],
])('a model that %s leaves the old one in use, which is told, and the next good one is taken', async (_, put, says) => {
  const { path, write, state, watch } = watched();
  rmSync(path);
  put(path);
  await until(() => state.told.length === 1);
  expect(watch.refusal()).toContain('what is watched cannot be taken over');
  expect(state.told[0]).toContain(says);
  expect([state.served, state.tried]).toEqual(['a', []]);
  rmSync(path, { force: true });
  write('b');
  await until(() => state.served === 'b');
  expect([watch.refusal(), state.told.length]).toEqual([undefined, 2]);
});

test('a model that comes back as it was is not taken once more', async () => {
  const { dir, path, write, state } = watched();
  renameSync(path, join(dir, 'aside'));
  await until(() => state.told.length === 1);
  renameSync(join(dir, 'aside'), path);
  await until(() => state.told.length === 2);
  write('b');
  await until(() => state.served === 'b');
  expect(state.tried).toEqual(['b']);
});

test.each<[string, (path: string) => void]>([
  ['damaged', (path) => writeFileSync(path, 'x')],
  ['a folder', (path) => mkdirSync(path)],
  ['a pipe', (path) => Bun.spawnSync(['mkfifo', path])],
])('a model that is %s is tried once, and the next good one is taken', async (_, put) => {
  const { path, write, state } = watched();
  rmSync(path);
  put(path);
  await until(() => state.nTries === 1);
  expect(state.served).toBe('a');
  rmSync(path, { recursive: true });
  write('b');
  await until(() => state.served === 'b');
  expect(state.nTries).toBe(2);
});

test('a model that was refused for want of memory is tried again by itself', async () => {
  const { write, state } = watched();
  state.refuses = 'limit-system';
  write('b');
  await until(() => state.tried.length >= 2);
  expect(state.served).toBe('a');
  state.refuses = undefined;
  await until(() => state.served === 'b');
});
