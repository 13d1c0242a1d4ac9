/**
 * The slab: where the bytes lie that connections have received in this turn of the event loop, one piece behind the other.
 * The next turn writes over them, so that nothing is allocated for a request. Whoever needs bytes for longer (a request
 * that waits for its answer, a body that is still coming, requests behind them) takes `owned` ones.
 *
 * Behind every piece stands a zero, which ends whatever might read on: no caller's bytes are read as another's.
 */

export const SLAB_BYTES = 512 * 1024;
export const SLAB: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(SLAB_BYTES);

/** `bytes[from .. to)` as bytes that stay: a copy of what lies in the slab, else a view. */
export const owned = <Bytes extends Uint8Array<ArrayBuffer>>(
  bytes: Bytes,
  from: number,
  to: number,
): Bytes => {
  if (bytes.buffer !== SLAB.buffer)
    return from === 0 && to === bytes.length ? bytes : (bytes.subarray(from, to) as Bytes);
  const copy = Buffer.allocUnsafeSlow(to - from);
  copy.set(bytes.subarray(from, to));
  return copy as unknown as Bytes;
};
