/**
 * Where the limits and statistics of this process's control group lie, under version 1 and version 2.
 */
import { readText } from './text-file.ts';

/** Where to look; tests give their own. */
export interface CgroupSource {
  /** The folder that the groups are mounted at. */
  readonly root?: string;
  /** Text of /proc/self/cgroup. */
  readonly membership?: string;
}

/**
 * Folders of the group, its own first, then those above it up to the root: the tightest limit on the way holds. Within
 * a container the own path may be that of the host and absent; the root is the container's then.
 * @source cgroups(7); Documentation/admin-guide/cgroup-v2
 */
export const cgroupFolders = (
  controller: 'cpu' | 'memory',
  { root = '/sys/fs/cgroup', membership = readText('/proc/self/cgroup') ?? '' }: CgroupSource = {},
): readonly string[] => {
  const lines = membership.split('\n').map((line) => line.split(':'));
  const one = lines.find(([, names]) => names?.split(',').includes(controller))?.[2];
  const two = lines.find(([id, names]) => id === '0' && names === '')?.[2];
  const ofOne = upwards(`${root}/${controller}`, one);
  const ofTwo = upwards(root, two);
  return one === undefined ? [...ofTwo, ...ofOne] : [...ofOne, ...ofTwo];
};

const upwards = (root: string, path = '/'): readonly string[] => {
  const names = path.split('/').filter((name) => name !== '');
  return Array.from({ length: names.length + 1 }, (_, nLeftOut) =>
    [root, ...names.slice(0, names.length - nLeftOut)].join('/'),
  );
};
