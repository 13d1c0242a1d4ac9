/**
 * Blocks of memory for what is kept longer than a turn of the event loop: bodies that come in pieces, answers that are
 * made in parts. Whoever is done with one gives it back, and it is taken again: what is left to the runtime's collector
 * instead makes it look through the whole heap again and again, and all callers wait for that.
 *
 * Only who knows that nobody reads it any more gives a block back. One that is not given back is collected like all else.
 */

type Bytes = Uint8Array<ArrayBuffer>;

/** Sizes are multiples of this; what is smaller is no block. */
export const STEP_BYTES = 16 * 1024;
const LARGEST_BYTES = 1024 * 1024;
/** So much waits to be taken at most. */
const KEPT_BYTES = 4 * 1024 * 1024;
/** A block may be so much larger than what is asked for. */
const SPARE_SHARE = 0.25;

interface Blocks {
  /** At least so many bytes, which hold anything. */
  readonly take: (nBytes: number) => Bytes;
  /** The block in which the bytes lie; bytes in none are left alone, and so is one that was given back already. */
  readonly give: (bytes: Uint8Array) => void;
}

export const buildBlocks = (keptBytes = KEPT_BYTES): Blocks => {
  /** In the order in which they were given back. */
  const free: Bytes[] = [];
  const lent = new WeakSet<ArrayBufferLike>();
  let nFree = 0;

  /** The smallest that fits, of these the last that was given back: it is the likeliest to lie in a cache. */
  const find = (nBytes: number): Bytes | undefined => {
    let best = -1;
    let bestBytes = nBytes * (1 + SPARE_SHARE) + 1;
    for (let i = free.length - 1; i >= 0; i--) {
      const { length } = free[i]!;
      if (length < nBytes || length >= bestBytes) continue;
      best = i;
      bestBytes = length;
      if (length === nBytes) break;
    }
    return best < 0 ? undefined : removed(best);
  };

  const removed = (i: number): Bytes => {
    const [block] = free.splice(i, 1);
    nFree -= block!.length;
    return block!;
  };

  return {
    take: (nBytes) => {
      if (nBytes < STEP_BYTES || nBytes > LARGEST_BYTES) return allocate(nBytes);
      const wholeBytes = Math.ceil(nBytes / STEP_BYTES) * STEP_BYTES;
      const block = find(wholeBytes) ?? allocate(wholeBytes);
      lent.add(block.buffer);
      return block;
    },
    give: ({ buffer }) => {
      if (!lent.delete(buffer)) return;
      nFree += buffer.byteLength;
      free.push(new Uint8Array(buffer as ArrayBuffer));
      // Callers' sizes change: one that nobody has taken for long gives way.
      while (nFree > keptBytes) removed(0);
    },
  };
};

const allocate = (nBytes: number): Bytes =>
  new Uint8Array(Buffer.allocUnsafeSlow(nBytes).buffer, 0, nBytes);

/** Of this process. */
export const blocks = buildBlocks();
