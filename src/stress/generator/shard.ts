/**
 * One shard of the generator: wires its sockets, connector, request I/O, pacer and recorder, and runs steps on them.
 * One process runs one shard; `shard-process.ts` connects it with its coordinator.
 */
import type { Socket } from 'bun';
import type { FromShard, ShardPlan, StepPlan } from '../messages.ts';
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
  const sockets = buildSockets(plan.nConnections, plan.bodiless);
  const step = buildRunningStep();
  const { handles, state, idle, unwritten } = sockets;
  const waiting = buildNumberRing(MAX_WAITING);
  const shared: ShardState = { plan, sockets, step, recorder, waiting };
  let usage = readUsage();

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
    close: (socket: Socket<number>): void => {
      const i = socket.data;
      if (handles[i] === socket) requestIo.closed(i);
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
    const options = {
      hostname: plan.addresses[i % plan.addresses.length]!,
      port: plan.port,
      data: i,
      socket: handlers,
    };
    if (!plan.tls) return Bun.connect(options);
    const tls = { serverName: plan.tls.serverName, rejectUnauthorized: plan.tls.verify };
    return Bun.connect({ ...options, tls });
  };

  /** A connection is established. */
  const serve = (socket: Socket<number>): void => {
    if (!connector.established(socket)) return;
    if (step.isRunning) requestIo.serve(socket.data, nowUsOf(step));
    else idle.push(socket.data);
  };

  const connector = buildConnector(shared, openSocket, emit);
  const requestIo = buildRequestIo(shared, connector.reconnect);
  const pacer = buildPacer(shared, requestIo);

  const turn = (): void => {
    connector.turn(performance.now(), waiting.size > 0);
    if (!step.isRunning) return;
    const t = nowUsOf(step);
    pacer.turn(t);
    if (t < step.endUs) {
      if (recorder.isTickOver(t)) emitTick(t, false);
      return;
    }
    const isDrained = recorder.nBusy === 0 && waiting.size === 0;
    if (isDrained || t >= step.graceEndUs) {
      pacer.drain(t);
      step.isRunning = false;
      emitTick(t, true);
    } else if (recorder.isTickOver(t)) emitTick(t, false);
  };

  const emitTick = (t: number, last: boolean): void => {
    const before = usage;
    usage = readUsage();
    emit({
      kind: 'tick',
      shard: plan.shard,
      last,
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

  const begin = (): void => {
    turnEvery(step.isClosedLoop ? CLOSED_LOOP_TURN_MS : TURN_MS);
    usage = readUsage();
    step.isRunning = true;
    if (!step.isClosedLoop) return;
    for (let looks = idle.size; looks > 0; looks--) {
      const i = idle.shift();
      if (state[i] === IDLE) requestIo.serve(i, Math.max(0, nowUsOf(step)));
    }
  };

  return {
    grow: (nConnections) => {
      connector.grow(nConnections);
      turnEvery(TURN_MS);
    },
    start: ({ startAtMs, load, durationMs, warmUpMs, graceMs }) => {
      connector.settle();
      step.originMs = startAtMs - performance.timeOrigin;
      step.endUs = durationMs * 1000;
      step.graceEndUs = step.endUs + graceMs * 1000;
      step.isClosedLoop = load === null;
      recorder.begin(warmUpMs * 1000, step.endUs);
      pacer.schedule(load);
      sockets.readyUs.fill(-1);
      const waitMs = startAtMs - (performance.timeOrigin + performance.now());
      if (waitMs > 0) setTimeout(begin, waitMs);
      else begin();
    },
    stop: () => {
      const graceUs = step.graceEndUs - step.endUs;
      step.endUs = Math.min(step.endUs, Math.max(0, nowUsOf(step)));
      step.graceEndUs = step.endUs + Math.min(graceUs, STOP_GRACE_US);
      recorder.end(step.endUs);
      pacer.halt();
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
