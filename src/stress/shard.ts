/**
 * One shard of the generator: its sockets, its pump, its books. One process runs one shard.
 * Hot path: prebuilt bytes, flat arrays indexed by socket; no object, promise or closure per request.
 *
 * A socket is CLOSED -> CONNECTING -> IDLE <-> BUSY; what waits for a free socket lies in a ring of
 * planned times, so that waiting is charged to the response.
 */
import type { Socket } from 'bun';
import {
  BROKEN,
  buildScanner,
  closeCompletes,
  hasBegun,
  INCOMPLETE,
  resetScanner,
  scanAnswer,
} from './answer.ts';
import { buildBooks } from './books.ts';
import { addReason } from './ledger.ts';
import type { FromShard, ShardPlan, Step } from './messages.ts';
import { buildNumberRing, buildSocketRing } from './ring.ts';
import { buildSchedule, type Schedule } from './schedule.ts';
import { readUsage } from './usage.ts';

const CLOSED = 0;
const CONNECTING = 1;
const IDLE = 2;
const BUSY = 3;

const PUMP_MS = 1;
/** A closed loop plans nothing: its pump only sweeps and ticks. */
const CLOSED_PUMP_MS = 5;
const SWEEP_EVERY_US = 100_000;
/** Up to this rate a shard looks more often than every millisecond when a planned time is near. */
const SHARP_PER_SECOND = 250;
const MOST_WAITING = 2 ** 18;
const FIRST_RETRY_MS = 20;
const LAST_RETRY_MS = 1000;
const CHECK_MASK = 15;

export interface Shard {
  /** Opens connections until there are `nConnections`; reports progress by `opened` messages. */
  readonly grow: (nConnections: number) => void;
  readonly start: (step: Step) => void;
  /** Ends the running step early. */
  readonly stop: () => void;
  /** Resets a share (0 to 1) of the open connections, abruptly. */
  readonly reset: (share: number) => void;
  readonly close: () => void;
}

export const buildShard = (plan: ShardPlan, emit: (message: FromShard) => void): Shard => {
  const nSockets = plan.nConnections;
  const requests = plan.requests.map((text) => Buffer.from(text, 'base64'));
  const golden: (Buffer | undefined)[] = requests.map(() => undefined);
  for (const [index, body] of plan.golden) golden[index] = Buffer.from(body, 'base64');
  const timeoutUs = plan.timeoutMs * 1000;
  const isTls = plan.tls !== null;

  const handles: (Socket<number> | null)[] = new Array(nSockets).fill(null);
  const state = new Uint8Array(nSockets);
  const plannedUs = new Float64Array(nSockets);
  const sentUs = new Float64Array(nSockets);
  const readyUs = new Float64Array(nSockets).fill(-1);
  const retryAtMs = new Float64Array(nSockets);
  const retries = new Uint8Array(nSockets);
  const hasOpened = new Uint8Array(nSockets);
  const connectedAtMs = new Float64Array(nSockets);
  const asked = new Int32Array(nSockets);
  const unwritten = new Int32Array(nSockets);
  const answered = new Uint8Array(nSockets);
  const scanner = buildScanner(nSockets, plan.bodiless);
  const idle = buildSocketRing(nSockets);
  const toConnect = buildSocketRing(nSockets);
  const waiting = buildNumberRing(MOST_WAITING);

  const books = buildBooks();

  let wanted = 0;
  let nOpen = 0;
  let nConnecting = 0;
  let opening = false;
  let closing = false;
  let nextRequest = Math.floor((plan.shard * requests.length) / plan.nShards);
  let nChecks = 0;

  let running = false;
  let closed = false;
  let originMs = 0;
  let endUs = 0;
  let graceEndUs = 0;
  let nextDueUs = Number.POSITIVE_INFINITY;
  let schedule: Schedule = () => Number.POSITIVE_INFINITY;
  let isSharp = false;
  let isSharpening = false;
  let lastSweepUs = 0;
  let usage = readUsage();
  let opensReportedMs = 0;

  const nowUs = (): number => (performance.now() - originMs) * 1000;

  const handlers = {
    binaryType: 'uint8array' as const,
    open: (socket: Socket<number>): void => {
      if (!isTls) onReady(socket);
    },
    handshake: (socket: Socket<number>, success: boolean, fault: Error | null): void => {
      if (!isTls) return;
      if (success || plan.tls?.verify === false) onReady(socket);
      else {
        const i = socket.data;
        failConnect(i, `TLS: ${fault?.message || 'the handshake failed'}`);
        socket.terminate();
      }
    },
    data: (socket: Socket<number>, chunk: Uint8Array): void => onData(socket, chunk),
    drain: (socket: Socket<number>): void => {
      const i = socket.data;
      if (handles[i] === socket && unwritten[i]! > 0) writeRest(i, socket);
    },
    close: (socket: Socket<number>): void => onClose(socket),
    error: (socket: Socket<number>, fault: Error): void => {
      const i = socket.data;
      if (handles[i] === socket) drop(i, codeOf(fault));
    },
    connectError: (socket: Socket<number>, fault: Error): void => {
      if (state[socket.data] === CONNECTING) failConnect(socket.data, codeOf(fault));
    },
  };

  const beginConnect = (i: number): void => {
    state[i] = CONNECTING;
    nConnecting++;
    connectedAtMs[i] = performance.now();
    const options = {
      hostname: plan.addresses[i % plan.addresses.length]!,
      port: plan.port,
      data: i,
      socket: handlers,
    };
    const attempt = plan.tls
      ? Bun.connect({
          ...options,
          tls: { serverName: plan.tls.serverName, rejectUnauthorized: plan.tls.verify },
        })
      : Bun.connect(options);
    attempt.catch((fault: unknown) => {
      if (state[i] === CONNECTING) failConnect(i, codeOf(fault));
    });
  };

  const onReady = (socket: Socket<number>): void => {
    const i = socket.data;
    if (state[i] !== CONNECTING || closing) {
      socket.terminate();
      return;
    }
    nConnecting--;
    nOpen++;
    if (hasOpened[i] === 0) books.count('opened');
    else if (plan.keepAlive) books.count('reopened');
    hasOpened[i] = 1;
    retries[i] = 0;
    handles[i] = socket;
    state[i] = IDLE;
    books.connected((performance.now() - connectedAtMs[i]!) * 1000);
    if (running) serve(i, nowUs());
    else idle.push(i);
  };

  const failConnect = (i: number, reason: string): void => {
    nConnecting--;
    state[i] = CLOSED;
    books.count('refused');
    addReason(books.ledger, `connect: ${reason}`);
    if (running && closed) {
      const t = nowUs();
      books.unasked(readyUs[i]! < 0 ? t : readyUs[i]!, t);
      readyUs[i] = t;
    }
    const waitMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** retries[i]!);
    if (retries[i]! < 20) retries[i]!++;
    retryAtMs[i] = performance.now() + waitMs;
    if (!closing) toConnect.push(i);
  };

  /** A free, open socket finds its next work, or rests. */
  const serve = (i: number, t: number): void => {
    if (closed) {
      if (t >= endUs) {
        idle.push(i);
        return;
      }
      const plannedAt = readyUs[i]! >= 0 ? readyUs[i]! : t;
      readyUs[i] = -1;
      books.planned(plannedAt);
      send(i, plannedAt, t);
    } else if (waiting.size > 0) send(i, waiting.shift(), t);
    else idle.push(i);
  };

  const send = (i: number, plannedAt: number, t: number): void => {
    const socket = handles[i]!;
    const index = nextRequest;
    nextRequest = index + 1 === requests.length ? 0 : index + 1;
    const bytes = requests[index]!;
    state[i] = BUSY;
    plannedUs[i] = plannedAt;
    sentUs[i] = t;
    asked[i] = index;
    answered[i] = 0;
    resetScanner(scanner, i);
    books.sent(plannedAt, t);
    const written = socket.write(bytes);
    if (written < bytes.length) {
      if (written < 0) drop(i, 'write failed');
      else unwritten[i] = bytes.length - written;
    } else unwritten[i] = 0;
  };

  const writeRest = (i: number, socket: Socket<number>): void => {
    const bytes = requests[asked[i]!]!;
    const written = socket.write(bytes, bytes.length - unwritten[i]!);
    if (written > 0) unwritten[i]! -= written;
    if (unwritten[i] === 0 && answered[i] === 1) release(i, nowUs());
  };

  const onData = (socket: Socket<number>, chunk: Uint8Array): void => {
    const i = socket.data;
    if (handles[i] !== socket) return;
    books.count('bytesIn', chunk.length);
    if (state[i] !== BUSY || answered[i] === 1) {
      books.count('unsolicited');
      drop(i, 'bytes that answer no request');
      return;
    }
    const end = scanAnswer(scanner, i, chunk, 0);
    if (end === INCOMPLETE) return;
    if (end === BROKEN) {
      drop(i, 'not an HTTP/1 answer');
      return;
    }
    const t = nowUs();
    settleAnswer(i, t, scanner.bodyAt >= 0 ? chunk : null, end);
    if (end < chunk.length) {
      books.count('unsolicited');
      drop(i, 'bytes that answer no request');
    } else if (scanner.closes[i] === 1 || !plan.keepAlive) {
      readyUs[i] = t;
      hangUp(i, false);
    } else if (unwritten[i]! > 0) answered[i] = 1;
    else release(i, t);
  };

  /** The socket is free again. */
  const release = (i: number, t: number): void => {
    state[i] = IDLE;
    answered[i] = 0;
    if (running) serve(i, t);
    else idle.push(i);
  };

  const settleAnswer = (i: number, t: number, whole: Uint8Array | null, end: number): void => {
    state[i] = IDLE;
    const truth = golden[asked[i]!];
    const status = scanner.status[i]!;
    const isWrong =
      truth !== undefined &&
      whole !== null &&
      status < 300 &&
      (nChecks++ & CHECK_MASK) === 0 &&
      !isSame(whole, scanner.bodyAt, end, truth);
    books.answered(plannedUs[i]!, sentUs[i]!, t, status, isWrong, truth !== undefined);
  };

  /** Ends the request in a socket's hands as something other than an answer. */
  const settleLoss = (i: number, outcome: 'socketError' | 'timeout' | 'inFlight', t: number) => {
    state[i] = IDLE;
    books.lost(outcome, plannedUs[i]!, sentUs[i]!, t);
  };

  /** A socket broke, or has to go because what it says makes no sense. */
  const drop = (i: number, reason: string): void => {
    const t = nowUs();
    if (state[i] === BUSY && answered[i] === 0) {
      settleLoss(i, 'socketError', t);
      readyUs[i] = t;
      addReason(books.ledger, reason);
    } else if (state[i] === BUSY) state[i] = IDLE;
    hangUp(i, true);
  };

  /** Closes a socket from this side and lines it up to be opened again. */
  const hangUp = (i: number, abruptly: boolean): void => {
    const socket = handles[i];
    forget(i);
    if (socket) {
      if (abruptly) socket.terminate();
      else socket.end();
    }
    if (!closing && i < wanted) reopen(i);
  };

  const reopen = (i: number): void => {
    retryAtMs[i] = 0;
    if (nConnecting < plan.connectsAtOnce) beginConnect(i);
    else toConnect.push(i);
  };

  const forget = (i: number): void => {
    if (handles[i] !== null) nOpen--;
    handles[i] = null;
    state[i] = CLOSED;
    unwritten[i] = 0;
    answered[i] = 0;
    resetScanner(scanner, i);
  };

  const onClose = (socket: Socket<number>): void => {
    const i = socket.data;
    if (handles[i] !== socket) {
      if (state[i] === CONNECTING && handles[i] === null && isTls) failConnect(i, 'closed at once');
      return;
    }
    if (state[i] === BUSY && answered[i] === 0) {
      const t = nowUs();
      readyUs[i] = t;
      if (closeCompletes(scanner, i)) settleAnswer(i, t, null, 0);
      else {
        addReason(
          books.ledger,
          hasBegun(scanner, i) ? 'closed inside an answer' : 'closed before an answer',
        );
        settleLoss(i, 'socketError', t);
      }
    } else if (state[i] === IDLE) books.count('closedIdle');
    forget(i);
    if (!closing && i < wanted) reopen(i);
  };

  const pump = (): void => {
    const nowMs = performance.now();
    pumpConnects(nowMs);
    if (opening) reportOpening(nowMs);
    if (!running) return;
    const t = nowUs();
    if (!closed) {
      pumpDue(t);
      sharpen(t);
    }
    if (t - lastSweepUs >= SWEEP_EVERY_US) sweep(t);
    if (t >= endUs) {
      const drained = books.nBusy === 0 && waiting.size === 0;
      if (drained || t >= graceEndUs) endStep(t);
    } else if (books.isTickOver(t)) emitTick(t, false);
  };

  /** At low rates: looks again and again once the next planned time is less than a turn of the pump away. */
  const pumpSharply = (): void => {
    isSharpening = false;
    if (!running) return;
    const t = nowUs();
    pumpDue(t);
    sharpen(t);
  };

  const sharpen = (t: number): void => {
    if (!isSharp || isSharpening || nextDueUs - t > 1.5 * PUMP_MS * 1000) return;
    isSharpening = true;
    setImmediate(pumpSharply);
  };

  const pumpConnects = (nowMs: number): void => {
    let looks = toConnect.size;
    while (looks-- > 0 && nConnecting < plan.connectsAtOnce) {
      const i = toConnect.shift();
      if (state[i] !== CLOSED) continue;
      if (retryAtMs[i]! > nowMs) toConnect.push(i);
      else beginConnect(i);
    }
  };

  const pumpDue = (t: number): void => {
    while (nextDueUs <= t) {
      const due = nextDueUs;
      nextDueUs = schedule();
      books.planned(due);
      books.looked(due, t);
      let i = -1;
      while (waiting.size === 0 && idle.size > 0) {
        i = idle.shift();
        if (state[i] === IDLE) break;
        i = -1;
      }
      if (i >= 0) send(i, due, nowUs());
      else if (waiting.size < MOST_WAITING) waiting.push(due);
      else books.unsent('dropped', due, t);
    }
  };

  /** Finds requests that are older than the timeout: one look at every socket, ten times a second. */
  const sweep = (t: number): void => {
    lastSweepUs = t;
    for (let i = 0; i < wanted; i++) {
      if (state[i] === BUSY && t - sentUs[i]! > timeoutUs && answered[i] === 0) {
        settleLoss(i, 'timeout', t);
        readyUs[i] = t;
        hangUp(i, true);
      }
    }
    while (waiting.size > 0 && t - waiting.peek() > timeoutUs) {
      books.unsent('timeout', waiting.shift(), t);
    }
  };

  const endStep = (t: number): void => {
    for (let i = 0; i < wanted; i++) {
      if (state[i] !== BUSY) continue;
      if (answered[i] === 0) settleLoss(i, 'inFlight', t);
      hangUp(i, true);
    }
    while (waiting.size > 0) books.unsent('inFlight', waiting.shift(), t);
    running = false;
    emitTick(t, true);
  };

  const emitTick = (t: number, last: boolean): void => {
    const before = usage;
    usage = readUsage();
    const wallMs = Math.max(1, usage.atMs - before.atMs);
    emit({
      kind: 'tick',
      shard: plan.shard,
      last,
      ...books.take(t),
      nOpen,
      waiting: waiting.size,
      busy: (usage.cpuMs - before.cpuMs) / wallMs,
      starved: (usage.starvedMs - before.starvedMs) / wallMs,
      idle:
        usage.machineMs > before.machineMs
          ? (usage.idleMs - before.idleMs) / (usage.machineMs - before.machineMs)
          : null,
      rssBytes: usage.rssBytes,
    });
  };

  const reportOpening = (nowMs: number): void => {
    const done = nOpen >= wanted;
    if (!done && nowMs - opensReportedMs < 200) return;
    opensReportedMs = nowMs;
    if (done) opening = false;
    emit({
      kind: 'opened',
      shard: plan.shard,
      nOpen,
      reasons: Object.fromEntries(books.ledger.reasons),
      done,
    });
  };

  let timer = setInterval(pump, PUMP_MS);
  const pumpEvery = (ms: number): void => {
    clearInterval(timer);
    timer = setInterval(pump, ms);
  };

  return {
    grow: (nConnections) => {
      for (let i = wanted; i < nConnections; i++) toConnect.push(i);
      wanted = Math.max(wanted, nConnections);
      opening = true;
      pumpEvery(PUMP_MS);
    },
    start: (step) => {
      opening = false;
      originMs = step.startAtMs - performance.timeOrigin;
      endUs = step.durationMs * 1000;
      graceEndUs = endUs + step.graceMs * 1000;
      books.open(step.warmUpMs * 1000, endUs);
      closed = step.load === null;
      schedule = step.load
        ? buildSchedule(step.load, plan.shard, plan.nShards)
        : () => Number.POSITIVE_INFINITY;
      nextDueUs = schedule();
      isSharp =
        step.load !== null &&
        Math.max(step.load.fromPerSecond, step.load.toPerSecond) / plan.nShards <= SHARP_PER_SECOND;
      lastSweepUs = 0;
      readyUs.fill(-1);
      const begin = (): void => {
        pumpEvery(closed ? CLOSED_PUMP_MS : PUMP_MS);
        usage = readUsage();
        running = true;
        if (!closed) return;
        for (let looks = idle.size; looks > 0; looks--) {
          const i = idle.shift();
          if (state[i] === IDLE) serve(i, Math.max(0, nowUs()));
        }
      };
      const waitMs = step.startAtMs - (performance.timeOrigin + performance.now());
      if (waitMs > 0) setTimeout(begin, waitMs);
      else begin();
    },
    stop: () => {
      endUs = Math.min(endUs, Math.max(0, nowUs()));
      books.end(endUs);
      graceEndUs = endUs + Math.min(graceEndUs - endUs, 500_000);
      nextDueUs = Number.POSITIVE_INFINITY;
    },
    reset: (share) => {
      const nReset = Math.round(wanted * share);
      for (let i = 0; i < nReset; i++) if (handles[i] !== null) drop(i, 'reset by this generator');
    },
    close: () => {
      closing = true;
      clearInterval(timer);
      for (const socket of handles) socket?.terminate();
    },
  };
};

const codeOf = (fault: unknown): string => {
  if (!(fault instanceof Error)) return String(fault);
  return 'code' in fault && typeof fault.code === 'string' ? fault.code : fault.message;
};

const isSame = (chunk: Uint8Array, from: number, to: number, truth: Uint8Array): boolean => {
  if (to - from !== truth.length) return false;
  for (let i = 0; i < truth.length; i++) if (chunk[from + i] !== truth[i]) return false;
  return true;
};
