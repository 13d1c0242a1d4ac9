/**
 * Which calls of the system a container may make: a profile as Docker, containerd and podman write it, as runc reads it.
 */
import { readFileSync } from 'node:fs';

/** When a rule counts. @source https://docs.docker.com/engine/security/seccomp/ */
interface Condition {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
  readonly minKernel?: string;
}

interface Profile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly archMap: readonly {
    readonly architecture: string;
    readonly subArchitectures: readonly string[] | null;
  }[];
  readonly syscalls: readonly {
    readonly names: readonly string[];
    readonly action: string;
    readonly errnoRet?: number;
    readonly args?: readonly object[] | null;
    readonly includes?: Condition;
    readonly excludes?: Condition;
  }[];
}

const ARCH = { x64: ['amd64', 'SCMP_ARCH_X86_64'], arm64: ['arm64', 'SCMP_ARCH_AARCH64'] }[
  process.arch as string
] ?? [process.arch, process.arch];

/** Of a container without capabilities, on a kernel that is newer than any that a profile asks for. */
const isIncluded = ({ caps = [], arches = [] }: Condition = {}): boolean =>
  caps.length === 0 && (arches.length === 0 || arches.includes(ARCH[0]!));
const isExcluded = ({ arches = [] }: Condition = {}): boolean => arches.includes(ARCH[0]!);

/** The `linux.seccomp` of runc's configuration for a container without capabilities. */
export const readSeccompProfile = (file: string): object => {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as Profile;
  const { defaultAction, defaultErrnoRet } = profile;
  return {
    defaultAction,
    ...(defaultErrnoRet !== undefined && { defaultErrnoRet }),
    architectures: profile.archMap
      .filter(({ architecture }) => architecture === ARCH[1])
      .flatMap(({ architecture, subArchitectures }) => [architecture, ...(subArchitectures ?? [])]),
    syscalls: profile.syscalls
      .filter(({ includes, excludes }) => isIncluded(includes) && !isExcluded(excludes))
      .map(({ names, action, errnoRet, args }) => ({
        ...{ names, action, args: args ?? [] },
        ...(errnoRet !== undefined && { errnoRet }),
      })),
  };
};
