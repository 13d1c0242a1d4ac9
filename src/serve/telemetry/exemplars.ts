/**
 * Exemplars: the last sampled requests of a worker, which lead from a bucket of a histogram to a trace. A ring in the
 * shared counters, one writer and many readers; each place is
 *
 *   key of its series (0: none, or being written) | seconds | ms since 1970 | trace, 4 x 32 bits | span, 2 x 32 bits
 */
import { EXEMPLAR_CELLS, EXEMPLAR_PLACES } from './shared-counters.ts';

export interface Exemplar {
  /** Of its series, see `keyOf`. */
  readonly key: number;
  readonly seconds: number;
  readonly atMs: number;
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
}

const IDS_AT = 3;
const TRACE_WORDS = 4;
const ID_WORDS = 6;
const WORD_DIGITS = 8;

/** @param cells float64, shape (EXEMPLAR_PLACES * EXEMPLAR_CELLS) */
export const buildExemplarWriter = (cells: Float64Array): ((exemplar: Exemplar) => void) => {
  let n = 0;
  return ({ key, seconds, atMs, traceId, spanId }) => {
    const at = (n++ % EXEMPLAR_PLACES) * EXEMPLAR_CELLS;
    const ids = traceId + spanId;
    cells[at] = 0;
    cells[at + 1] = seconds;
    cells[at + 2] = atMs;
    for (let word = 0; word < ID_WORDS; word++)
      cells[at + IDS_AT + word] = Number.parseInt(
        ids.slice(word * WORD_DIGITS, (word + 1) * WORD_DIGITS),
        16,
      );
    cells[at] = key;
  };
};

export const readExemplars = (cells: Float64Array): readonly Exemplar[] => {
  const found: Exemplar[] = [];
  for (let at = 0; at < cells.length; at += EXEMPLAR_CELLS) {
    const key = cells[at]!;
    if (key === 0) continue;
    const copy = cells.slice(at, at + EXEMPLAR_CELLS);
    const words = [...copy.subarray(IDS_AT)].map((word) =>
      word.toString(16).padStart(WORD_DIGITS, '0'),
    );
    // It was taken for another request meanwhile.
    if (cells[at] !== key) continue;
    found.push({
      key,
      seconds: copy[1]!,
      atMs: copy[2]!,
      traceId: words.slice(0, TRACE_WORDS).join(''),
      spanId: words.slice(TRACE_WORDS).join(''),
    });
  }
  return found;
};

/**
 * For each bucket of a histogram the newest exemplar whose value lies in it; none for a bucket that counted nothing.
 * @param bounds upper bounds, the last bucket lies above them
 * @param cells sum, then a count per bucket
 */
export const exemplarsByBucket = (
  bounds: readonly number[],
  cells: Float64Array,
  exemplars: readonly Exemplar[],
): readonly (Exemplar | undefined)[] => {
  const byBucket = new Array<Exemplar | undefined>(bounds.length + 1).fill(undefined);
  for (const exemplar of exemplars) {
    const above = bounds.findIndex((bound) => exemplar.seconds <= bound);
    const bucket = above < 0 ? bounds.length : above;
    if (cells[1 + bucket]! > 0) byBucket[bucket] = exemplar;
  }
  return byBucket;
};
