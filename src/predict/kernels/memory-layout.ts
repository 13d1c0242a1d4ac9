/**
 * Where things lie in a compiled predictor's memory.
 */

export interface MemoryLayout {
  /** Reserves bytes, aligned to a cache line, and says where; `fill` runs when the memory is there. */
  readonly take: (nBytes: number, fill?: (memory: ArrayBuffer, at: number) => void) => number;
  /** The memory with everything filled in. */
  readonly build: () => WebAssembly.Memory;
}

const PAGE_BYTES = 65_536;
const LINE_BYTES = 64;

export const buildMemoryLayout = (): MemoryLayout => {
  const fills: ((memory: ArrayBuffer) => void)[] = [];
  let end = LINE_BYTES;
  return {
    take: (nBytes, fill) => {
      const at = end;
      end += Math.ceil(nBytes / LINE_BYTES) * LINE_BYTES;
      if (fill) fills.push((memory) => fill(memory, at));
      return at;
    },
    build: () => {
      // The kernels may read a few bytes past an array's end.
      const memory = new WebAssembly.Memory({ initial: Math.ceil((end + 64) / PAGE_BYTES) });
      for (const fill of fills) fill(memory.buffer);
      return memory;
    },
  };
};
