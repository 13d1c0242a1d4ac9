/**
 * One shard of the generator: wires its sockets, dialler, talk, pump and books, and runs steps on them.
 * One process runs one shard; `shard-process.ts` connects it with its coordinator.
 */
import type { Socket } from 'bun';
import { type Books, buildBooks } from './recorder.ts';
import { buildDialler, codeOf } from './connector.ts';
import type { FromShard, ShardPlan, Step } from '../messages.ts';
import { buildPump, MOST_WAITING, PUMP_MS } from './pacer.ts';
import { buildNumberRing } from './ring.ts';
import { buildCourse, buildSockets, CONNECTING, IDLE, nowUsOf } from './sockets.ts';
import { buildTalk } from './request-io.ts';
import { readUsage, sharesOf } from './usage.ts';

/** A closed loop plans nothing: its pump only sweeps and ticks. */
const CLOSED_PUMP_MS = 5;
const STOP_GRACE_US = 500_000;

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

export const buildShard = (
  plan: ShardPlan,
  emit: (message: FromShard) => void,
  books: Books = buildBooks(),
): Shard => {
  const isTls = plan.tls !== null;
  const sockets = buildSockets(plan.nConnections, plan.bodiless);
  const course = buildCourse();
  const { handles, state, idle, unwritten } = sockets;
  const waiting = buildNumberRing(MOST_WAITING);
  let usage = readUsage();

  /** The socket of each place whose TLS handshake is under way: one that was hung up before may still be closing. */
  const shakingHands = new Array<Socket<number> | null>(plan.nConnections).fill(null);

  const handlers = {
    binaryType: 'uint8array' as const,
    open: (socket: Socket<number>): void => {
      if (isTls) shakingHands[socket.data] = socket;
      else stands(socket);
    },
    handshake: (socket: Socket<number>, success: boolean, fault: Error | null): void => {
      if (!isTls) return;
      shakingHands[socket.data] = null;
      if (success || plan.tls?.verify === false) stands(socket);
      else {
        dialler.failed(socket.data, `TLS: ${fault?.message || 'the handshake failed'}`);
        socket.terminate();
      }
    },
    data: (socket: Socket<number>, chunk: Uint8Array): void => talk.receive(socket, chunk),
    drain: (socket: Socket<number>): void => {
      const i = socket.data;
      if (handles[i] === socket && unwritten[i]! > 0) talk.writeRest(i, socket);
    },
    close: (socket: Socket<number>): void => {
      const i = socket.data;
      if (handles[i] === socket) talk.closed(i);
      else if (shakingHands[i] === socket) {
        shakingHands[i] = null;
        dialler.failed(i, 'closed at once');
      }
    },
    error: (socket: Socket<number>, fault: Error): void => {
      const i = socket.data;
      if (handles[i] === socket) talk.drop(i, codeOf(fault));
    },
    connectError: (socket: Socket<number>, fault: Error): void => {
      if (state[socket.data] === CONNECTING) dialler.failed(socket.data, codeOf(fault));
    },
  };

  const connect = (i: number): Promise<unknown> => {
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

  const stands = (socket: Socket<number>): void => {
    if (!dialler.stands(socket)) return;
    if (course.running) talk.serve(socket.data, nowUsOf(course));
    else idle.push(socket.data);
  };

  const dialler = buildDialler(plan, sockets, course, books, connect, emit);
  const talk = buildTalk(plan, sockets, course, books, waiting, dialler.redial);
  const pump = buildPump(sockets, course, books, waiting, talk, plan.timeoutMs * 1000);

  const turn = (): void => {
    dialler.pump(performance.now(), waiting.size > 0);
    if (!course.running) return;
    const t = nowUsOf(course);
    pump.turn(t);
    if (t < course.endUs) {
      if (books.isTickOver(t)) emitTick(t, false);
      return;
    }
    const isDrained = books.nBusy === 0 && waiting.size === 0;
    if (isDrained || t >= course.graceEndUs) {
      pump.drain(t);
      course.running = false;
      emitTick(t, true);
    } else if (books.isTickOver(t)) emitTick(t, false);
  };

  const emitTick = (t: number, last: boolean): void => {
    const before = usage;
    usage = readUsage();
    emit({
      kind: 'tick',
      shard: plan.shard,
      last,
      ...books.take(t),
      nOpen: sockets.nOpen,
      waiting: waiting.size,
      ...sharesOf(before, usage),
      rssBytes: usage.rssBytes,
    });
  };

  let timer = setInterval(turn, PUMP_MS);
  const turnEvery = (ms: number): void => {
    clearInterval(timer);
    timer = setInterval(turn, ms);
  };

  const begin = (): void => {
    turnEvery(course.closed ? CLOSED_PUMP_MS : PUMP_MS);
    usage = readUsage();
    course.running = true;
    if (!course.closed) return;
    for (let looks = idle.size; looks > 0; looks--) {
      const i = idle.shift();
      if (state[i] === IDLE) talk.serve(i, Math.max(0, nowUsOf(course)));
    }
  };

  return {
    grow: (nConnections) => {
      dialler.grow(nConnections);
      turnEvery(PUMP_MS);
    },
    start: (step) => {
      dialler.settle();
      course.originMs = step.startAtMs - performance.timeOrigin;
      course.endUs = step.durationMs * 1000;
      course.graceEndUs = course.endUs + step.graceMs * 1000;
      course.closed = step.load === null;
      books.open(step.warmUpMs * 1000, course.endUs);
      pump.plan(step.load, plan.place, plan.nPlaces);
      sockets.readyUs.fill(-1);
      const waitMs = step.startAtMs - (performance.timeOrigin + performance.now());
      if (waitMs > 0) setTimeout(begin, waitMs);
      else begin();
    },
    stop: () => {
      const graceUs = course.graceEndUs - course.endUs;
      course.endUs = Math.min(course.endUs, Math.max(0, nowUsOf(course)));
      course.graceEndUs = course.endUs + Math.min(graceUs, STOP_GRACE_US);
      books.end(course.endUs);
      pump.halt();
    },
    reset: (share) => {
      const nReset = Math.round(sockets.wanted * share);
      for (let i = 0; i < nReset; i++) {
        if (handles[i] !== null) talk.drop(i, 'reset by this generator', false);
      }
    },
    close: () => {
      sockets.closing = true;
      clearInterval(timer);
      for (const socket of handles) socket?.terminate();
    },
  };
};
