import { afterAll, describe, expect, test } from 'bun:test';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { createCells } from '../telemetry/shared-counters.ts';
import { checkMemory, keepModel, makeSharedDirs } from './shared-dir.ts';

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return 'nothing was thrown';
};

describe('the shared folder', () => {
  test('takes away what a dead supervisor left, and nothing else', () => {
    const base = mkdtempSync(join(tmpdir(), 'puntual-base-'));
    const namespace = readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
    const [dead, alive, other] = [
      `puntual-${namespace}-4194304999-abc`,
      `puntual-${namespace}-${process.pid}-abc`,
      'puntual-1-4194304999-abc',
    ];
    for (const name of [dead, alive, other]) mkdirSync(join(base, name));
    const [own] = makeSharedDirs([base]);
    expect([dead, alive, other].map((name) => existsSync(join(base, name)))).toEqual([
      false,
      true,
      true,
    ]);
    expect(existsSync(own!)).toBe(true);
    rmSync(base, { recursive: true });
  });

  test('says that there is no room for a model, and which model is not there', () => {
    const dir = mkdtempSync(join(tmpdir(), 'puntual-keep-'));
    writeFileSync(join(dir, 'model'), 'x');
    const path = join(dir, 'model');
    expect(codeOf(() => keepModel(['/proc/self/nowhere'], path, { version: 'v', n: 1 }))).toBe(
      'file-unwritable',
    );
    expect(codeOf(() => keepModel([dir], join(dir, 'absent'), { version: 'v', n: 1 }))).toBe(
      'file-missing',
    );
    rmSync(dir, { recursive: true });
  });

  test('takes the next folder when the first has no room, and says when none can be written', () => {
    const dir = mkdtempSync(join(tmpdir(), 'puntual-keep-'));
    writeFileSync(join(dir, 'model'), 'x'.repeat(3_000_000));
    const { file } = keepModel(['/proc/self/nowhere', dir], join(dir, 'model'), {
      version: 'v',
      n: 1,
    });
    expect(readFileSync(file)).toEqual(readFileSync(join(dir, 'model')));
    const dirs = makeSharedDirs(['/proc/self/nowhere', dir]);
    expect(dirs).toHaveLength(1);
    expect(codeOf(() => makeSharedDirs(['/proc/self/nowhere']))).toBe('file-unwritable');
    expect(codeOf(() => makeSharedDirs([]))).toBe('file-unwritable');
    rmSync(dir, { recursive: true });
  });

  test('finds a full disk when counters are made, not in the middle of a request', () => {
    expect(codeOf(() => createCells('/dev/full', 1000))).toBe('file-unwritable');
  });
});

const refusalOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'nothing was refused';
};

describe('a file that holds something other than it says', () => {
  const dir = mkdtempSync(join(tmpdir(), 'puntual-endless-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const keep = (path: string): string =>
    refusalOf(() => keepModel([dir], path, { version: 'v', n: 1 }));

  test("is not copied when it is the kernel's, and nothing is left of it", () => {
    expect(keep('/proc/self/status')).toStartWith(
      'file-unreadable: /proc/self/status says that it holds 0 bytes and holds more: ',
    );
    expect(keep('/sys/kernel/mm/transparent_hugepage/enabled')).toMatch(
      /says that it holds \d+ bytes and holds \d+: |^file-missing/,
    );
    expect(readdirSync(dir)).toEqual([]);
  });

  test('is not copied when there is no memory for it, which is said with figures', () => {
    const use = { usedBytes: 300 * 2 ** 20, limitBytes: 512 * 2 ** 20 };
    expect(refusalOf(() => checkMemory('m', 212 * 2 ** 20, use))).toBe('nothing was refused');
    expect(refusalOf(() => checkMemory('m', 213 * 2 ** 20, use))).toBe(
      'limit-system: there is no memory for m of 213 MB or more: 512 MB for all, 300 MB in use; allow more memory, or serve a smaller model',
    );
    expect(refusalOf(() => checkMemory('m', 2 ** 40, undefined))).toBe('nothing was refused');
  });
});
