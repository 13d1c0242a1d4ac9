import { expect, test } from 'bun:test';
import { plantCgroup } from '../../test/planted-cgroup.ts';
import { grantedMemoryBytes, ownMemoryBytes, readMemoryUse } from './memory-limit.ts';

const cases: readonly [
  what: string,
  files: Readonly<Record<string, string>>,
  membership: string,
  bytes: number,
][] = [
  ["the machine's when nothing is limited", {}, '0::/', 4096],
  ['the limit of the container', { 'memory.max': '1024' }, '0::/', 1024],
  ["the machine's when the limit is max", { 'memory.max': 'max' }, '0::/', 4096],
  [
    'the tightest limit on the way up',
    { 'a/memory.max': '2048', 'a/b/memory.max': '3072' },
    '0::/a/b',
    2048,
  ],
  [
    'what may be held without being slowed down, where that is less',
    { 'a/memory.max': '3072', 'a/memory.high': '2048', 'a/b/memory.high': 'max' },
    '0::/a/b',
    2048,
  ],
  [
    'the limit of version 1',
    { 'memory/memory.limit_in_bytes': '512' },
    '4:memory:/seen-by-the-host\n0::/',
    512,
  ],
  [
    "the machine's when version 1 has its largest number",
    { 'memory/memory.limit_in_bytes': '9223372036854771712' },
    '4:memory:/',
    4096,
  ],
];
test.each(cases)('memory is %s', (_, files, membership, bytes) => {
  expect(grantedMemoryBytes({ root: plantCgroup(files), membership, mounts: '' }, 4096)).toBe(
    bytes,
  );
});

test('memory in use is that of the group with the limit, without what the kernel can take back', () => {
  const two = plantCgroup({
    'a/memory.max': '1000',
    'a/memory.high': '500',
    'a/memory.current': '900',
    'a/memory.stat': 'anon 300\nactive_file 100\ninactive_file 200\n',
  });
  expect(readMemoryUse({ root: two, membership: '0::/a', mounts: '' })).toEqual({
    usedBytes: 600,
    limitBytes: 1000,
  });
  const one = plantCgroup({
    'memory/memory.limit_in_bytes': '1000',
    'memory/memory.usage_in_bytes': '900',
    'memory/memory.stat': 'active_file 1\ntotal_active_file 100\ntotal_inactive_file 200\n',
  });
  expect(readMemoryUse({ root: one, membership: '4:memory:/', mounts: '' })).toEqual({
    usedBytes: 600,
    limitBytes: 1000,
  });
  expect(readMemoryUse({ root: plantCgroup({}), membership: '0::/', mounts: '' })).toBe(undefined);
});

test('own memory is what is resident and not shared', () => {
  expect(ownMemoryBytes('1000 300 100 9 0 200 0')).toBe(200 * 4096);
  expect(ownMemoryBytes()).toBeGreaterThan(2 ** 20);
});
