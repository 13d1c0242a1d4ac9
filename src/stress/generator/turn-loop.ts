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
  readonly poll: (waitUs: number) => number;
  readonly turn: () => void;
  /** How long until something is due, if that is less than so long. */
  readonly untilDue: (limitUs: number) => number;
}

export const buildPollingLoop = ({ poll, turn, untilDue }: Polling, firstMs: number): TurnLoop => {
  let waitUs = firstMs * 1000;
  let isOver = false;
  const spin = (): void => {
    const untilMs = performance.now() + YIELD_MS;
    let nEvents = 0;
    do {
      nEvents = poll(untilDue(waitUs));
      turn();
    } while (!isOver && nEvents > 0 && performance.now() < untilMs);
    if (!isOver) setImmediate(spin);
  };
  setImmediate(spin);
  return {
    turnEvery: (ms) => {
      waitUs = ms * 1000;
    },
    end: () => {
      isOver = true;
    },
  };
};
