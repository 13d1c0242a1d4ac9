import { afterAll, describe, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { descriptorLimit, grantedProcessors, workersFor } from './limits.ts';

const root = mkdtempSync(join(tmpdir(), 'puntual-cgroup-'));
afterAll(() => rmSync(root, { recursive: true }));

const cgroup = (files: Readonly<Record<string, string>>): string => {
  const dir = mkdtempSync(join(root, 'c-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(dir, path, '..'), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return dir;
};

describe('processors that are granted', () => {
  const cases: readonly [
    what: string,
    files: Readonly<Record<string, string>>,
    own: string,
    granted: number,
  ][] = [
    ['those present when nothing is limited', {}, '0::/', 64],
    [
      'the quota of the container, not the cores of its host',
      { 'cpu.max': '150000 100000' },
      '0::/',
      1.5,
    ],
    ['no limit when the quota is max', { 'cpu.max': 'max 100000' }, '0::/', 64],
    [
      'the tightest quota on the way up',
      { 'cpu.max': '800000 100000', 'a/cpu.max': '200000 100000', 'a/b/cpu.max': 'max 100000' },
      '0::/a/b',
      2,
    ],
    [
      'the quota of cgroup version 1',
      { 'cpu/cpu.cfs_quota_us': '300000', 'cpu/cpu.cfs_period_us': '100000' },
      '4:cpu:/x',
      3,
    ],
    ['no limit when version 1 says -1', { 'cpu/cpu.cfs_quota_us': '-1' }, '4:cpu:/x', 64],
  ];
  for (const [what, files, own, granted] of cases)
    test(`are ${what}`, () => expect(grantedProcessors(cgroup(files), own, 64)).toBe(granted));
});

describe('the number of workers', () => {
  test('is one per processor while descriptors suffice', () =>
    expect(workersFor(50_000, 2, 1_048_576)).toBe(2));
  test('grows when one process may not open enough descriptors', () =>
    expect(workersFor(50_000, 2, 20_000)).toBe(3));
  test('stays small when descriptors are very few, since each process costs memory', () =>
    expect(workersFor(50_000, 2, 1024)).toBe(6));
  test('rounds a part of a processor up, a small surplus down', () => {
    expect(workersFor(100, 1.5, 1e6)).toBe(2);
    expect(workersFor(100, 1.2, 1e6)).toBe(1);
  });
  test('is at least one', () => expect(workersFor(1, 0.1, 1e6)).toBe(1));
  test('reads the hard limit of descriptors', () =>
    expect(
      descriptorLimit('Max open files            1024                 524288      files'),
    ).toBe(524_288));
});
