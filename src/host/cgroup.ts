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
  /** Text of /proc/self/mountinfo. */
  readonly mounts?: string;
}

type Controller = 'cpu' | 'memory';

/** Found once: a process stays in its group, and its limits are looked at ten times a second. */
const own: Partial<Record<Controller, readonly string[]>> = {};

/**
 * Folders of the group, its own first, then those above it up to the root: the tightest limit on the way holds. Within
 * a container the own path may be that of the host; what is mounted here begins somewhere on it.
 * @source cgroups(7); proc_pid_mountinfo(5); Documentation/admin-guide/cgroup-v2
 */
export const cgroupFolders = (controller: Controller, source?: CgroupSource): readonly string[] => {
  if (source) return findFolders(controller, source);
  own[controller] ??= findFolders(controller, {});
  return own[controller];
};

const findFolders = (
  controller: Controller,
  {
    root = '/sys/fs/cgroup',
    membership = readText('/proc/self/cgroup') ?? '',
    mounts = readText('/proc/self/mountinfo') ?? '',
  }: CgroupSource,
): readonly string[] => {
  const lines = membership.split('\n').map((line) => line.split(':'));
  const one = lines.find(([, names]) => names?.split(',').includes(controller))?.[2];
  const two = lines.find(([id, names]) => id === '0' && names === '')?.[2];
  const ofOne = upwards(`${root}/${controller}`, below(mountedAt(mounts, controller), one));
  const ofTwo = upwards(root, below(mountedAt(mounts, undefined), two));
  return one === undefined ? [...ofTwo, ...ofOne] : [...ofOne, ...ofTwo];
};

/** The group at which the mounted tree begins; `undefined` for the controller asks for version 2. */
const mountedAt = (mounts: string, controller: string | undefined): string => {
  for (const line of mounts.split('\n')) {
    const [place, kind] = line.split(' - ', 2);
    const [type, , options = ''] = kind?.split(' ') ?? [];
    const isIt =
      controller === undefined
        ? type === 'cgroup2'
        : type === 'cgroup' && options.split(',').includes(controller);
    if (isIt) return place!.split(' ')[3] ?? '/';
  }
  return '/';
};

/** A path of the host as one below the mounted tree. */
const below = (start: string, path: string | undefined): string | undefined =>
  start !== '/' && path !== undefined && `${path}/`.startsWith(`${start}/`)
    ? path.slice(start.length)
    : path;

const upwards = (root: string, path = '/'): readonly string[] => {
  const names = path.split('/').filter((name) => name !== '');
  return Array.from({ length: names.length + 1 }, (_, nLeftOut) =>
    [root, ...names.slice(0, names.length - nLeftOut)].join('/'),
  );
};
