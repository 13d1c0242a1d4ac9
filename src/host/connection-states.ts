/**
 * Connection states: for each descriptor of a process, which of its connections it is and whether anything of that is in
 * the hands of the process. In memory that another process shares, and reads when the first was killed: of a connection at
 * rest nothing is lost with it, since whatever its caller has sent lies in the kernel.
 *
 *   a cell is a uint32: generation * 4 + KEPT + BUSY
 *
 * The generation tells a connection from the next that gets its descriptor. One writer.
 */
export type ConnectionStates = Uint32Array;

/** Connections with a larger descriptor have no state, and end with their process. */
export const STATES_LIMIT = 65_536;

/** The same memory as states, two for each number of 64 bits. */
export const viewStates = (cells: Float64Array): ConnectionStates =>
  new Uint32Array(cells.buffer, cells.byteOffset, 2 * cells.length);

/** Something of it was read that is not answered yet, or written that is not sent yet. */
const BUSY = 1;
/** Another process has a duplicate: to close the descriptor does not end the connection. */
const KEPT = 2;
const GENERATION = 4;

/** A connection has got this descriptor. */
export const noteOpen = (states: ConnectionStates, descriptor: number): void => {
  states[descriptor] = ((states[descriptor]! & -GENERATION) + GENERATION) >>> 0;
};

/** It is about to be read from: to be called before. @returns what to give to `noteNothing` if nothing came */
export const noteBusy = (states: ConnectionStates, descriptor: number): number => {
  const before = states[descriptor]!;
  states[descriptor] = before | BUSY;
  return before;
};

export const noteNothing = (states: ConnectionStates, descriptor: number, before: number): void => {
  states[descriptor] = before;
};

/** All that was read of it is answered, and the system has taken the answers. */
export const noteRest = (states: ConnectionStates, descriptor: number): void => {
  states[descriptor] = states[descriptor]! & ~BUSY;
};

export const noteKept = (states: ConnectionStates, descriptor: number): void => {
  states[descriptor] = states[descriptor]! | KEPT;
};

/** To be called before its descriptor is closed. @returns whether another process has a duplicate */
export const noteClosed = (states: ConnectionStates, descriptor: number): boolean => {
  const isKept = (states[descriptor]! & KEPT) !== 0;
  noteOpen(states, descriptor);
  return isKept;
};

export const isAtRest = (cell: number): boolean => (cell & BUSY) === 0;

/** Whether two states are of the same connection. */
export const isSame = (cell: number, other: number): boolean => (cell ^ other) >>> 2 === 0;
