/**
 * How many workers serve, from the processors and the descriptors that the machine grants.
 */
import { AppError } from '../../core/errors.ts';
import { descriptorLimit } from '../../host/descriptors.ts';
import { connectionLimit } from '../worker/connection-limit.ts';
import { grantedProcessors, wholeProcessors } from '../../host/processors.ts';

/** With fewer a worker cannot even open its files and take some connections. */
const MIN_DESCRIPTORS = 256;

/** @throws AppError limit-system when processes may not open enough descriptors to serve at all */
export const checkDescriptors = (descriptors = descriptorLimit()): void => {
  if (descriptors < MIN_DESCRIPTORS)
    throw new AppError(
      'limit-system',
      `a process may open ${descriptors} descriptors here, ${MIN_DESCRIPTORS} are needed: raise the limit (ulimit -n)`,
    );
};

/** The supervisor has about a dozen of its own, callers of the admin port, and three for each worker. */
const SUPERVISOR_DESCRIPTORS = 48;
const DESCRIPTORS_PER_WORKER = 3;

/** @param nWorkers that serve; a reload has twice as many for a while, and one stands by */
export const supervisorDescriptors = (nWorkers: number): number =>
  SUPERVISOR_DESCRIPTORS + DESCRIPTORS_PER_WORKER * (2 * nWorkers + 1);

/** @throws AppError limit-system when the supervisor may not open enough descriptors to keep them */
export const checkWorkers = (nWorkers: number, descriptors = descriptorLimit()): void => {
  const needed = supervisorDescriptors(nWorkers);
  if (descriptors < needed)
    throw new AppError(
      'limit-system',
      `a process may open ${descriptors} descriptors here, ${needed} are needed to keep ${nWorkers} workers: raise the limit (ulimit -n), or set fewer (--workers)`,
    );
};

/**
 * The kernel deals connections out by a hash: one worker may get this much more than its share, or so many standard
 * deviations of what comes by chance, whatever is more.
 */
const UNEVEN = 1.05;
const DEVIATIONS = 5;

/** More processes than this cost more memory than their descriptors are worth. */
const maxWorkers = (processors: number): number => 2 * processors + 2;

/** One worker per whole processor granted, a few more when their descriptors would not do for `connections`. */
export const workersFor = (
  connections: number,
  processors = grantedProcessors(),
  descriptors = descriptorLimit(),
): number => {
  const wanted = wholeProcessors(processors);
  const most = maxWorkers(wanted);
  let nWorkers = wanted;
  while (nWorkers < most && connectionsFor(nWorkers, descriptors) < connections) nWorkers++;
  return nWorkers;
};

/** Connections that `nWorkers` can hold, whichever of them the kernel gives each to. */
export const connectionsFor = (nWorkers: number, descriptors = descriptorLimit()): number => {
  const each = Math.max(0, connectionLimit(descriptors));
  if (nWorkers === 1) return each;
  // The share s of which s + q sqrt(s) is what one can hold.
  const q = DEVIATIONS * Math.sqrt(1 - 1 / nWorkers);
  const byChance = ((Math.sqrt(q * q + 4 * each) - q) / 2) ** 2;
  return Math.floor(nWorkers * Math.min(each / UNEVEN, byChance));
};
