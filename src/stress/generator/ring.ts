/**
 * First-in-first-out rings on flat arrays: which sockets are free, and which planned times wait.
 */

export interface SocketRing {
  readonly size: number;
  /** Adds a socket; one that is in the ring already keeps its older place. */
  readonly push: (socket: number) => void;
  /** Takes the socket that has been free longest, -1 when there is none. */
  readonly shift: () => number;
}

/** @param nSockets every socket fits at once */
export const buildSocketRing = (nSockets: number): SocketRing => {
  const mask = powerOfTwo(nSockets) - 1;
  const slots = new Int32Array(mask + 1);
  const isIn = new Uint8Array(nSockets);
  let head = 0;
  let size = 0;
  return {
    get size() {
      return size;
    },
    push: (socket) => {
      if (isIn[socket] === 1) return;
      isIn[socket] = 1;
      slots[(head + size) & mask] = socket;
      size++;
    },
    shift: () => {
      if (size === 0) return -1;
      const socket = slots[head]!;
      head = (head + 1) & mask;
      size--;
      isIn[socket] = 0;
      return socket;
    },
  };
};

export interface NumberRing {
  readonly size: number;
  readonly push: (value: number) => void;
  readonly peek: () => number;
  readonly shift: () => number;
}

/** @param capacity how many values fit; the caller asks `size` before it pushes */
export const buildNumberRing = (capacity: number): NumberRing => {
  const mask = powerOfTwo(capacity) - 1;
  const slots = new Float64Array(mask + 1);
  let head = 0;
  let size = 0;
  return {
    get size() {
      return size;
    },
    push: (value) => {
      slots[(head + size) & mask] = value;
      size++;
    },
    peek: () => slots[head]!,
    shift: () => {
      const value = slots[head]!;
      head = (head + 1) & mask;
      size--;
      return value;
    },
  };
};

const powerOfTwo = (minimum: number): number => 2 ** Math.ceil(Math.log2(Math.max(2, minimum)));
