/**
 * Blocks of rows in shared memory, each with a state, for threads that score them.
 */
import type { Block, Score } from '../flights/output/scoring.ts';
import { CHUNK_ROWS } from '../flights/reading/vectors.ts';

/** What all threads share. */
export interface SlotMemory {
  readonly nSlots: number;
  readonly nInputs: number;
  readonly nOutputs: number;
  readonly control: SharedArrayBuffer;
  readonly blocks: SharedArrayBuffer;
}

export interface Slot {
  readonly block: Block;
  /** Offers the block's first rows to whoever comes first. */
  readonly offer: (nRows: number) => void;
  /** Scores the block unless another thread has taken it; says whether it did. */
  readonly tryScore: (score: Score) => boolean;
  /** Whether another thread has taken the block and is not done. */
  readonly isTaken: () => boolean;
  /** Returns once the block is scored. @throws Error when its thread failed */
  readonly wait: () => void;
}

interface Slots {
  readonly slots: readonly Slot[];
  /** Scores what is offered until `close`; sleeps while nothing is. */
  readonly serve: (score: Score) => void;
  readonly close: () => void;
}

const FREE = 0;
const OFFERED = 1;
const TAKEN = 2;
const DONE = 3;
const FAILED = 4;

/** Control words: how often something was offered, whether all is over, then state and rows of each slot. */
const N_OFFERS = 0;
const IS_CLOSED = 1;
const FIRST_SLOT = 2;

export const allocateSlots = (nSlots: number, nInputs: number, nOutputs: number): SlotMemory => ({
  nSlots,
  nInputs,
  nOutputs,
  control: new SharedArrayBuffer(4 * (FIRST_SLOT + 2 * nSlots)),
  blocks: new SharedArrayBuffer(8 * nSlots * CHUNK_ROWS * (nInputs + nOutputs)),
});

/** A thread's view of the slots. */
export const openSlots = (memory: SlotMemory): Slots => {
  const control = new Int32Array(memory.control);
  const slots = Array.from({ length: memory.nSlots }, (_, i) => openSlot(memory, control, i));
  return {
    slots,
    serve: (score) => {
      while (Atomics.load(control, IS_CLOSED) === 0) {
        const nOffers = Atomics.load(control, N_OFFERS);
        let nScored = 0;
        for (const slot of slots) if (slot.tryScore(score)) nScored++;
        if (nScored === 0) Atomics.wait(control, N_OFFERS, nOffers);
      }
    },
    close: () => {
      Atomics.store(control, IS_CLOSED, 1);
      Atomics.add(control, N_OFFERS, 1);
      Atomics.notify(control, N_OFFERS);
    },
  };
};

const openSlot = (
  { nInputs, nOutputs, blocks }: SlotMemory,
  control: Int32Array<SharedArrayBuffer>,
  i: number,
): Slot => {
  const state = FIRST_SLOT + 2 * i;
  const [nRaw, nOut] = [CHUNK_ROWS * nInputs, CHUNK_ROWS * nOutputs];
  const at = 8 * i * (nRaw + nOut);
  const raw = new Float64Array(blocks, at, nRaw);
  const out = new Float64Array(blocks, at + 8 * nRaw, nOut);
  return {
    block: { raw, out },
    offer: (nRows) => {
      control[state + 1] = nRows;
      Atomics.store(control, state, OFFERED);
      Atomics.add(control, N_OFFERS, 1);
      Atomics.notify(control, N_OFFERS, 1);
    },
    tryScore: (score) => {
      if (Atomics.compareExchange(control, state, OFFERED, TAKEN) !== OFFERED) return false;
      let after = FAILED;
      try {
        const nRows = control[state + 1]!;
        score(raw.subarray(0, nRows * nInputs), nRows, out);
        after = DONE;
      } finally {
        Atomics.store(control, state, after);
        Atomics.notify(control, state);
      }
      return true;
    },
    isTaken: () => Atomics.load(control, state) === TAKEN,
    wait: () => {
      Atomics.wait(control, state, OFFERED);
      Atomics.wait(control, state, TAKEN);
      const after = Atomics.exchange(control, state, FREE);
      if (after !== DONE) throw new Error('a thread that scores has failed');
    },
  };
};
