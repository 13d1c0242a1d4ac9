/**
 * The bytes that a packed file unpacks to, as they grow, up to the limits of whoever asked: a decompression bomb ends
 * there. Where they are drained, only a window of them is held, and files larger than memory pass through.
 */

/** What unpacking may cost. */
export interface OutputLimits {
  readonly maxBytes: number;
  /** A step is about as much as one bit of LZMA: some 10 ns. */
  readonly maxSteps: number;
  readonly tooLarge: () => Error;
  readonly tooSlow: () => Error;
  /** Takes bytes that are done; without it all are kept. They are only good during the call. */
  readonly drain?: (bytes: Uint8Array) => void;
}

export interface BoundedOutput {
  readonly limits: OutputLimits;
  /** Room; `length` bytes of it are filled. */
  bytes: Uint8Array;
  length: number;
  /** Bytes that were drained. */
  nDrained: number;
  nSteps: number;
}

export const startOutput = (limits: OutputLimits): BoundedOutput => ({
  limits,
  bytes: new Uint8Array(1 << 16),
  length: 0,
  nDrained: 0,
  nSteps: 0,
});

/** Makes room for as many bytes more. @throws what the limits say past them */
export const reserve = (output: BoundedOutput, nBytes: number): Uint8Array => {
  const needed = output.length + nBytes;
  const { maxBytes, tooLarge } = output.limits;
  if (output.nDrained + needed > maxBytes) throw tooLarge();
  if (needed > output.bytes.length) {
    const room = Math.min(maxBytes, Math.max(needed, output.bytes.length * 2));
    const grown = new Uint8Array(room);
    grown.set(output.bytes.subarray(0, output.length));
    output.bytes = grown;
  }
  return output.bytes;
};

export const append = (output: BoundedOutput, bytes: Uint8Array): void => {
  reserve(output, bytes.length).set(bytes, output.length);
  output.length += bytes.length;
};

/**
 * Repeats bytes that were unpacked before; they may overlap with what is written.
 * The caller has checked that `distance` bytes are there.
 */
export const repeat = (output: BoundedOutput, distance: number, nBytes: number): void => {
  const bytes = reserve(output, nBytes);
  const to = output.length;
  if (distance >= nBytes) bytes.copyWithin(to, to - distance, to - distance + nBytes);
  else for (let i = to; i < to + nBytes; i++) bytes[i] = bytes[i - distance]!;
  output.length = to + nBytes;
};

/** Drains, where bytes are drained at all, all but the last `nKept` bytes. Returns how many places the rest moved down. */
export const drainTo = (output: BoundedOutput, nKept: number): number => {
  const nDone = output.length - nKept;
  const { drain } = output.limits;
  if (drain === undefined || nDone <= 0) return 0;
  drain(output.bytes.subarray(0, nDone));
  output.bytes.copyWithin(0, nDone, output.length);
  output.length = nKept;
  output.nDrained += nDone;
  return nDone;
};

/** Counts work: a small file can unpack to little, and slowly. @throws what the limits say past them */
export const spend = (output: BoundedOutput, nSteps: number): void => {
  output.nSteps += nSteps;
  if (output.nSteps > output.limits.maxSteps) throw output.limits.tooSlow();
};

/** What is thrown for bytes that no packer wrote. */
export const damaged = (detail: string): RangeError => new RangeError(detail);
