import { describe, expect, test } from 'bun:test';
import { plantCgroup } from '../../test/planted-cgroup.ts';
import { grantedProcessors, presentProcessors, wholeProcessors } from './processors.ts';

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
    [
      'the tightest quota on the way up under version 1',
      {
        'cpu/cpu.cfs_quota_us': '-1',
        'cpu/a/cpu.cfs_quota_us': '200000',
        'cpu/a/cpu.cfs_period_us': '100000',
        'cpu/a/b/cpu.cfs_quota_us': '800000',
        'cpu/a/b/cpu.cfs_period_us': '100000',
      },
      '4:cpu,cpuacct:/a/b',
      2,
    ],
    ['no limit when version 1 says -1', { 'cpu/cpu.cfs_quota_us': '-1' }, '4:cpu:/x', 64],
  ];
  for (const [what, files, own, granted] of cases)
    test(`are ${what}`, () =>
      expect(grantedProcessors({ root: plantCgroup(files), membership: own, mounts: '' }, 64)).toBe(
        granted,
      ));

  test.each([
    [
      'version 1, where a container shows the path of its host',
      '4:cpu,cpuacct:/docker/abc/sub',
      '30 25 0:26 /docker/abc /sys/fs/cgroup/cpu ro,nosuid - cgroup cgroup rw,cpu,cpuacct',
      { 'cpu/sub/cpu.cfs_quota_us': '20000', 'cpu/sub/cpu.cfs_period_us': '100000' },
    ],
    [
      'version 2, likewise',
      '0::/kubepods/pod1/abc/sub',
      '30 25 0:26 /kubepods/pod1/abc /sys/fs/cgroup ro - cgroup2 cgroup rw',
      { 'sub/cpu.max': '20000 100000' },
    ],
  ])('are those of a group below the container under %s', (_, membership, mounts, files) => {
    const root = plantCgroup(files as Record<string, string>);
    expect(grantedProcessors({ root, membership, mounts }, 64)).toBe(0.2);
  });
});

test.each([
  ['0-1', 2],
  ['3', 1],
  ['0-3,8,10-11', 7],
])('the affinity mask %s is of %d processors', (list, n) => {
  expect(presentProcessors(`Name:\tbun\nCpus_allowed_list:\t${list}\nMems_allowed:\t1`)).toBe(n);
});

test.each([
  [0.1, 1],
  [1, 1],
  [1.2, 1],
  [1.5, 2],
  [64, 64],
])('%d processors are %d whole ones', (granted, whole) => {
  expect(wholeProcessors(granted)).toBe(whole);
});
