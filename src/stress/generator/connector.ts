/**
 * Opens connections, few at a time, and opens those again that were lost, with exponential backoff.
 */
import type { FromShard } from '../messages.ts';
import type { Reconnection } from './request-io.ts';
import { buildSocketRing } from './ring.ts';
import { CLOSED, CONNECTING, type Connection, IDLE, nowUsOf, type ShardState } from './sockets.ts';
import { addReason } from './tally.ts';

const FIRST_RETRY_MS = 20;
const LAST_RETRY_MS = 1000;
const MAX_DOUBLINGS = 20;
const REPORT_EVERY_MS = 200;
const SWEEP_EVERY_MS = 100;
/**
 * In an open loop a lost connection is not missed before a request waits for it. Whoever connects again at once meets
 * the listening socket of a process that is about to end, and gets a connection that nobody will ever accept.
 */
const RECONNECT_DELAY_MS = 50;

interface Connector {
  /** Opens connections until there are so many. */
  readonly grow: (nConnections: number) => void;
  /** Stops reporting how far the opening has come. */
  readonly settle: () => void;
  /** A connection is established (TLS and all); false when it is not wanted any more. */
  readonly established: (socket: Connection) => boolean;
  readonly failed: (i: number, reason: string) => void;
  /** A socket is gone: it is opened again at once if there is room, after a delay, or when a request needs it. */
  readonly reconnect: (i: number, when: Reconnection) => void;
  /** Requests wait for a connection: those that are opened on demand are opened now. */
  readonly openMissing: () => void;
  /** Opens what is due, and gives up what took too long. @param isMissed whether requests wait for a connection */
  readonly turn: (nowMs: number, isMissed: boolean) => void;
  /** Whether connections are still opening that were begun before a moment. */
  readonly isOpening: (beforeMs: number) => boolean;
}

interface Opener {
  /** Begins one connection; the promise only tells of failures. */
  readonly open: (i: number) => Promise<unknown>;
  /** Ends one that is not established: its handshake may be under way. */
  readonly abandon: (i: number) => void;
}

export const buildConnector = (
  { plan, sockets, step, recorder, waiting, opening }: ShardState,
  opener: Opener,
  emit: (message: FromShard) => void,
): Connector => {
  const nSockets = plan.nConnections;
  const retryAtMs = new Float64Array(nSockets);
  const retries = new Uint8Array(nSockets);
  const hasOpened = new Uint8Array(nSockets);
  const begunAtMs = new Float64Array(nSockets);
  const toConnect = buildSocketRing(nSockets);
  /** Closed, and opened again when a request needs them. */
  const onDemand = buildSocketRing(nSockets);
  let nConnecting = 0;
  let reporting = false;
  let reportedMs = 0;
  let sweptMs = 0;

  const connect = (i: number): void => {
    sockets.state[i] = CONNECTING;
    nConnecting++;
    begunAtMs[i] = performance.now();
    opener.open(i).catch((fault: unknown) => {
      if (sockets.state[i] === CONNECTING) failed(i, codeOf(fault));
    });
  };

  const failed = (i: number, reason: string): void => {
    nConnecting--;
    sockets.state[i] = CLOSED;
    opening.fault = reason;
    recorder.count('refused');
    // In an open loop an attempt is no request: those that wait for it say themselves why they were not sent.
    if (!step.isRunning || step.isClosedLoop) addReason(recorder.tally, `connect: ${reason}`);
    if (step.isRunning && step.isClosedLoop) {
      const t = nowUsOf(step);
      const { readyUs } = sockets;
      recorder.unsendable(readyUs[i]! < 0 ? t : readyUs[i]!, t);
      readyUs[i] = t;
    }
    const waitMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** retries[i]!);
    if (retries[i]! < MAX_DOUBLINGS) retries[i]!++;
    retryAtMs[i] = performance.now() + waitMs;
    if (!sockets.closing) toConnect.push(i);
  };

  /** A handshake that never ends is a connection that cannot be opened. */
  const sweep = (nowMs: number): void => {
    sweptMs = nowMs;
    for (let i = 0; i < sockets.wanted; i++) {
      if (sockets.state[i] !== CONNECTING || nowMs - begunAtMs[i]! <= plan.timeoutMs) continue;
      opener.abandon(i);
      failed(i, 'not open within the timeout');
    }
  };

  const openMissing = (): void => {
    for (let missing = waiting.size - nConnecting; missing > 0; missing--) {
      if (onDemand.size === 0 || nConnecting >= plan.connectsAtOnce) return;
      const i = onDemand.shift();
      if (sockets.state[i] === CLOSED) connect(i);
    }
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
      reasons: Object.fromEntries(recorder.tally.reasons),
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
    established: (socket) => {
      const i = socket.data;
      if (sockets.state[i] !== CONNECTING || sockets.closing) {
        socket.terminate();
        return false;
      }
      nConnecting--;
      sockets.nOpen++;
      if (hasOpened[i] === 0) recorder.count('opened');
      else if (plan.keepAlive) recorder.count('reopened');
      hasOpened[i] = 1;
      retries[i] = 0;
      opening.fault = null;
      sockets.handles[i] = socket;
      sockets.state[i] = IDLE;
      recorder.connected((performance.now() - begunAtMs[i]!) * 1000);
      return true;
    },
    failed,
    reconnect: (i, when) => {
      if (sockets.closing || i >= sockets.wanted) return;
      if (when === 'on-demand') {
        onDemand.push(i);
        if (waiting.size > 0) openMissing();
        return;
      }
      const waits = when === 'later' && step.isRunning && !step.isClosedLoop;
      retryAtMs[i] = waits ? performance.now() + RECONNECT_DELAY_MS : 0;
      if (!waits && nConnecting < plan.connectsAtOnce) connect(i);
      else toConnect.push(i);
    },
    openMissing,
    turn: (nowMs, isMissed) => {
      if (nConnecting > 0 && nowMs - sweptMs >= SWEEP_EVERY_MS) sweep(nowMs);
      let looks = toConnect.size;
      while (looks-- > 0 && nConnecting < plan.connectsAtOnce) {
        const i = toConnect.shift();
        if (sockets.state[i] !== CLOSED) continue;
        const waits = retryAtMs[i]! > nowMs && !(isMissed && retries[i] === 0);
        if (waits) toConnect.push(i);
        else connect(i);
      }
      if (reporting) report(nowMs);
    },
    isOpening: (beforeMs) => {
      for (let i = 0; nConnecting > 0 && i < sockets.wanted; i++) {
        if (sockets.state[i] === CONNECTING && begunAtMs[i]! < beforeMs) return true;
      }
      return false;
    },
  };
};

/** What a failure is called in the list of reasons. */
export const codeOf = (fault: unknown): string => {
  if (!(fault instanceof Error)) return String(fault);
  return 'code' in fault && typeof fault.code === 'string' ? fault.code : fault.message;
};
