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

interface Blocks {
  /** At least so many bytes, which hold anything. */
  readonly take: (nBytes: number) => Bytes;
  /** The block in which the bytes lie; bytes in none are left alone, and so is one that was given back already. */
  readonly give: (bytes: Uint8Array) => void;
}

export const buildBlocks = (keptBytes = KEPT_BYTES): Blocks => {
  /** By how many steps they have. */
  const free: Bytes[][] = Array.from({ length: LARGEST_BYTES / STEP_BYTES + 1 }, () => []);
  const lent = new WeakSet<ArrayBufferLike>();
  let nFree = 0;

  const find = (nSteps: number): Bytes | undefined => {
    const found = free[nSteps]!.pop();
    nFree -= found?.length ?? 0;
    return found;
  };

  return {
    take: (nBytes) => {
      if (nBytes < STEP_BYTES || nBytes > LARGEST_BYTES) return allocate(nBytes);
      const nSteps = Math.ceil(nBytes / STEP_BYTES);
      const block = find(nSteps) ?? allocate(nSteps * STEP_BYTES);
      lent.add(block.buffer);
      return block;
    },
    give: ({ buffer }) => {
      if (!lent.delete(buffer) || nFree + buffer.byteLength > keptBytes) return;
      nFree += buffer.byteLength;
      free[buffer.byteLength / STEP_BYTES]!.push(new Uint8Array(buffer as ArrayBuffer));
    },
  };
};

const allocate = (nBytes: number): Bytes =>
  new Uint8Array(Buffer.allocUnsafeSlow(nBytes).buffer, 0, nBytes);

/** Of this process. */
export const blocks = buildBlocks();
