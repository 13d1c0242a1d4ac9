import { describe, expect, test } from 'bun:test';
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
import { keepModel, makeSharedDirs } from './shared-dir.ts';

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

test('a file of the kernel that says it holds nothing is copied up to the limit, and nothing is left of it', () => {
  const dir = mkdtempSync(join(tmpdir(), 'puntual-endless-'));
  try {
    // `pagemap` has eight bytes for each page that a process could have: it ends after many terabytes.
    expect(() =>
      keepModel([dir], '/proc/self/pagemap', { version: 'v1', n: 1, limitBytes: 4 * 2 ** 20 }),
    ).toThrow('/proc/self/pagemap is larger than 4194304 bytes');
    expect(readdirSync(dir)).toEqual([]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
