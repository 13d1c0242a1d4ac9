/**
 * The body of one request while it comes: taken out of its framing, kept until it is asked for, then handed over whole
 * or part by part, with backpressure.
 */
import { AppError } from '../core/errors.ts';
import { blocks, STEP_BYTES } from '../host/blocks.ts';
import type { DecidedBy } from './call.ts';
import { type Chunks, createChunks, isEnd, readChunks } from './chunked-body.ts';
import { DROPPED_LIMIT_BYTES, LINGER_BYTES, LOOKS_BYTES } from './limits.ts';
import { parseErrorOf } from './parse-errors.ts';
import { owned } from './slab.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export interface RequestBody {
  /**
   * Takes what of `bytes[at .. end)` belongs to the body.
   * @returns the place behind it; -1 once the body has failed: broken frames, or more than is taken
   */
  readonly push: (bytes: Bytes, at: number, end: number) => number;
  readonly isWhole: () => boolean;
  /** Bytes of it that have come, frames included. */
  readonly nCome: () => number;
  /** Drops what has not come yet: few bytes, so that the connection need not end for them. @returns whether it does */
  readonly drop: () => boolean;
  /**
   * Reads what has not come yet, of so many bytes at most, for nobody, even if the body has failed meanwhile.
   * @returns a promise that is settled when all of it has come, or none of it will be read any more
   */
  readonly passOver: (mostBytes: number) => Promise<void>;
  /** Whether what comes is for nobody. */
  readonly isDropped: () => boolean;
  /** Whether more bytes would only pile up. */
  readonly isFull: () => boolean;
  /** Whether the handler takes the body part by part. */
  readonly isStream: () => boolean;
  /** Whether bytes have come since the last answer to a part. */
  readonly isOwing: () => boolean;
  /** An answer to what came so far has been written. */
  readonly onAnswered: () => void;
  /** Bytes of memory that it keeps, those of parts included whose answer is not written yet. */
  readonly nHeldBytes: () => number;
  /** No more will come; what came is dropped, unless it is taken part by part. */
  readonly fail: (error: AppError) => void;
  readonly bytes: (limitBytes: number, decidedBy?: DecidedBy) => Bytes | Promise<Bytes>;
  readonly parts: () => AsyncIterableIterator<Bytes>;
}

export const NOTHING: Bytes = new Uint8Array(0);

export const tooLarge = (limitBytes: number): AppError =>
  new AppError('body-too-large', `the body is larger than ${limitBytes} bytes`);

/** Memory is taken as the body comes, not as its length promises. */
const FIRST_BYTES = LOOKS_BYTES[0];

/** Once a quarter of it may have come the rest is made room for at once: what is copied from piece to piece is garbage. */
const nextSize = (bytes: number, most: number): number => {
  if (bytes < FIRST_BYTES) return FIRST_BYTES;
  return most <= 4 * bytes ? most : 2 * bytes;
};

/**
 * @param length of the body, -1 when it comes in chunks
 * @param onWanted called whenever the handler waits for more
 */
export const createRequestBody = (length: number, onWanted: () => void): RequestBody => {
  const chunks: Chunks | undefined = length < 0 ? createChunks() : undefined;
  let toCome = length;
  let mode: 'unasked' | 'whole' | 'parts' | 'dropped' = 'unasked';
  let failure: AppError | undefined;
  /** It failed in a way after which nobody knows where it ends. */
  let isBroken = false;
  /** What has come and was not handed over. */
  let held: Bytes = NOTHING;
  let nHeld = 0;
  let limit = 0;
  let decidedBy: DecidedBy | undefined;
  /** Of it that come before the next look. */
  let nextLook = 0;
  /** What decides is all that is held, and so much has come beside it. */
  let isDecided = false;
  let nPassed = 0;
  let nCome = 0;
  let owing = false;
  let nDropped = 0;
  let droppedLimit = DROPPED_LIMIT_BYTES;
  /** Handed over, and not answered yet. */
  let nOwed = 0;
  let nLastPart = 0;
  let waiting: { resolve: () => void; reject: (error: AppError) => void } | undefined;

  const isWhole = (): boolean => failure === undefined && (chunks ? isEnd(chunks) : toCome === 0);
  const wake = (): void => {
    const woken = waiting;
    waiting = undefined;
    if (failure) woken?.reject(failure);
    else woken?.resolve();
  };
  const wait = (): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    waiting = { resolve, reject };
    onWanted();
    return promise;
  };
  const forget = (): void => {
    blocks.give(held);
    held = NOTHING;
    nHeld = 0;
    nOwed = 0;
    nLastPart = 0;
  };
  const fail = (error: AppError): void => {
    failure ??= error;
    // Parts that came before are still good.
    if (mode !== 'parts') forget();
    wake();
  };
  const breakOff = (error: AppError): void => {
    isBroken = true;
    fail(error);
  };

  /** Of the body are `bytes[from .. to)`. */
  const keep = (bytes: Bytes, from: number, to: number): void => {
    const n = to - from;
    if (mode === 'dropped') {
      nDropped += n;
      if (nDropped > droppedLimit) breakOff(tooLarge(droppedLimit));
      return;
    }
    if (nHeld === 0 && (mode !== 'whole' || isWhole())) {
      // It may be refused before it is asked for.
      if (mode === 'unasked' && n >= STEP_BYTES && !isWhole()) put(bytes, from, to, n);
      else {
        held = owned(bytes, from, to);
        nHeld = n;
      }
      return;
    }
    if (mode === 'whole' && nHeld + nPassed + n > limit) {
      breakOff(tooLarge(limit));
      return;
    }
    if (isDecided) {
      nPassed += n;
      return;
    }
    const look = LOOKS_BYTES[nextLook];
    if (decidedBy && look !== undefined && nHeld + n >= look) {
      const lookedAt = from + Math.max(0, look - nHeld);
      put(bytes, from, lookedAt);
      decide(decidedBy(held.subarray(0, look)));
      nextLook++;
      keep(bytes, lookedAt, to);
    } else put(bytes, from, to);
  };
  const decide = (part: Bytes | undefined): void => {
    if (part === undefined) return;
    isDecided = true;
    nPassed = nHeld - part.length;
    if (part.buffer !== held.buffer) blocks.give(held);
    held = part;
    nHeld = part.length;
  };
  const roomFor = (nBytes: number): number => {
    const most = length >= 0 ? length : limit;
    return Math.max(Math.min(nextSize(held.length, most), most), nBytes);
  };
  const put = (bytes: Bytes, from: number, to: number, room?: number): void => {
    const n = to - from;
    if (nHeld + n > held.length) {
      const larger = blocks.take(room ?? roomFor(nHeld + n));
      larger.set(held.subarray(0, nHeld));
      blocks.give(held);
      held = larger;
    }
    held.set(bytes.subarray(from, to), nHeld);
    nHeld += n;
  };
  const take = (): Bytes => {
    const taken = nHeld === held.length ? held : held.subarray(0, nHeld);
    nOwed += held.length;
    nLastPart = held.length;
    held = NOTHING;
    nHeld = 0;
    return taken;
  };

  const whole = async (): Promise<Bytes> => {
    while (!isWhole()) {
      // It may have failed since it was whole, too.
      if (failure) throw failure;
      await wait();
    }
    return take();
  };

  const nextPart = async (): Promise<IteratorResult<Bytes, undefined>> => {
    for (;;) {
      if (nHeld > 0) {
        const value = take();
        onWanted();
        return { done: false, value };
      }
      if (failure) throw failure;
      if (isWhole() || mode === 'dropped') return { done: true, value: undefined };
      await wait();
    }
  };

  return {
    push: (bytes, at, end) => {
      let to: number;
      let next: number;
      if (chunks) {
        next = readChunks(chunks, bytes, at, end);
        if (next < 0) {
          breakOff(parseErrorOf('chunk-broken'));
          return -1;
        }
        to = chunks.dataEnd;
      } else {
        next = Math.min(end, at + toCome);
        to = next;
        toCome -= next - at;
      }
      if (next > at) {
        nCome += next - at;
        owing = true;
      }
      if (to > at) keep(bytes, at, to);
      if (mode === 'parts' || isWhole() || failure) wake();
      return failure ? -1 : next;
    },
    isWhole,
    nCome: () => nCome,
    drop: () => {
      if (failure || toCome > DROPPED_LIMIT_BYTES) return false;
      mode = 'dropped';
      forget();
      return true;
    },
    passOver: async (mostBytes) => {
      mode = 'dropped';
      droppedLimit = mostBytes;
      forget();
      // Whoever still waits for a part gets none any more.
      wake();
      if (isBroken || toCome > mostBytes) return;
      failure = undefined;
      if (isWhole()) return;
      try {
        await wait();
      } catch {
        // Whether all has come, `isWhole` tells.
      }
    },
    isDropped: () => mode === 'dropped',
    isFull: () => failure !== undefined || (nHeld > 0 && mode !== 'whole'),
    isStream: () => mode === 'parts',
    isOwing: () => owing,
    onAnswered: () => {
      owing = false;
      // The end of the last part may be the beginning of a line that is not answered yet.
      nOwed = nLastPart;
    },
    nHeldBytes: () => held.length + nOwed,
    fail,
    bytes: (limitBytes, asked) => {
      if (length > limitBytes || nHeld > limitBytes) throw tooLarge(limitBytes);
      if (failure) throw failure;
      if (isWhole()) return take();
      mode = 'whole';
      limit = limitBytes;
      decidedBy = asked;
      return whole();
    },
    parts: () => {
      mode = 'parts';
      const iterator: AsyncIterableIterator<Bytes> = {
        [Symbol.asyncIterator]: () => iterator,
        next: nextPart,
        return: async () => {
          mode = 'dropped';
          // Until the answer has come to its end as well.
          droppedLimit = LINGER_BYTES;
          forget();
          return { done: true, value: undefined };
        },
      };
      return iterator;
    },
  };
};
