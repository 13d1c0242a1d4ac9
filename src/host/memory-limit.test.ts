import { expect, test } from 'bun:test';
import { plantCgroup } from '../../test/planted-cgroup.ts';
import { grantedMemoryBytes } from './memory-limit.ts';

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
  expect(grantedMemoryBytes({ root: plantCgroup(files), membership }, 4096)).toBe(bytes);
});
