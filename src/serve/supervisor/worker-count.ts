/**
 * How many workers serve, from the processors and the descriptors that the machine grants.
 */
import { AppError } from '../../core/errors.ts';
import { descriptorLimit } from '../../host/descriptors.ts';
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

/** Descriptors that a worker needs beside its connections. */
const OWN_DESCRIPTORS = 256;
/** The kernel deals connections out by a hash: one worker may get this much more than its share. */
const UNEVEN = 1.05;

/** More processes than this cost more memory than their descriptors are worth. */
const maxWorkers = (processors: number): number => 2 * processors + 2;

/** One worker per whole processor granted, a few more when their descriptors would not do for `connections`. */
export const workersFor = (
  connections: number,
  processors = grantedProcessors(),
  descriptors = descriptorLimit(),
): number => {
  const wanted = wholeProcessors(processors);
  const needed = Math.ceil((connections * UNEVEN) / connectionsEach(descriptors));
  return Math.max(wanted, Math.min(needed, maxWorkers(wanted)));
};

/** Connections that `nWorkers` can hold. */
export const connectionsFor = (nWorkers: number, descriptors = descriptorLimit()): number =>
  Math.floor((nWorkers * connectionsEach(descriptors)) / UNEVEN);

const connectionsEach = (descriptors: number): number => Math.max(1, descriptors - OWN_DESCRIPTORS);
