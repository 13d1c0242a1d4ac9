/**
 * Opens connections, few at a time, and opens those again that were lost, with growing patience.
 */
import type { Socket } from 'bun';
import type { Books } from './recorder.ts';
import { addReason } from './tally.ts';
import type { FromShard, ShardPlan } from '../messages.ts';
import { buildSocketRing } from './ring.ts';
import { CLOSED, CONNECTING, type Course, IDLE, nowUsOf, type Sockets } from './sockets.ts';

const FIRST_RETRY_MS = 20;
const LAST_RETRY_MS = 1000;
const MOST_DOUBLINGS = 20;
const REPORT_EVERY_MS = 200;
/**
 * In an open loop a lost connection is not missed before a request waits for it. Whoever dials at once meets the
 * listening socket of a process that is about to end, and gets a connection that nobody will ever accept.
 */
const CALM_MS = 50;

export interface Dialler {
  /** Opens connections until there are so many. */
  readonly grow: (nConnections: number) => void;
  /** Stops reporting how far the opening has come. */
  readonly settle: () => void;
  /** A connection stands (TLS and all); false when it is not wanted any more. */
  readonly stands: (socket: Socket<number>) => boolean;
  readonly failed: (i: number, reason: string) => void;
  /** A socket is gone: it is opened again at once if there is room, or calmly, when the service closed it. */
  readonly redial: (i: number, calmly: boolean) => void;
  /** @param isMissed whether requests wait for a connection */
  readonly pump: (nowMs: number, isMissed: boolean) => void;
}

/** @param connect begins one connection; the promise only tells of failures */
export const buildDialler = (
  plan: ShardPlan,
  sockets: Sockets,
  course: Course,
  books: Books,
  connect: (i: number) => Promise<unknown>,
  emit: (message: FromShard) => void,
): Dialler => {
  const nSockets = plan.nConnections;
  const retryAtMs = new Float64Array(nSockets);
  const retries = new Uint8Array(nSockets);
  const hasOpened = new Uint8Array(nSockets);
  const begunAtMs = new Float64Array(nSockets);
  const toConnect = buildSocketRing(nSockets);
  let nConnecting = 0;
  let reporting = false;
  let reportedMs = 0;

  const dial = (i: number): void => {
    sockets.state[i] = CONNECTING;
    nConnecting++;
    begunAtMs[i] = performance.now();
    connect(i).catch((fault: unknown) => {
      if (sockets.state[i] === CONNECTING) failed(i, codeOf(fault));
    });
  };

  const failed = (i: number, reason: string): void => {
    nConnecting--;
    sockets.state[i] = CLOSED;
    books.count('refused');
    addReason(books.ledger, `connect: ${reason}`);
    if (course.running && course.closed) {
      const t = nowUsOf(course);
      const { readyUs } = sockets;
      books.unasked(readyUs[i]! < 0 ? t : readyUs[i]!, t);
      readyUs[i] = t;
    }
    const waitMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** retries[i]!);
    if (retries[i]! < MOST_DOUBLINGS) retries[i]!++;
    retryAtMs[i] = performance.now() + waitMs;
    if (!sockets.closing) toConnect.push(i);
  };

  const report = (nowMs: number): void => {
    const done = sockets.nOpen >= sockets.wanted;
    if (!done && nowMs - reportedMs < REPORT_EVERY_MS) return;
    reportedMs = nowMs;
    if (done) reporting = false;
    emit({
      kind: 'opened',
      shard: plan.shard,
      nOpen: sockets.nOpen,
      reasons: Object.fromEntries(books.ledger.reasons),
      done,
    });
  };

  return {
    grow: (nConnections) => {
      for (let i = sockets.wanted; i < nConnections; i++) toConnect.push(i);
      sockets.wanted = Math.max(sockets.wanted, nConnections);
      reporting = true;
    },
    settle: () => {
      reporting = false;
    },
    stands: (socket) => {
      const i = socket.data;
      if (sockets.state[i] !== CONNECTING || sockets.closing) {
        socket.terminate();
        return false;
      }
      nConnecting--;
      sockets.nOpen++;
      if (hasOpened[i] === 0) books.count('opened');
      else if (plan.keepAlive) books.count('reopened');
      hasOpened[i] = 1;
      retries[i] = 0;
      sockets.handles[i] = socket;
      sockets.state[i] = IDLE;
      books.connected((performance.now() - begunAtMs[i]!) * 1000);
      return true;
    },
    failed,
    redial: (i, calmly) => {
      if (sockets.closing || i >= sockets.wanted) return;
      const isCalm = calmly && course.running && !course.closed;
      retryAtMs[i] = isCalm ? performance.now() + CALM_MS : 0;
      if (!isCalm && nConnecting < plan.connectsAtOnce) dial(i);
      else toConnect.push(i);
    },
    pump: (nowMs, isMissed) => {
      let looks = toConnect.size;
      while (looks-- > 0 && nConnecting < plan.connectsAtOnce) {
        const i = toConnect.shift();
        if (sockets.state[i] !== CLOSED) continue;
        const isPatient = retryAtMs[i]! > nowMs && !(isMissed && retries[i] === 0);
        if (isPatient) toConnect.push(i);
        else dial(i);
      }
      if (reporting) report(nowMs);
    },
  };
};

/** What a failure is called in the list of reasons. */
export const codeOf = (fault: unknown): string => {
  if (!(fault instanceof Error)) return String(fault);
  return 'code' in fault && typeof fault.code === 'string' ? fault.code : fault.message;
};
