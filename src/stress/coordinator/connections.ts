/**
 * The plan of connections: how many shards, from descriptors, ports and processors; or which limit forbids it.
 */
import { readFileSync } from 'node:fs';
import { AppError } from '../../core/errors.ts';
import { descriptorLimit } from '../../host/descriptors.ts';
import { wholeProcessors } from '../../host/processors.ts';
import type { Target } from '../target/target.ts';

interface MachineLimits {
  /** Open files that one process may have. */
  readonly descriptors: number;
  /** Local ports for each address of the service. */
  readonly ports: number;
  readonly cores: number;
}

export interface ConnectionPlan {
  readonly nConnections: number;
  readonly nShards: number;
  /** Connections of each shard. */
  readonly perShard: readonly number[];
  readonly sentence: string;
}

/** Descriptors that a shard needs for itself: files, pipes, the event loop. */
const OWN_DESCRIPTORS = 500;
const MAX_PER_SHARD = 16_000;
/** Written where there is no limit: a number that a run file can hold. */
const MAX_DESCRIPTORS = 1_000_000;

export const readLimits = (): MachineLimits => ({
  descriptors: Math.min(MAX_DESCRIPTORS, descriptorLimit()),
  ports: readPorts(),
  cores: wholeProcessors(),
});

const readPorts = (): number => {
  try {
    const [low = 32_768, high = 60_999] = readFileSync(
      '/proc/sys/net/ipv4/ip_local_port_range',
      'latin1',
    )
      .trim()
      .split(/\s+/)
      .map(Number);
    return high - low + 1;
  } catch {
    return 16_384;
  }
};

/**
 * @param nShardsAsked undefined: as few as the limits allow beside a local service, one per core otherwise
 * @throws AppError limit-system, which says the limit that is too low
 */
export const planConnections = (
  nConnections: number,
  target: Pick<Target, 'addresses' | 'isLoopback' | 'socketPath'>,
  limits: MachineLimits,
  nShardsAsked?: number,
): ConnectionPlan => {
  const perProcess = Math.min(MAX_PER_SHARD, limits.descriptors - OWN_DESCRIPTORS);
  if (perProcess < 1) {
    throw new AppError(
      'limit-system',
      `A process may open ${limits.descriptors} files here, ${OWN_DESCRIPTORS} are needed for itself: raise 'ulimit -n'.`,
    );
  }
  const ports = limits.ports * target.addresses.length;
  if (nConnections > ports && target.socketPath === null) {
    throw new AppError(
      'limit-system',
      `${nConnections} connections do not fit: ${counted(target.addresses.length, 'address', 'addresses')} of the service x ${limits.ports} local ports allow ${ports}. A service on this machine offers more when it listens on 0.0.0.0 (127.0.0.1 to 127.0.0.4 are used).`,
    );
  }
  const needed = Math.max(1, Math.ceil(nConnections / perProcess));
  const usual = target.isLoopback ? Math.max(1, Math.floor(limits.cores / 2)) : limits.cores;
  const nShards = Math.min(
    Math.max(needed, nShardsAsked ?? Math.min(usual, Math.ceil(nConnections / 8))),
    Math.max(1, nConnections),
  );
  const perShard = Array.from(
    { length: nShards },
    (_, i) => Math.floor(nConnections / nShards) + (i < nConnections % nShards ? 1 : 0),
  );
  return {
    nConnections,
    nShards,
    perShard,
    sentence: `${counted(nConnections, 'connection')} in ${nShards === 1 ? 'one process' : `${nShards} processes of at most ${perShard[0]}`} (limit ${perProcess} of ${limits.descriptors} descriptors), ${target.socketPath === null ? `over ${target.addresses.length === 1 ? `one address with ${limits.ports} ports` : `${target.addresses.length} addresses with ${limits.ports} ports each`}` : `over the socket ${target.socketPath}`}, on ${limits.cores} cores`,
  };
};

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;
