import { expect, test } from 'bun:test';
import { parseThrottledMs, statPaths } from './throttle.ts';

test.each([
  ['version 2', 'usage_usec 5\nnr_throttled 3\nthrottled_usec 673839\n', 673.839],
  ['version 1', 'nr_periods 15\nnr_throttled 14\nthrottled_time 673839727\n', 673.839727],
  ['a group without a quota', 'usage_usec 5\n', 0],
  ['nothing to read', '', 0],
])('throttled time of %s', (_, text, ms) => {
  expect(parseThrottledMs(text)).toBeCloseTo(ms, 6);
});

test.each([
  ['version 2', '0::/pod/a\n', '/sys/fs/cgroup/pod/a/cpu.stat'],
  ['version 2 seen from within a container', '0::/\n', '/sys/fs/cgroup/cpu.stat'],
  ['version 1', '3:cpuset:/\n1:cpu,cpuacct:/job\n', '/sys/fs/cgroup/cpu/job/cpu.stat'],
  ['both, the processor under version 1', '1:cpu:/\n0::/\n', '/sys/fs/cgroup/cpu/cpu.stat'],
])('where it lies: %s', (_, groups, path) => {
  expect(statPaths({ membership: groups })[0]).toBe(path);
});
