/**
 * How many descriptors (files, sockets) this process may have open.
 */
import { readText } from './text-file.ts';

/** The usual limit of a system that does not say. */
const USUAL = 1024;

/** The hard limit, to which the runtime raises itself; infinite where there is none. @param limits text of /proc/self/limits */
export const descriptorLimit = (limits = readText('/proc/self/limits')): number => {
  const hard = limits?.match(/^Max open files\s+(\S+)\s+(\S+)/m)?.[2];
  return hard === undefined
    ? USUAL
    : hard === 'unlimited'
      ? Number.POSITIVE_INFINITY
      : Number(hard);
};
