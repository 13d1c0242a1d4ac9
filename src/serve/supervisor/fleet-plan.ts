/**
 * How many workers serve and how much memory each may hold, from what the container grants: processors, memory,
 * descriptors. Asked again while the service runs, since a container can be resized.
 */
import type { MemoryUse } from '../../host/memory-limit.ts';
import { connectionsFor, workersFor } from './worker-count.ts';

const MEGABYTE = 2 ** 20;

export interface Grant {
  readonly processors: number;
  readonly memoryBytes: number;
  readonly descriptors: number;
}

interface Wanted {
  readonly workers: 'auto' | number;
  /** Connections to be ready for. */
  readonly connections: number;
  /** How many were open at once so far. */
  readonly open: number;
  /** No worker may hold more, however much there is. */
  readonly memoryLimitMb: number;
  /** Size of the model's file. */
  readonly modelBytes: number;
}

export interface FleetPlan {
  readonly nWorkers: number;
  /** With more connections open than this there are to be more workers. */
  readonly growsAbove: number;
  /** What a worker may hold of its own. */
  readonly memoryLimitMb: number;
  /** A reload replaces one worker after the other has ended, since two generations have no room. */
  readonly isOneByOne: boolean;
  readonly connections: number;
  /** Sentences about what is less than asked for. */
  readonly notes: readonly string[];
}

/** Never planned with: page tables, socket buffers, whatever else runs in the container. */
const KEPT_SHARE = 0.1;
const SUPERVISOR_BYTES = 40 * MEGABYTE;
/** What a worker needs at least, beside its model: code, heap, requests in flight. */
const WORKER_BYTES = 40 * MEGABYTE;
/** Once it is read, checked and compiled, in sizes of its file. */
const MODEL_SIZES = 4;
/** The supervisor's copies of this model and the one before lie in memory. */
const COPIES = 2;
/** With so much for each, two generations of workers side by side are no risk. */
const ROOMY = 2.5;
/**
 * Another worker comes when this part of all connections that the workers could hold is open: tens of thousands may arrive
 * before it listens, and the kernel deals all that come later to its place, too.
 */
const GROW_SHARE = 0.03;

export const planFleet = (wanted: Wanted, grant: Grant): FleetPlan => {
  const fixedBytes = SUPERVISOR_BYTES + COPIES * wanted.modelBytes;
  const forWorkers = Math.max(0, grant.memoryBytes * (1 - KEPT_SHARE) - fixedBytes);
  const needBytes = WORKER_BYTES + MODEL_SIZES * wanted.modelBytes;
  // One more than serve: the standby, or the successor of one that is replaced.
  const byMemory = Math.max(1, Math.floor(forWorkers / needBytes) - 1);
  const workersOf = (connections: number): number =>
    wanted.workers === 'auto'
      ? Math.min(workersFor(connections, grant.processors, grant.descriptors), byMemory)
      : wanted.workers;
  const byProcessors = workersFor(0, grant.processors, grant.descriptors);
  const nMost = workersOf(wanted.connections);
  const nWorkers = workersOf(Math.min(wanted.connections, wanted.open / GROW_SHARE));
  const isOneByOne = forWorkers / (2 * nWorkers + 1) < ROOMY * needBytes;
  const eachBytes = forWorkers / (isOneByOne ? nWorkers + 1 : 2 * nWorkers + 1);
  const connections = connectionsFor(nMost, grant.descriptors);
  const notes: string[] = [];
  const mb = (bytes: number): string => `${Math.round(bytes / MEGABYTE)} MB`;
  if (wanted.workers === 'auto' && byMemory < byProcessors)
    notes.push(
      `memory allows ${byMemory} of ${byProcessors} workers: ${mb(grant.memoryBytes)} for all, ${mb(needBytes)} for each and one more`,
    );
  if (eachBytes < needBytes)
    notes.push(
      `memory is too little: ${mb(grant.memoryBytes)} for ${nWorkers === 1 ? 'a worker' : `${nWorkers} workers`} and one more, which need ${Math.ceil((fixedBytes + (nWorkers + 1) * needBytes) / (1 - KEPT_SHARE) / MEGABYTE)} MB`,
    );
  if (connections < wanted.connections)
    notes.push(
      `descriptors allow ${connections} connections of the ${wanted.connections} asked for: raise the limit (ulimit -n)`,
    );
  return {
    nWorkers,
    growsAbove:
      nWorkers < nMost
        ? connectionsFor(nWorkers, grant.descriptors) * GROW_SHARE
        : Number.POSITIVE_INFINITY,
    memoryLimitMb: Math.min(
      wanted.memoryLimitMb,
      Math.floor(Math.max(eachBytes, needBytes) / MEGABYTE),
    ),
    isOneByOne,
    connections,
    notes,
  };
};

/** Never filled on purpose: a little more than this, and the watchdog ends a worker before the kernel ends all of them. */
const FULL_SHARE = 0.92;

/** @returns why there is no room for `bytes` more; undefined where there is */
export const shortageOf = (bytes: number, use: MemoryUse | undefined): string | undefined => {
  if (use === undefined || use.usedBytes + bytes <= use.limitBytes * FULL_SHARE) return undefined;
  const mb = (n: number): string => `${Math.round(n / MEGABYTE)} MB`;
  return `memory is too little: ${mb(use.limitBytes)} for all, ${mb(use.usedBytes)} in use, ${mb(bytes)} more are needed`;
};

/** What a worker holds more with a larger model than with the one that serves; 0: none does. */
export const growthBytes = (servingBytes: number, nextBytes: number): number =>
  servingBytes > 0 ? MODEL_SIZES * Math.max(0, nextBytes - servingBytes) : 0;

/** What a worker takes at least while it reads, checks and compiles a model: measured from 22 to 67 MB. */
const LEAST_BYTES = 18 * MEGABYTE;
const LEAST_SIZES = 1.6;

/**
 * @param copyBytes of memory that a copy of the model is going to take
 * @returns why the kernel would end a start before its workers are ready; undefined where they have a chance
 */
export const startShortageOf = (
  {
    nWorkers,
    modelBytes,
    copyBytes = 0,
  }: { readonly nWorkers: number; readonly modelBytes: number; readonly copyBytes?: number },
  use: MemoryUse | undefined,
): string | undefined => {
  const eachBytes = LEAST_BYTES + LEAST_SIZES * modelBytes;
  if (use === undefined || use.usedBytes + copyBytes + nWorkers * eachBytes <= use.limitBytes)
    return undefined;
  const mb = (n: number): string => `${Math.round(n / MEGABYTE)} MB`;
  const workers = nWorkers === 1 ? 'a worker' : `each of ${nWorkers} workers`;
  const copy = copyBytes > 0 ? `a copy of it takes ${mb(copyBytes)}, ` : '';
  return `memory is too little for a model of ${mb(modelBytes)}: ${mb(use.limitBytes)} for all, ${mb(use.usedBytes)} in use, ${copy}${workers} needs ${mb(eachBytes)} or more; allow more memory, or serve a smaller model`;
};
