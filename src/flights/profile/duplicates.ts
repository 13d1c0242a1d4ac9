/**
 * Flights that are there more than once, found by hashes: exactly while they fit, and on a share of the flights, chosen
 * by their hash, where they do not.
 */

export interface Duplicates {
  /** Rows beyond the first of the same flight: airline, number, route, scheduled departure. */
  readonly rows: number;
  /** Rows whose aircraft leaves at that minute on that route under another number too. */
  readonly codeShares: number;
  /** Files that hold the very flights of another one. */
  readonly sameFiles: readonly (readonly [file: string, other: string])[];
  /** False where the figures are scaled up from a share of the flights. */
  readonly isExact: boolean;
}

/** Hashes that are looked at, at most. */
const MAX_HASHES = 1 << 20;

/** Memory of a hash while it is counted. */
const HASH_BYTES = 200;

/**
 * How many flights share a place in the sample: a power of two, 1 where every flight is looked at.
 * @param nRows about how many there are
 * @param memoryMb of the database, undefined where nothing bounds it
 */
export const sampleStride = (nRows: number, memoryMb: number | undefined): number => {
  const nFit =
    memoryMb === undefined ? MAX_HASHES : Math.min(MAX_HASHES, (memoryMb * 1e6) / 4 / HASH_BYTES);
  let stride = 1;
  while (nRows / stride > nFit) stride *= 2;
  return stride;
};

/** SQL for the hash of a flight in the sample, 0 for any other. */
export const sampledHash = (hash: string, stride: number, isKnown: string): string =>
  `CASE WHEN ${isKnown}${stride === 1 ? '' : ` AND ${hash} % ${stride} = 0`} THEN ${hash} ELSE 0 END`;
