/**
 * A large answer in parts: what writes itself into them lies in blocks of memory from the start, so that no text is made
 * of it. Who has sent a part gives it back.
 */
import { blocks } from '../../host/blocks.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** Few parts, and none that takes long to make or to send. */
const PART_BYTES = 64 * 1024;

interface AnswerParts {
  /** Has `write` put something behind the rest, of `mostBytes` at most; it returns the place behind what it wrote. */
  readonly add: (mostBytes: number, write: (into: Uint8Array, at: number) => number) => void;
  readonly addText: (text: string) => void;
  /** All parts; nothing can be added any more. */
  readonly end: () => readonly Bytes[];
  /** Gives back all of it: it will not be sent. */
  readonly drop: () => void;
}

export const createAnswerParts = (): AnswerParts => {
  const parts: Bytes[] = [];
  let part: Bytes = blocks.take(PART_BYTES);
  let used = 0;
  const close = (): void => {
    if (used > 0) parts.push(part.subarray(0, used));
    else blocks.give(part);
  };
  const add: AnswerParts['add'] = (mostBytes, write) => {
    if (used + mostBytes > part.length) {
      const next = blocks.take(Math.max(PART_BYTES, mostBytes));
      close();
      part = next;
      used = 0;
    }
    used = write(part, used);
  };
  return {
    add,
    addText: (text) => {
      const bytes = Buffer.from(text);
      add(bytes.length, (into, at) => {
        into.set(bytes, at);
        return at + bytes.length;
      });
    },
    end: () => {
      close();
      return parts;
    },
    drop: () => {
      for (const one of [...parts, part]) blocks.give(one);
    },
  };
};
