/**
 * The connections of a shard that speak HTTP/2: each carries so many requests at once, one on a stream of its own.
 *
 * A place is one stream at a time of one connection: place i belongs to the connection i / nStreams. Frames of one turn
 * go out in one write; the header blocks are made before the run. Node's own client takes 70 us of processor for a
 * request, which would measure the client.
 * @source RFC 9113
 */
import type { Socket } from 'bun';
import { type FromShard, tlsOptionsOf } from '../messages.ts';
import { buildConnector, codeOf } from './connector.ts';
import { NO_STATUS, readStatus } from './header-block.ts';
import {
  ACK,
  CANCEL,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  errorNameOf,
  FRAME_HEAD,
  FRAME_LIMIT,
  GOAWAY,
  HEADERS,
  headerFrames,
  LARGEST_WINDOW,
  NO_ERROR,
  PADDED,
  PING,
  PRIORITY,
  pingAck,
  preface,
  readUint32,
  resetStream,
  RST_STREAM,
  SETTING_FRAME_LIMIT,
  SETTING_MAX_STREAMS,
  SETTING_WINDOW,
  SETTINGS,
  settingsAck,
  USUAL_WINDOW,
  WINDOW_UPDATE,
  windowUpdate,
  writeFrameHead,
  writeUint32,
} from './http2-frames.ts';
import { buildLedger } from './ledger.ts';
import type { LossOutcome } from './recorder.ts';
import { buildSockets, CLOSED, CONNECTING, IDLE, nowUsOf, type ShardState } from './sockets.ts';
import { addReason } from './tally.ts';
import type { Wire } from './wire.ts';

/** What is known of one connection. */
interface Link {
  socket: Socket<number> | null;
  /** Whether the service has said its settings: from then on it is open. */
  isOpen: boolean;
  /** Whether it takes no more streams: its end was announced, or its numbers are used up. */
  isLeaving: boolean;
  nextId: number;
  /** Place of each open stream, by its number. */
  readonly places: Map<number, number>;
  /** Streams that the service takes at once. */
  maxStreams: number;
  frameLimit: number;
  /** Bytes of bodies that the service takes: of the connection, and at first of each stream. */
  window: number;
  firstWindow: number;
  /** Bytes of bodies that came since the last update of the window. */
  received: number;
  /** Begin of a frame that has not come whole. */
  rest: Uint8Array | null;
  /** Header block that goes on in the next frame, and whether the stream ends with it. */
  block: Uint8Array | null;
  endsWithBlock: boolean;
  out: Uint8Array;
  outLength: number;
  isDirty: boolean;
  /** Places whose body waits for a window. */
  readonly blocked: Set<number>;
}

const FIRST_OUT_BYTES = 4096;
/** Numbers of streams that one connection uses before it is opened anew. */
const LAST_ID = 2 ** 31 - 3;
const UPDATE_AFTER_BYTES = 2 ** 29;

const buildLink = (): Link => ({
  socket: null,
  isOpen: false,
  isLeaving: false,
  nextId: 1,
  places: new Map(),
  maxStreams: Number.POSITIVE_INFINITY,
  frameLimit: FRAME_LIMIT,
  window: USUAL_WINDOW,
  firstWindow: USUAL_WINDOW,
  received: 0,
  rest: null,
  block: null,
  endsWithBlock: false,
  out: new Uint8Array(FIRST_OUT_BYTES),
  outLength: 0,
  isDirty: false,
  blocked: new Set(),
});

export const buildHttp2Wire = (shared: ShardState, emit: (message: FromShard) => void): Wire => {
  const { plan, sockets: places, step, recorder, waiting } = shared;
  const { nStreams } = plan.http2!;
  const requests = plan.http2!.requests.map(([block, body]) => ({
    head: headerFrames(Buffer.from(block, 'base64'), body !== ''),
    body: Buffer.from(body, 'base64'),
  }));
  const ledger = buildLedger(shared, requests.length);
  const isTls = plan.tls !== null;
  const tls = plan.tls && tlsOptionsOf(plan.tls, true);
  const connections = buildSockets(plan.nConnections);
  const links = Array.from({ length: plan.nConnections }, buildLink);
  const { state, plannedUs, sentUs, readyUs, freeUs, requestIndex, idle } = places;
  const nPlaces = plan.nConnections * nStreams;
  const streamOf = new Int32Array(nPlaces);
  const status = new Uint16Array(nPlaces);
  /** Bytes of its body that a place has sent, and may send. */
  const bodyAt = new Int32Array(nPlaces);
  const windowOf = new Float64Array(nPlaces);
  const samples = new Map<number, Uint8Array[]>();
  const dirty: Link[] = [];

  const connectionOf = (i: number): number => Math.floor(i / nStreams);

  const forEachPlace = (c: number, visit: (i: number) => void): void => {
    for (let i = c * nStreams; i < (c + 1) * nStreams; i++) visit(i);
  };

  // What goes out.

  const flush = (): void => {
    for (const link of dirty.splice(0)) {
      link.isDirty = false;
      writeOut(link);
    }
  };

  const writeOut = (link: Link): void => {
    if (link.socket === null || link.outLength === 0) return;
    const written = link.socket.write(link.out.subarray(0, link.outLength));
    if (written <= 0) return;
    link.out.copyWithin(0, written, link.outLength);
    link.outLength -= written;
  };

  /** Room for so many bytes at the end of what goes out. @returns where they begin */
  const reserve = (link: Link, nBytes: number): number => {
    const at = link.outLength;
    link.outLength += nBytes;
    if (link.outLength > link.out.length) {
      const larger = new Uint8Array(2 * link.outLength);
      larger.set(link.out.subarray(0, at));
      link.out = larger;
    }
    if (!link.isDirty) {
      link.isDirty = true;
      if (dirty.push(link) === 1) queueMicrotask(flush);
    }
    return at;
  };

  const push = (link: Link, bytes: Uint8Array): number => {
    const at = reserve(link, bytes.length);
    link.out.set(bytes, at);
    return at;
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
      const at = reserve(link, FRAME_HEAD + length);
      const flags = length === left ? END_STREAM : 0;
      writeFrameHead(link.out, at, { length, type: DATA, flags, id: streamOf[i]! });
      link.out.set(body.subarray(bodyAt[i]!, bodyAt[i]! + length), at + FRAME_HEAD);
      bodyAt[i]! += length;
      link.window -= length;
      windowOf[i]! -= length;
    }
    link.blocked.delete(i);
  };

  const pushBlocked = (link: Link): void => {
    for (const i of [...link.blocked]) pushBody(link, i);
  };

  // Requests.

  const serve = (i: number, t: number): void => {
    const plannedAt = ledger.next(i, t);
    if (plannedAt >= 0) send(i, plannedAt, t);
    else idle.push(i);
  };

  const send = (i: number, plannedAt: number, t: number): void => {
    const link = links[connectionOf(i)]!;
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
    const at = push(link, head);
    for (let frame = at; frame < link.outLength; ) {
      writeUint32(link.out, frame + 5, id);
      frame +=
        FRAME_HEAD +
        ((link.out[frame]! << 16) | (link.out[frame + 1]! << 8) | link.out[frame + 2]!);
    }
    if (body.length > 0) pushBody(link, i);
    if (link.nextId > LAST_ID) leave(link);
  };

  /** The stream of a place is over, whatever came of it. */
  const closeStream = (link: Link, i: number): void => {
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
      if (link.isLeaving && link.places.size === 0) hangUp(connectionOf(i), 'at-once');
    } else if (step.isRunning) serve(i, t);
    else idle.push(i);
  };

  const complete = (link: Link, i: number): void => {
    const t = nowUsOf(step);
    const chunks = samples.size > 0 ? samples.get(i) : undefined;
    const isWhole = bodyAt[i] === requests[requestIndex[i]!]!.body.length;
    closeStream(link, i);
    // An answer before the request was whole: nobody waits for the rest of it.
    if (!isWhole) push(link, resetStream(streamOf[i]!, NO_ERROR));
    ledger.answered(i, status[i]!, chunks && Buffer.concat(chunks), t);
    readyUs[i] = -1;
    release(link, i, t);
  };

  const lose = (link: Link, i: number, reason: string): void => {
    const t = nowUsOf(step);
    closeStream(link, i);
    addReason(recorder.tally, reason);
    ledger.lost(i, 'socketError', t);
    release(link, i, t);
  };

  /** A request that the service says it has not looked at is sent again on another connection. */
  const recall = (link: Link, i: number): void => {
    const t = nowUsOf(step);
    closeStream(link, i);
    recorder.recalled(plannedUs[i]!, sentUs[i]!, t);
    state[i] = IDLE;
    waiting.push(plannedUs[i]!);
    release(link, i, t);
    // It must not wait for an answer where another connection has a free stream.
    while (idle.size > 0 && waiting.size > 0) {
      const free = idle.shift();
      if (state[free] === IDLE) serve(free, t);
    }
  };

  // Connections.

  /** It takes no more streams, and is opened again when the last of them is over. */
  const leave = (link: Link): void => {
    link.isLeaving = true;
    const c = links.indexOf(link);
    forEachPlace(c, (i) => {
      if (state[i] === IDLE) state[i] = CLOSED;
    });
    if (link.places.size === 0) hangUp(c, 'at-once');
  };

  /** Nothing is left of a connection but its places. */
  const forgetLink = (c: number): void => {
    const link = links[c]!;
    if (link.isOpen) connections.nOpen--;
    connections.handles[c] = null;
    connections.state[c] = CLOSED;
    Object.assign(link, {
      ...buildLink(),
      places: link.places,
      blocked: link.blocked,
      out: link.out,
    });
    link.places.clear();
    link.blocked.clear();
    forEachPlace(c, (i) => {
      if (state[i] === IDLE) state[i] = CLOSED;
    });
  };

  const hangUp = (c: number, when: 'at-once' | 'later'): void => {
    const { socket } = links[c]!;
    forgetLink(c);
    socket?.terminate();
    connector.reconnect(c, when);
  };

  /** A connection is gone, and with it what was under way on it. */
  const gone = (
    c: number,
    reason: (hasBegun: boolean) => string,
    when: 'at-once' | 'later',
  ): void => {
    const link = links[c]!;
    const open = [...link.places.values()];
    link.isLeaving = false;
    const { socket } = link;
    link.socket = null;
    for (const i of open) lose(link, i, reason(status[i]! > 0));
    link.socket = socket;
    hangUp(c, when);
  };

  const broken = (c: number, reason: string): void => {
    if (links[c]!.isOpen) gone(c, () => reason, 'later');
    else fail(c, reason);
  };

  /** A connection that never opened. */
  const fail = (c: number, reason: string): void => {
    const { socket } = links[c]!;
    forgetLink(c);
    connector.failed(c, reason);
    socket?.terminate();
  };

  const greet = (socket: Socket<number>): void => {
    push(links[socket.data]!, preface());
  };

  const handlers = {
    binaryType: 'uint8array' as const,
    open: (socket: Socket<number>): void => {
      const link = links[socket.data]!;
      if (connections.state[socket.data] !== CONNECTING || connections.closing) {
        socket.terminate();
        return;
      }
      link.socket = socket;
      if (!isTls) greet(socket);
    },
    handshake: (socket: Socket<number>, success: boolean, fault: Error | null): void => {
      if (!isTls || links[socket.data]!.socket !== socket) return;
      if (!success && plan.tls?.verify !== false) {
        fail(socket.data, `TLS: ${fault?.message || 'the handshake failed'}`);
      } else if ((socket as { alpnProtocol?: unknown }).alpnProtocol !== 'h2') {
        fail(socket.data, 'the service does not agree to HTTP/2 (ALPN)');
      } else greet(socket);
    },
    data: (socket: Socket<number>, chunk: Uint8Array): void => receive(socket, chunk),
    drain: (socket: Socket<number>): void => {
      const link = links[socket.data]!;
      if (link.socket === socket) writeOut(link);
    },
    close: (socket: Socket<number>, fault?: unknown): void => {
      const c = socket.data;
      if (links[c]!.socket !== socket) return;
      if (!links[c]!.isOpen) {
        fail(c, 'closed at once');
        return;
      }
      if (links[c]!.places.size === 0) recorder.count('closedIdle');
      const how = fault ? `reset (${codeOf(fault)})` : 'closed';
      gone(c, (hasBegun) => `${how} ${hasBegun ? 'inside' : 'before'} an answer`, 'later');
    },
    error: (socket: Socket<number>, fault: Error): void => {
      if (links[socket.data]!.socket === socket) broken(socket.data, codeOf(fault));
    },
    connectError: (socket: Socket<number>, fault: Error): void => {
      if (connections.state[socket.data] === CONNECTING)
        connector.failed(socket.data, codeOf(fault));
    },
  };

  const open = (c: number): Promise<unknown> => {
    const common = { data: c, socket: handlers, ...(tls ? { tls } : {}) };
    if (plan.socketPath !== null) return Bun.connect({ ...common, unix: plan.socketPath });
    const hostname = plan.addresses[c % plan.addresses.length]!;
    return Bun.connect({ ...common, hostname, port: plan.port });
  };

  const abandon = (c: number): void => {
    const { socket } = links[c]!;
    forgetLink(c);
    socket?.terminate();
  };

  const connector = buildConnector({ ...shared, sockets: connections }, { open, abandon }, emit);

  // What comes in.

  const receive = (socket: Socket<number>, chunk: Uint8Array): void => {
    const c = socket.data;
    const link = links[c]!;
    if (link.socket !== socket) return;
    recorder.count('bytesIn', chunk.length);
    const bytes = link.rest === null ? chunk : Buffer.concat([link.rest, chunk]);
    link.rest = null;
    let at = 0;
    while (bytes.length - at >= FRAME_HEAD) {
      const length = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
      if (length > FRAME_LIMIT) {
        broken(c, 'not HTTP/2');
        return;
      }
      if (bytes.length - at - FRAME_HEAD < length) break;
      const end = at + FRAME_HEAD + length;
      readFrame(c, bytes.subarray(at, end));
      if (link.socket !== socket) return;
      at = end;
    }
    if (at < bytes.length) link.rest = bytes.slice(at);
  };

  const readFrame = (c: number, frame: Uint8Array): void => {
    const link = links[c]!;
    const type = frame[3]!;
    const flags = frame[4]!;
    const id = readUint32(frame, 5) & 0x7fff_ffff;
    if (!link.isOpen && type !== SETTINGS) {
      broken(c, 'not HTTP/2');
      return;
    }
    switch (type) {
      case DATA:
        readData(link, id, frame);
        break;
      case HEADERS: {
        const part = unpadded(frame, flags & PRIORITY ? 5 : 0);
        link.endsWithBlock = (flags & END_STREAM) !== 0;
        readBlock(link, id, part, flags);
        break;
      }
      case CONTINUATION: {
        const part = frame.subarray(FRAME_HEAD);
        readBlock(link, id, link.block ? Buffer.concat([link.block, part]) : part, flags);
        break;
      }
      case RST_STREAM: {
        const i = link.places.get(id);
        const code = readUint32(frame, FRAME_HEAD);
        if (i !== undefined) lose(link, i, `stream reset (${errorNameOf(code)})`);
        break;
      }
      case SETTINGS:
        if (!(flags & ACK)) readSettings(c, frame);
        break;
      case PING:
        if (!(flags & ACK)) push(link, pingAck(frame.subarray(FRAME_HEAD)));
        break;
      case GOAWAY:
        readGoaway(link, frame);
        break;
      case WINDOW_UPDATE: {
        const by = readUint32(frame, FRAME_HEAD);
        const i = link.places.get(id);
        if (id === 0) link.window += by;
        else if (i !== undefined) windowOf[i]! += by;
        if (link.blocked.size > 0) pushBlocked(link);
        break;
      }
    }
  };

  const readData = (link: Link, id: number, frame: Uint8Array): void => {
    link.received += frame.length - FRAME_HEAD;
    if (link.received > UPDATE_AFTER_BYTES) {
      push(link, windowUpdate(link.received));
      link.received = 0;
    }
    // A stream that was given up may still answer.
    const i = link.places.get(id);
    if (i === undefined) return;
    const sample = samples.size > 0 ? samples.get(i) : undefined;
    sample?.push(unpadded(frame, 0).slice());
    if (frame[4]! & END_STREAM) end(link, i);
  };

  const readBlock = (link: Link, id: number, block: Uint8Array, flags: number): void => {
    if (!(flags & END_HEADERS)) {
      link.block = block.slice();
      return;
    }
    link.block = null;
    const i = link.places.get(id);
    if (i === undefined) return;
    const read = readStatus(block, 0, block.length);
    // Of several heads the last that is not informational counts; trailers have no status.
    if (status[i] === 0 && read >= 200) status[i] = read;
    else if (status[i] === 0 && read === NO_STATUS) {
      push(link, resetStream(id, CANCEL));
      lose(link, i, 'an answer without a status');
      return;
    }
    if (link.endsWithBlock) end(link, i);
  };

  const end = (link: Link, i: number): void => {
    if (status[i]! > 0) complete(link, i);
    else lose(link, i, 'an answer without a status');
  };

  const readSettings = (c: number, frame: Uint8Array): void => {
    const link = links[c]!;
    for (let at = FRAME_HEAD; at + 6 <= frame.length; at += 6) {
      const key = (frame[at]! << 8) | frame[at + 1]!;
      const value = readUint32(frame, at + 2);
      if (key === SETTING_MAX_STREAMS) link.maxStreams = value;
      else if (key === SETTING_FRAME_LIMIT) link.frameLimit = Math.min(value, FRAME_LIMIT);
      else if (key === SETTING_WINDOW && value <= LARGEST_WINDOW) {
        for (const i of link.places.values()) windowOf[i]! += value - link.firstWindow;
        link.firstWindow = value;
      }
    }
    push(link, settingsAck());
    if (link.isOpen) {
      pushBlocked(link);
      return;
    }
    if (!connector.established(link.socket!)) return;
    link.isOpen = true;
    const t = nowUsOf(step);
    forEachPlace(c, (i) => {
      if (state[i] !== CLOSED || i % nStreams >= link.maxStreams) return;
      state[i] = IDLE;
      if (step.isRunning) serve(i, t);
      else idle.push(i);
    });
  };

  const readGoaway = (link: Link, frame: Uint8Array): void => {
    const lastId = readUint32(frame, FRAME_HEAD) & 0x7fff_ffff;
    const code = readUint32(frame, FRAME_HEAD + 4);
    const above = [...link.places].filter(([id]) => id > lastId);
    leave(link);
    for (const [, i] of above) {
      if (code === NO_ERROR) recall(link, i);
      else lose(link, i, `connection ended (${errorNameOf(code)})`);
    }
  };

  return {
    grow: (nConnections) => {
      connector.grow(nConnections);
      places.wanted = connections.wanted * nStreams;
    },
    settle: connector.settle,
    openMissing: connector.openMissing,
    isOpening: connector.isOpening,
    turn: connector.turn,
    nOpen: () => connections.nOpen,
    begin: (maxRequests) => {
      readyUs.fill(-1);
      connections.readyUs.fill(-1);
      ledger.begin(maxRequests);
    },
    start: () => {},
    serve,
    send,
    giveUp: (i, outcome: LossOutcome, t) => {
      const link = links[connectionOf(i)]!;
      push(link, resetStream(streamOf[i]!, CANCEL));
      closeStream(link, i);
      ledger.lost(i, outcome, t);
      release(link, i, t);
    },
    giveUpUnsent: ledger.unsent,
    isSpent: ledger.isSpent,
    tick: ledger.tick,
    isHeld: () => false,
    drain: () => {},
    reset: (share) => {
      const nReset = Math.round(connections.wanted * share);
      for (let c = 0; c < nReset; c++) {
        if (links[c]!.isOpen) gone(c, () => 'reset by this generator', 'at-once');
      }
    },
    close: () => {
      connections.closing = true;
      for (const { socket } of links) socket?.terminate();
    },
  };
};

/** The payload of a frame without its padding, and without so many bytes at its begin. */
const unpadded = (frame: Uint8Array, skip: number): Uint8Array => {
  const isPadded = frame[4]! & PADDED;
  const from = FRAME_HEAD + (isPadded ? 1 : 0) + skip;
  return frame.subarray(from, frame.length - (isPadded ? frame[FRAME_HEAD]! : 0));
};
