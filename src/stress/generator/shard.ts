/**
 * One shard of the generator: wires its connections, pacer and recorder, and runs steps on them.
 * One process runs one shard; `shard-process.ts` connects it with its coordinator.
 */
import type { FromShard, ShardPlan, StepPlan } from '../messages.ts';
import { type BuildIo, buildHttp1Wire } from './http1-wire.ts';
import { buildHttp2Wire } from './http2-wire.ts';
import { buildPacer, MAX_WAITING, TURN_MS } from './pacer.ts';
import { buildRecorder, type Recorder } from './recorder.ts';
import { buildRequestIo } from './request-io.ts';
import { buildNumberRing } from './ring.ts';
import { buildRunningStep, buildSockets, IDLE, nowUsOf, type ShardState } from './sockets.ts';
import { buildPollingLoop, buildTimedLoop } from './turn-loop.ts';
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

/** What may be put in the place of its usual parts. */
interface ShardParts {
  readonly recorder?: Recorder;
  readonly buildIo?: BuildIo;
}

export const buildShard = (
  plan: ShardPlan,
  emit: (message: FromShard) => void,
  { recorder = buildRecorder(), buildIo = buildRequestIo }: ShardParts = {},
): Shard => {
  const { http2 } = plan;
  const sockets = buildSockets(plan.nConnections * (http2?.nStreams ?? 1));
  const step = buildRunningStep();
  const { state, idle } = sockets;
  const waiting = buildNumberRing(MAX_WAITING);
  const shared: ShardState = { plan, sockets, step, recorder, waiting, opening: { fault: null } };
  let usage = readUsage();
  let isCutShort = false;

  const wire =
    http2 === null ? buildHttp1Wire(shared, buildIo, emit) : buildHttp2Wire(shared, emit);
  const pacer = buildPacer(shared, wire);

  const turn = (): void => {
    wire.turn(performance.now(), waiting.size > 0);
    if (!step.isRunning) return;
    const t = nowUsOf(step);
    pacer.turn(t);
    if (t < step.endUs && wire.isSpent() && recorder.nBusy === 0) endAt(t);
    if (t < step.endUs) {
      if (recorder.isTickOver(t)) emitTick(t, false);
      return;
    }
    // A closed loop sends on each connection as soon as it is open: one that does not open is a request not sent.
    const isOpening = step.isClosedLoop && wire.isOpening(step.originMs + step.endUs / 1000);
    const isDrained = recorder.nBusy === 0 && waiting.size === 0 && !isOpening && !wire.isHeld();
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
    wire.tick();
    emit({
      kind: 'tick',
      shard: plan.shard,
      last,
      ...(last ? { endedMs: step.endUs / 1000 } : {}),
      ...recorder.take(t),
      nOpen: wire.nOpen(),
      waiting: waiting.size,
      ...sharesOf(before, usage),
      rssBytes: usage.rssBytes,
    });
  };

  const loop =
    wire.poll === null
      ? buildTimedLoop(turn, TURN_MS)
      : buildPollingLoop({ poll: wire.poll, turn, untilDue: pacer.untilDue }, TURN_MS);

  const begin = (): void => {
    loop.turnEvery(step.isClosedLoop ? CLOSED_LOOP_TURN_MS : TURN_MS);
    usage = readUsage();
    step.isRunning = true;
    wire.start();
    if (!step.isClosedLoop) return;
    for (let looks = idle.size; looks > 0; looks--) {
      const i = idle.shift();
      if (state[i] === IDLE) wire.serve(i, Math.max(0, nowUsOf(step)));
    }
  };

  /** What this shard sends of a closed loop that ends by its count of requests. */
  const shareOfRequests = (max: number | null): number =>
    max === null
      ? Number.POSITIVE_INFINITY
      : Math.floor(max / plan.nPlaces) + (plan.place < max % plan.nPlaces ? 1 : 0);

  return {
    grow: (nConnections) => {
      wire.grow(nConnections);
      loop.turnEvery(TURN_MS);
    },
    start: ({ startAtMs, load, durationMs, maxRequests, warmUpMs, graceMs }) => {
      wire.settle();
      loop.turnEvery(TURN_MS);
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
      wire.begin(shareOfRequests(maxRequests));
      pacer.schedule(load);
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
    reset: wire.reset,
    close: () => {
      loop.end();
      wire.close();
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
