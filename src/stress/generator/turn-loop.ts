/**
 * What keeps a shard turning: a timer where the runtime tells of answers, a loop of its own where the shard waits for them
 * itself and turns whenever something has happened.
 */

interface TurnLoop {
  /** At least so often. */
  readonly turnEvery: (ms: number) => void;
  readonly end: () => void;
}

export const buildTimedLoop = (turn: () => void, firstMs: number): TurnLoop => {
  let timer = setInterval(turn, firstMs);
  return {
    turnEvery: (ms) => {
      clearInterval(timer);
      timer = setInterval(turn, ms);
    },
    end: () => clearInterval(timer),
  };
};

/** The runtime has its turn for messages and timers at least so often. */
const YIELD_MS = 1;

interface Polling {
  /** Waits for something to happen. @returns how much happened */
  readonly poll: (waitMs: number) => number;
  readonly turn: () => void;
  /** Whether something is due in less time than can be waited for. */
  readonly isDueSoon: () => boolean;
}

export const buildPollingLoop = ({ poll, turn, isDueSoon }: Polling, firstMs: number): TurnLoop => {
  let waitMs = firstMs;
  let isOver = false;
  const spin = (): void => {
    const untilMs = performance.now() + YIELD_MS;
    let nEvents = 0;
    do {
      nEvents = poll(isDueSoon() ? 0 : waitMs);
      turn();
    } while (!isOver && nEvents > 0 && performance.now() < untilMs);
    if (!isOver) setImmediate(spin);
  };
  setImmediate(spin);
  return {
    turnEvery: (ms) => {
      waitMs = ms;
    },
    end: () => {
      isOver = true;
    },
  };
};
