/**
 * One shard of the generator: wires its sockets, connector, request I/O, pacer and recorder, and runs steps on them.
 * One process runs one shard; `shard-process.ts` connects it with its coordinator.
 */
import type { Socket } from 'bun';
import { type FromShard, type ShardPlan, type StepPlan, tlsOptionsOf } from '../messages.ts';
import { buildConnector, codeOf } from './connector.ts';
import { buildPacer, MAX_WAITING, TURN_MS } from './pacer.ts';
import { buildRecorder, type Recorder } from './recorder.ts';
import { buildRequestIo } from './request-io.ts';
import { buildNumberRing } from './ring.ts';
import {
  buildRunningStep,
  buildSockets,
  CONNECTING,
  IDLE,
  nowUsOf,
  type ShardState,
} from './sockets.ts';
import { readUsage, sharesOf } from './usage.ts';

/** A closed loop plans nothing: its pacer only looks for timeouts. */
const CLOSED_LOOP_TURN_MS = 5;
const STOP_GRACE_US = 500_000;

export interface Shard {
  /** Opens connections until there are `nConnections`; reports progress by `opened` messages. */
  readonly grow: (nConnections: number) => void;
  readonly start: (plan: StepPlan) => void;
  /** Ends the running step early. */
  readonly stop: () => void;
  /** Resets a share (0 to 1) of the open connections, abruptly. */
  readonly reset: (share: number) => void;
  readonly close: () => void;
}

export const buildShard = (
  plan: ShardPlan,
  emit: (message: FromShard) => void,
  recorder: Recorder = buildRecorder(),
): Shard => {
  const isTls = plan.tls !== null;
  const tls = plan.tls && tlsOptionsOf(plan.tls);
  const sockets = buildSockets(plan.nConnections);
  const step = buildRunningStep();
  const { handles, state, idle, unwritten } = sockets;
  const waiting = buildNumberRing(MAX_WAITING);
  const shared: ShardState = { plan, sockets, step, recorder, waiting };
  let usage = readUsage();
  let isCutShort = false;

  /** The socket of each place whose TLS handshake is under way: one that was hung up before may still be closing. */
  const shakingHands = new Array<Socket<number> | null>(plan.nConnections).fill(null);

  const handlers = {
    binaryType: 'uint8array' as const,
    open: (socket: Socket<number>): void => {
      if (isTls) shakingHands[socket.data] = socket;
      else serve(socket);
    },
    handshake: (socket: Socket<number>, success: boolean, fault: Error | null): void => {
      if (!isTls) return;
      shakingHands[socket.data] = null;
      if (success || plan.tls?.verify === false) serve(socket);
      else {
        connector.failed(socket.data, `TLS: ${fault?.message || 'the handshake failed'}`);
        socket.terminate();
      }
    },
    data: (socket: Socket<number>, chunk: Uint8Array): void => requestIo.receive(socket, chunk),
    drain: (socket: Socket<number>): void => {
      const i = socket.data;
      if (handles[i] === socket && unwritten[i]! > 0) requestIo.writeRest(i, socket);
    },
    close: (socket: Socket<number>, fault?: unknown): void => {
      const i = socket.data;
      if (handles[i] === socket) requestIo.closed(i, fault ? codeOf(fault) : null);
      else if (shakingHands[i] === socket) {
        shakingHands[i] = null;
        connector.failed(i, 'closed at once');
      }
    },
    error: (socket: Socket<number>, fault: Error): void => {
      const i = socket.data;
      if (handles[i] === socket) requestIo.drop(i, codeOf(fault));
    },
    connectError: (socket: Socket<number>, fault: Error): void => {
      if (state[socket.data] === CONNECTING) connector.failed(socket.data, codeOf(fault));
    },
  };

  const openSocket = (i: number): Promise<unknown> => {
    const common = { data: i, socket: handlers, ...(tls ? { tls } : {}) };
    if (plan.socketPath !== null) return Bun.connect({ ...common, unix: plan.socketPath });
    const hostname = plan.addresses[i % plan.addresses.length]!;
    return Bun.connect({ ...common, hostname, port: plan.port });
  };

  /** A connection is established. */
  const serve = (socket: Socket<number>): void => {
    if (!connector.established(socket)) return;
    if (step.isRunning) requestIo.serve(socket.data, nowUsOf(step));
    else idle.push(socket.data);
  };

  const connector = buildConnector(shared, openSocket, emit);
  const requestIo = buildRequestIo(shared, connector.reconnect);
  const pacer = buildPacer(shared, requestIo, connector.openMissing);

  const turn = (): void => {
    connector.turn(performance.now(), waiting.size > 0);
    if (!step.isRunning) return;
    const t = nowUsOf(step);
    pacer.turn(t);
    if (t < step.endUs && requestIo.isSpent() && recorder.nBusy === 0) endAt(t);
    if (t < step.endUs) {
      if (recorder.isTickOver(t)) emitTick(t, false);
      return;
    }
    const isDrained = recorder.nBusy === 0 && waiting.size === 0;
    if (isDrained || t >= step.graceEndUs) {
      pacer.drain(t, isCutShort ? 'inFlight' : 'unanswered');
      step.isRunning = false;
      emitTick(t, true);
    } else if (recorder.isTickOver(t)) emitTick(t, false);
  };

  /** The plan of the running step ends now. */
  const endAt = (t: number): void => {
    step.endUs = Math.min(step.endUs, Math.max(0, t));
    recorder.end(step.endUs);
    pacer.halt();
  };

  const emitTick = (t: number, last: boolean): void => {
    const before = usage;
    usage = readUsage();
    requestIo.tick();
    emit({
      kind: 'tick',
      shard: plan.shard,
      last,
      ...(last ? { endedMs: step.endUs / 1000 } : {}),
      ...recorder.take(t),
      nOpen: sockets.nOpen,
      waiting: waiting.size,
      ...sharesOf(before, usage),
      rssBytes: usage.rssBytes,
    });
  };

  let timer = setInterval(turn, TURN_MS);
  const turnEvery = (ms: number): void => {
    clearInterval(timer);
    timer = setInterval(turn, ms);
  };

  /** Without keep-alive no connection that was opened before the step may serve a request of it. */
  const recycle = (): void => {
    for (let looks = idle.size; looks > 0; looks--) {
      const i = idle.shift();
      if (state[i] === IDLE) requestIo.renew(i);
    }
  };

  const begin = (): void => {
    turnEvery(step.isClosedLoop ? CLOSED_LOOP_TURN_MS : TURN_MS);
    usage = readUsage();
    step.isRunning = true;
    if (!plan.keepAlive) recycle();
    if (!step.isClosedLoop) return;
    for (let looks = idle.size; looks > 0; looks--) {
      const i = idle.shift();
      if (state[i] === IDLE) requestIo.serve(i, Math.max(0, nowUsOf(step)));
    }
  };

  /** What this shard sends of a closed loop that ends by its count of requests. */
  const shareOfRequests = (max: number | null): number =>
    max === null
      ? Number.POSITIVE_INFINITY
      : Math.floor(max / plan.nPlaces) + (plan.place < max % plan.nPlaces ? 1 : 0);

  return {
    grow: (nConnections) => {
      connector.grow(nConnections);
      turnEvery(TURN_MS);
    },
    start: ({ startAtMs, load, durationMs, maxRequests, warmUpMs, graceMs }) => {
      connector.settle();
      step.originMs = startAtMs - performance.timeOrigin;
      step.endUs = durationMs * 1000;
      step.graceEndUs = step.endUs + graceMs * 1000;
      step.isClosedLoop = load === null;
      step.isReplay = load?.momentsMs !== undefined;
      isCutShort = false;
      recorder.begin({
        measureFromUs: warmUpMs * 1000,
        endUs: step.endUs,
        nNames: plan.names.length,
        stageEndsUs: stageEndsOf(load),
      });
      requestIo.begin(shareOfRequests(maxRequests));
      pacer.schedule(load);
      sockets.readyUs.fill(-1);
      const waitMs = startAtMs - (performance.timeOrigin + performance.now());
      if (waitMs > 0) setTimeout(begin, waitMs);
      else begin();
    },
    stop: () => {
      const t = Math.max(0, nowUsOf(step));
      isCutShort = true;
      step.graceEndUs = Math.min(step.graceEndUs, t + STOP_GRACE_US);
      endAt(t);
    },
    reset: (share) => {
      const nReset = Math.round(sockets.wanted * share);
      for (let i = 0; i < nReset; i++) {
        if (handles[i] !== null) requestIo.drop(i, 'reset by this generator', false);
      }
    },
    close: () => {
      sockets.closing = true;
      clearInterval(timer);
      for (const socket of handles) socket?.terminate();
    },
  };
};

const stageEndsOf = (load: StepPlan['load']): number[] => {
  let endUs = 0;
  return (load?.stages ?? []).map(({ durationMs }) => {
    endUs += durationMs * 1000;
    return endUs;
  });
};
