/**
 * The event loop of sockets by the system's own calls: turns in which all is read that has come on any of them, and then
 * answered together. To go from the system's code to ours and back for each request would cost more than the request:
 * neither finds its code in the cache when the other has been there.
 *
 * A turn waits in an epoll of its own, in which that of the runtime is watched as well: whatever would wake the runtime
 * (messages, signals, files, threads) ends the wait, and then the runtime has its turn. Only its timers do not; so a wait
 * is short, and nobody waits at all while others have work that goes on from turn to turn.
 *
 * One for each process, however many servers it has. Linux only.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { pace } from '../../host/pace.ts';
import { openSocketCalls, READABLE, type SocketCalls } from '../../host/socket-calls.ts';
import { SLAB, SLAB_BYTES } from '../slab.ts';

/** The longest that a timer of the runtime is kept waiting, and the first wait after something has happened. */
const LONGEST_WAIT_MS = 16;
const FIRST_WAIT_MS = 1;
/** The runtime's own part of a turn takes a few microseconds: what takes longer is somebody's work, which may go on. */
const WORK_MS = 0.03;
/** Of one connection in one turn. */
const READ_BYTES = 64 * 1024;
/**
 * When so much has been read in a turn, large bodies wait for the next one, and of the others only so much is read as
 * nearly every request has: who asks for little is not kept waiting by those who send much.
 */
const BULK_BYTES = 256 * 1024;
const SMALL_READ_BYTES = 16 * 1024;
/**
 * Who waits in `again` has so long in one turn, looked at whenever so many have been answered: those whose turn comes first
 * have sent more meanwhile.
 */
const AGAIN_MS = 1;
const AGAIN_AT_ONCE = 8;
/**
 * Under a quota of processors those who wait in `again` keep to a share of it, so that it is not used up before a known
 * connection asks: for so long after one has been read, since without any the share would only be lost.
 */
const KNOWN_MS = 1000;
const LONGEST_REST_MS = 50;
const EVENT_LOOP = 'anon_inode:[eventpoll]';
/** The mark of the runtime's own loop: no descriptor. */
const RUNTIME = -1;

/** What is told of the changes on one descriptor. */
type Watcher = (what: number) => void;

export interface EventLoop {
  readonly calls: SocketCalls;
  /** @returns whether the system does it. The process lives as long as anything is watched */
  readonly watch: (descriptor: number, what: number, watcher: Watcher) => boolean;
  readonly unwatch: (descriptor: number) => void;
  /** Whether there is room in the slab for what `receive` reads. */
  readonly hasRoom: () => boolean;
  /**
   * Reads into the slab: what has come lies from `receivedAt` on until this turn ends or `settle` is called.
   * @returns as `calls.receive`
   */
  readonly receive: (descriptor: number) => number;
  readonly receivedAt: () => number;
  /** Whether so many bytes were the most that are read at a time. */
  readonly isFull: (nBytes: number) => boolean;
  /** Does the work after everything that this turn is told of, or in one of the next, which come at once but for a quota. */
  readonly again: (work: () => void) => void;
  /** Does the work when this turn has read all. */
  readonly finally: (work: () => void) => void;
  /** Does that work now. */
  readonly settle: () => void;
}

let opened: EventLoop | undefined;
let lastRestMs = 0;

/** How long the last turn waited: so late a timer may be although nobody kept it waiting. */
export const restedMs = (): number => lastRestMs;

/** Undefined where the system does not offer it. */
export const eventLoop = (): EventLoop | undefined => {
  opened ??= openEventLoop();
  return opened;
};

/** The runtime's own: it was opened before all others. */
const runtimeLoop = (): number | undefined =>
  readdirSync('/proc/self/fd')
    .map(Number)
    .sort((a, b) => a - b)
    .find((descriptor) => {
      try {
        return readlinkSync(`/proc/self/fd/${descriptor}`) === EVENT_LOOP;
      } catch {
        return false;
      }
    });

const openEventLoop = (): EventLoop | undefined => {
  if (process.platform !== 'linux') return undefined;
  const runtime = runtimeLoop();
  const calls = openSocketCalls(SLAB);
  if (runtime === undefined || !calls) return undefined;
  if (calls.watch(runtime, READABLE, [RUNTIME, 0]) !== 0) return undefined;

  /** By descriptor: who is told, and how often it was watched, which tells events that come too late. */
  const watchers: (Watcher | undefined)[] = [];
  const rounds: number[] = [];
  let nWatched = 0;
  let isTurning = false;
  /** In their order, since one may wait for several turns. */
  const next: (() => void)[] = [];
  const last: (() => void)[] = [];
  /** Where in the slab the next piece goes, and where the last one was put. */
  let used = 0;
  let receivedAt = 0;
  /** In this turn; and how much the last call would have read. */
  let nRead = 0;
  let mostBytes = READ_BYTES;
  let waitMs = FIRST_WAIT_MS;
  let hasHappened = false;
  let endMs = 0;
  const rest = pace.kind(LONGEST_REST_MS);
  let restMs = 0;
  let knownAtMs = Number.NEGATIVE_INFINITY;

  const settle = (): void => {
    while (last.length > 0) last.pop()!();
    used = 0;
  };

  const goOnReading = (): void => {
    const n = next.length;
    const startMs = performance.now();
    restMs = n > 0 && startMs - knownAtMs < KNOWN_MS ? rest() : 0;
    if (n === 0 || restMs > 0) return;
    let nDone = 0;
    try {
      while (nDone < n && nRead < BULK_BYTES) {
        next[nDone++]!();
        if (nDone % AGAIN_AT_ONCE > 0) continue;
        settle();
        if (performance.now() - startMs > AGAIN_MS) break;
      }
    } finally {
      next.splice(0, nDone);
    }
  };

  const tell = (nEvents: number): void => {
    for (let e = 0; e < nEvents; e++) {
      const descriptor = calls.firstMarkOf(e);
      if (descriptor === RUNTIME || rounds[descriptor] !== calls.secondMarkOf(e)) continue;
      watchers[descriptor]?.(calls.whatOf(e));
    }
  };

  const turn = (): void => {
    const startMs = performance.now();
    const goesOn = next.length > 0 && restMs === 0;
    const isBusy = hasHappened || goesOn || startMs - endMs > WORK_MS;
    const longestMs = restMs > 0 ? Math.min(waitMs, Math.ceil(restMs)) : waitMs;
    const nEvents = calls.wait(isBusy ? 0 : longestMs * 1000);
    lastRestMs = isBusy ? 0 : performance.now() - startMs;
    hasHappened = nEvents > 0;
    if (hasHappened) waitMs = FIRST_WAIT_MS;
    else if (!isBusy) waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
    try {
      nRead = 0;
      tell(nEvents);
      // Those that are not known yet are read later.
      if (nRead > 0) knownAtMs = startMs;
      settle();
      goOnReading();
      settle();
    } finally {
      goOn();
      endMs = performance.now();
    }
  };
  const goOn = (): void => {
    isTurning = nWatched > 0 || next.length > 0;
    if (isTurning) setImmediate(turn);
    else lastRestMs = 0;
  };

  return {
    calls,
    watch: (descriptor, what, watcher) => {
      const round = ((rounds[descriptor] ?? 0) + 1) | 0;
      if (calls.watch(descriptor, what, [descriptor, round]) !== 0) return false;
      rounds[descriptor] = round;
      watchers[descriptor] = watcher;
      nWatched++;
      if (!isTurning) goOn();
      return true;
    },
    unwatch: (descriptor) => {
      if (watchers[descriptor] === undefined) return;
      calls.unwatch(descriptor);
      watchers[descriptor] = undefined;
      nWatched--;
    },
    hasRoom: () => SLAB_BYTES - used > READ_BYTES,
    receive: (descriptor) => {
      mostBytes = nRead < BULK_BYTES ? READ_BYTES : SMALL_READ_BYTES;
      const got = calls.receive(descriptor, used, mostBytes);
      if (got <= 0) return got;
      nRead += got;
      receivedAt = used;
      used += got;
      SLAB[used++] = 0;
      return got;
    },
    receivedAt: () => receivedAt,
    isFull: (nBytes) => nBytes === mostBytes,
    again: (work) => {
      next.push(work);
    },
    finally: (work) => {
      last.push(work);
    },
    settle,
  };
};
