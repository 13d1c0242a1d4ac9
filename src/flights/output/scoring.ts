/**
 * How `scan` has rows scored: blocks that are begun, and finished later, so that several can be under way at once.
 */
import { CHUNK_ROWS } from '../reading/vectors.ts';

/**
 * The largest number of threads of the database, each with a block under way. Text takes longer to read than to score: while one
 * thread waits for its answers, another reads in its stead.
 */
export const maxBlocks = (nThreads: number): number => (nThreads > 1 ? nThreads + 1 : 1);

/** Memory of a block, used again and again. */
export interface Block {
  /** float64, shape (CHUNK_ROWS, nInputs), row-major: the caller fills the first rows. */
  readonly raw: Float64Array;
  /** float64, shape (nOutputs, CHUNK_ROWS), output by output: answers of the first rows once finished, NaN for a missing value. */
  readonly out: Float64Array;
}

export interface Scoring {
  /** Memory for one more block; there are never more than `maxBlocks`. */
  readonly buildBlock: () => Block;
  /** Rows of a block are filled and may be scored from now on. */
  readonly begin: (block: Block, nRows: number) => void;
  /** Returns once a block that was begun has its answers. */
  readonly finish: (block: Block) => void;
}

/** Answers rows: `raw` float64, shape (nRows, nInputs), row-major; fills the first rows of `out`, laid out as a block's. */
export type Score = (raw: Float64Array, nRows: number, out: Float64Array) => void;

/** Scoring on the caller's thread, at once. */
export const scoreHere = (nInputs: number, nOutputs: number, score: Score): Scoring => ({
  buildBlock: () => ({
    raw: new Float64Array(CHUNK_ROWS * nInputs),
    out: new Float64Array(CHUNK_ROWS * nOutputs),
  }),
  begin: ({ raw, out }, nRows) => score(raw.subarray(0, nRows * nInputs), nRows, out),
  finish: () => undefined,
});
