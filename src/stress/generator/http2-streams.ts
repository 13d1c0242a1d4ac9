/**
 * The streams of a shard's connections of HTTP/2: a request goes out on each, and its answer comes back.
 *
 * A place is one stream at a time of one connection: place i belongs to the connection i / nStreams. The header blocks
 * are made before the run.
 * @source RFC 9113, sections 5 and 8
 */
import type { ShardPlan } from '../messages.ts';
import { NO_STATUS, readStatus } from './header-block.ts';
import {
  CANCEL,
  DATA,
  END_STREAM,
  FRAME_HEAD,
  headerFrames,
  NO_ERROR,
  readUint24,
  resetStream,
  writeFrameHead,
  writeUint32,
} from './http2-frames.ts';
import type { Link, Output } from './http2-link.ts';
import { buildLedger } from './ledger.ts';
import type { LossOutcome } from './recorder.ts';
import { CLOSED, IDLE, nowUsOf, type ShardState } from './sockets.ts';
import { addReason } from './tally.ts';

export interface Streams {
  readonly ledger: ReturnType<typeof buildLedger>;
  readonly serve: (i: number, t: number) => void;
  readonly send: (i: number, plannedAt: number, t: number) => void;
  readonly giveUp: (i: number, outcome: LossOutcome, t: number) => void;
  /** The stream of a place ended without a whole answer. */
  readonly lose: (link: Link, i: number, reason: string) => void;
  /** A request that the service says it has not looked at is sent again on another connection. */
  readonly recall: (link: Link, i: number) => void;
  /** A whole header block of an answer: its head, one before it that is informational, or its trailers. */
  readonly readHead: (link: Link, i: number, block: Uint8Array) => void;
  /** A part of its body. */
  readonly readBody: (i: number, payload: Uint8Array) => void;
  /** Its end. */
  readonly end: (link: Link, i: number) => void;
  /** Whether an answer has begun to come. */
  readonly hasBegun: (i: number) => boolean;
  /** The service takes so many more bytes of a place's body. */
  readonly widen: (i: number, by: number) => void;
  /** Sends what waited for a window. */
  readonly unblock: (link: Link) => void;
}

/** What a stream asks of the connection that carries it. */
interface Carrier {
  readonly links: readonly Link[];
  readonly output: Output;
  /** Its last stream is over, and it takes no more. */
  readonly ended: (link: Link) => void;
  /** Its numbers are used up. */
  readonly leave: (link: Link) => void;
}

/** Numbers of streams that one connection uses before it is opened anew. */
const LAST_ID = 2 ** 31 - 3;

/** @param http2 of the shard's plan */
export const buildStreams = (
  shared: ShardState,
  http2: NonNullable<ShardPlan['http2']>,
  { links, output, ended, leave }: Carrier,
): Streams => {
  const { plan, sockets: places, step, recorder, waiting } = shared;
  const { nStreams } = http2;
  const requests = http2.requests.map(([block, body]) => ({
    head: headerFrames(Buffer.from(block, 'base64'), body !== ''),
    body: Buffer.from(body, 'base64'),
  }));
  const ledger = buildLedger(shared, requests.length);
  const { state, plannedUs, sentUs, readyUs, freeUs, requestIndex, idle } = places;
  const nPlaces = plan.nConnections * nStreams;
  const streamOf = new Int32Array(nPlaces);
  const status = new Uint16Array(nPlaces);
  /** Bytes of its body that a place has sent, and may send. */
  const bodyAt = new Int32Array(nPlaces);
  const windowOf = new Float64Array(nPlaces);
  const samples = new Map<number, Uint8Array[]>();

  const linkOf = (i: number): Link => links[Math.floor(i / nStreams)]!;

  const serve: Streams['serve'] = (i, t) => {
    const plannedAt = ledger.next(i, t);
    if (plannedAt >= 0) send(i, plannedAt, t);
    else idle.push(i);
  };

  const send: Streams['send'] = (i, plannedAt, t) => {
    const link = linkOf(i);
    const index = ledger.sent(i, plannedAt, t);
    const { head, body } = requests[index]!;
    const id = link.nextId;
    link.nextId += 2;
    link.places.set(id, i);
    streamOf[i] = id;
    status[i] = 0;
    bodyAt[i] = 0;
    windowOf[i] = link.firstWindow;
    if (ledger.wantsBody(index)) samples.set(i, []);
    const at = output.push(link, head);
    for (let frame = at; frame < link.outLength; ) {
      writeUint32(link.out, frame + 5, id);
      frame += FRAME_HEAD + readUint24(link.out, frame);
    }
    if (body.length > 0) pushBody(link, i);
    if (link.nextId > LAST_ID) leave(link);
  };

  /** Sends of a place's body what the windows allow. */
  const pushBody = (link: Link, i: number): void => {
    const { body } = requests[requestIndex[i]!]!;
    while (bodyAt[i]! < body.length) {
      const left = body.length - bodyAt[i]!;
      const length = Math.min(left, link.frameLimit, link.window, windowOf[i]!);
      if (length <= 0) {
        link.blocked.add(i);
        return;
      }
      const at = output.reserve(link, FRAME_HEAD + length);
      const flags = length === left ? END_STREAM : 0;
      writeFrameHead(link.out, at, { length, type: DATA, flags, id: streamOf[i]! });
      link.out.set(body.subarray(bodyAt[i]!, bodyAt[i]! + length), at + FRAME_HEAD);
      bodyAt[i]! += length;
      link.window -= length;
      windowOf[i]! -= length;
    }
    link.blocked.delete(i);
  };

  /** The stream of a place is over, whatever came of it. */
  const close = (link: Link, i: number): void => {
    link.places.delete(streamOf[i]!);
    link.blocked.delete(i);
    samples.delete(i);
  };

  /** A place whose stream is over takes its next request, or ends with its connection. */
  const release = (link: Link, i: number, t: number): void => {
    freeUs[i] = t;
    const isBeyond = i % nStreams >= link.maxStreams;
    if (link.socket === null || link.isLeaving || isBeyond) {
      state[i] = CLOSED;
      if (link.isLeaving && link.places.size === 0) ended(link);
    } else if (step.isRunning) serve(i, t);
    else idle.push(i);
  };

  const complete = (link: Link, i: number): void => {
    const t = nowUsOf(step);
    const chunks = samples.size > 0 ? samples.get(i) : undefined;
    const isWhole = bodyAt[i] === requests[requestIndex[i]!]!.body.length;
    close(link, i);
    // An answer before the request was whole: nobody waits for the rest of it.
    if (!isWhole) output.push(link, resetStream(streamOf[i]!, NO_ERROR));
    ledger.answered(i, status[i]!, chunks && Buffer.concat(chunks), t);
    readyUs[i] = -1;
    release(link, i, t);
  };

  const lose: Streams['lose'] = (link, i, reason) => {
    const t = nowUsOf(step);
    close(link, i);
    addReason(recorder.tally, reason);
    ledger.lost(i, 'socketError', t);
    release(link, i, t);
  };

  return {
    ledger,
    serve,
    send,
    giveUp: (i, outcome, t) => {
      const link = linkOf(i);
      output.push(link, resetStream(streamOf[i]!, CANCEL));
      close(link, i);
      ledger.lost(i, outcome, t);
      release(link, i, t);
    },
    lose,
    recall: (link, i) => {
      const t = nowUsOf(step);
      close(link, i);
      recorder.recalled(plannedUs[i]!, sentUs[i]!, t);
      state[i] = IDLE;
      waiting.push(plannedUs[i]!);
      release(link, i, t);
      // It must not wait for an answer where another connection has a free stream.
      while (idle.size > 0 && waiting.size > 0) {
        const free = idle.shift();
        if (state[free] === IDLE) serve(free, t);
      }
    },
    readHead: (link, i, block) => {
      // Of several heads the last that is not informational counts; trailers have no status.
      if (status[i]! > 0) return;
      const read = readStatus(block, 0, block.length);
      if (read >= 200) status[i] = read;
      else if (read === NO_STATUS) {
        output.push(link, resetStream(streamOf[i]!, CANCEL));
        lose(link, i, 'an answer without a status');
      }
    },
    readBody: (i, payload) => {
      if (samples.size > 0) samples.get(i)?.push(payload.slice());
    },
    end: (link, i) => {
      if (status[i]! > 0) complete(link, i);
      else lose(link, i, 'an answer without a status');
    },
    hasBegun: (i) => status[i]! > 0,
    widen: (i, by) => {
      windowOf[i]! += by;
    },
    unblock: (link) => {
      for (const i of [...link.blocked]) pushBody(link, i);
    },
  };
};
