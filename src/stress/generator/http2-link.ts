/**
 * One connection of HTTP/2: what is known of it, and the bytes that go out on it. Frames of one turn go out in one write.
 */
import type { Socket } from 'bun';
import { FRAME_LIMIT, USUAL_WINDOW } from './http2-frames.ts';

export interface Link {
  /** Which of the shard's connections it is. */
  readonly index: number;
  socket: Socket<number> | null;
  /** Whether the service has said its settings: from then on it is open. */
  isOpen: boolean;
  /** Whether it takes no more streams: its end was announced, or its numbers are used up. */
  isLeaving: boolean;
  nextId: number;
  /** Place of each open stream, by its number. */
  readonly places: Map<number, number>;
  /** Streams that the service takes at once. */
  maxStreams: number;
  frameLimit: number;
  /** Bytes of bodies that the service takes: of the connection, and at first of each stream. */
  window: number;
  firstWindow: number;
  /** Bytes of bodies that came since the last update of the window. */
  received: number;
  /** Begin of a frame that has not come whole. */
  rest: Uint8Array | null;
  /** Header block that goes on in the next frame, and whether the stream ends with it. */
  block: Uint8Array | null;
  endsWithBlock: boolean;
  out: Uint8Array;
  outLength: number;
  isDirty: boolean;
  /** Places whose body waits for a window. */
  readonly blocked: Set<number>;
}

const FIRST_OUT_BYTES = 4096;

export const buildLink = (index: number): Link => ({
  index,
  socket: null,
  isOpen: false,
  isLeaving: false,
  nextId: 1,
  places: new Map(),
  maxStreams: Number.POSITIVE_INFINITY,
  frameLimit: FRAME_LIMIT,
  window: USUAL_WINDOW,
  firstWindow: USUAL_WINDOW,
  received: 0,
  rest: null,
  block: null,
  endsWithBlock: false,
  out: new Uint8Array(FIRST_OUT_BYTES),
  outLength: 0,
  isDirty: false,
  blocked: new Set(),
});

/** As it was before it was opened; its memory is kept. */
export const resetLink = (link: Link): void => {
  const { places, blocked, out } = link;
  places.clear();
  blocked.clear();
  Object.assign(link, { ...buildLink(link.index), places, blocked, out });
};

export interface Output {
  /** Room for so many bytes at the end of what goes out. @returns where they begin */
  readonly reserve: (link: Link, nBytes: number) => number;
  /** Bytes at the end of what goes out. @returns where they begin */
  readonly push: (link: Link, bytes: Uint8Array) => number;
  /** Writes what the kernel takes of it. */
  readonly write: (link: Link) => void;
}

/** What goes out on all connections of a shard: written when the turn is over. */
export const buildOutput = (): Output => {
  const dirty: Link[] = [];

  const write: Output['write'] = (link) => {
    if (link.socket === null || link.outLength === 0) return;
    const written = link.socket.write(link.out.subarray(0, link.outLength));
    if (written <= 0) return;
    link.out.copyWithin(0, written, link.outLength);
    link.outLength -= written;
  };

  const flush = (): void => {
    for (const link of dirty.splice(0)) {
      link.isDirty = false;
      write(link);
    }
  };

  const reserve: Output['reserve'] = (link, nBytes) => {
    const at = link.outLength;
    link.outLength += nBytes;
    if (link.outLength > link.out.length) {
      const larger = new Uint8Array(2 * link.outLength);
      larger.set(link.out.subarray(0, at));
      link.out = larger;
    }
    if (!link.isDirty) {
      link.isDirty = true;
      if (dirty.push(link) === 1) queueMicrotask(flush);
    }
    return at;
  };

  return {
    reserve,
    push: (link, bytes) => {
      const at = reserve(link, bytes.length);
      link.out.set(bytes, at);
      return at;
    },
    write,
  };
};
