/**
 * What comes in on a connection of HTTP/2: bytes cut into frames, and each frame given to the stream or the connection
 * that it is about.
 * @source RFC 9113, sections 4 and 6
 */
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  errorNameOf,
  FRAME_HEAD,
  FRAME_LIMIT,
  GOAWAY,
  HEADERS,
  LARGEST_WINDOW,
  NO_ERROR,
  PADDED,
  PING,
  PRIORITY,
  pingAck,
  readUint24,
  readUint32,
  RST_STREAM,
  SETTING_FRAME_LIMIT,
  SETTING_MAX_STREAMS,
  SETTING_WINDOW,
  SETTINGS,
  settingsAck,
  WINDOW_UPDATE,
  windowUpdate,
} from './http2-frames.ts';
import type { Link, Output } from './http2-link.ts';
import type { Streams } from './http2-streams.ts';

interface Connections {
  /** The service has said its settings for the first time. */
  readonly opened: (link: Link) => void;
  /** It takes no more streams. */
  readonly leave: (link: Link) => void;
  /** What came is not what a service may send. */
  readonly broken: (link: Link, reason: string) => void;
}

const UPDATE_AFTER_BYTES = 2 ** 29;
/** A header block that goes on for longer is not an answer. */
const BLOCK_LIMIT = 2 ** 20;

/** @returns what takes the bytes that came on a connection */
export const buildIntake = (
  streams: Streams,
  output: Output,
  { opened, leave, broken }: Connections,
): ((link: Link, chunk: Uint8Array) => void) => {
  const readFrame = (link: Link, frame: Uint8Array): void => {
    const type = frame[3]!;
    const flags = frame[4]!;
    const id = readUint32(frame, 5) & 0x7fff_ffff;
    if (!link.isOpen && type !== SETTINGS) {
      broken(link, 'not HTTP/2');
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
        if (i !== undefined) streams.lose(link, i, `stream reset (${errorNameOf(code)})`);
        break;
      }
      case SETTINGS:
        if (!(flags & ACK)) readSettings(link, frame);
        break;
      case PING:
        if (!(flags & ACK)) output.push(link, pingAck(frame.subarray(FRAME_HEAD)));
        break;
      case GOAWAY:
        readGoaway(link, frame);
        break;
      case WINDOW_UPDATE: {
        const by = readUint32(frame, FRAME_HEAD);
        const i = link.places.get(id);
        if (id === 0) link.window += by;
        else if (i !== undefined) streams.widen(i, by);
        if (link.blocked.size > 0) streams.unblock(link);
        break;
      }
    }
  };

  const readData = (link: Link, id: number, frame: Uint8Array): void => {
    link.received += frame.length - FRAME_HEAD;
    if (link.received > UPDATE_AFTER_BYTES) {
      output.push(link, windowUpdate(link.received));
      link.received = 0;
    }
    // A stream that was given up may still answer.
    const i = link.places.get(id);
    if (i === undefined) return;
    streams.readBody(i, unpadded(frame, 0));
    if (frame[4]! & END_STREAM) streams.end(link, i);
  };

  const readBlock = (link: Link, id: number, block: Uint8Array, flags: number): void => {
    if (!(flags & END_HEADERS)) {
      if (block.length > BLOCK_LIMIT) broken(link, 'a head without end');
      else link.block = block.slice();
      return;
    }
    link.block = null;
    const i = link.places.get(id);
    if (i === undefined) return;
    streams.readHead(link, i, block);
    if (link.endsWithBlock && link.places.get(id) === i) streams.end(link, i);
  };

  const readSettings = (link: Link, frame: Uint8Array): void => {
    for (let at = FRAME_HEAD; at + 6 <= frame.length; at += 6) {
      const key = (frame[at]! << 8) | frame[at + 1]!;
      const value = readUint32(frame, at + 2);
      if (key === SETTING_MAX_STREAMS) link.maxStreams = value;
      else if (key === SETTING_FRAME_LIMIT) link.frameLimit = Math.min(value, FRAME_LIMIT);
      else if (key === SETTING_WINDOW && value <= LARGEST_WINDOW) {
        for (const i of link.places.values()) streams.widen(i, value - link.firstWindow);
        link.firstWindow = value;
      }
    }
    output.push(link, settingsAck());
    if (link.isOpen) streams.unblock(link);
    else opened(link);
  };

  const readGoaway = (link: Link, frame: Uint8Array): void => {
    const lastId = readUint32(frame, FRAME_HEAD) & 0x7fff_ffff;
    const code = readUint32(frame, FRAME_HEAD + 4);
    const above = [...link.places].filter(([id]) => id > lastId);
    leave(link);
    for (const [, i] of above) {
      if (code === NO_ERROR) streams.recall(link, i);
      else streams.lose(link, i, `connection ended (${errorNameOf(code)})`);
    }
  };

  return (link, chunk) => {
    const { socket } = link;
    const bytes = link.rest === null ? chunk : Buffer.concat([link.rest, chunk]);
    link.rest = null;
    let at = 0;
    while (bytes.length - at >= FRAME_HEAD) {
      const length = readUint24(bytes, at);
      if (length > FRAME_LIMIT) {
        broken(link, 'not HTTP/2');
        return;
      }
      if (bytes.length - at - FRAME_HEAD < length) break;
      const end = at + FRAME_HEAD + length;
      readFrame(link, bytes.subarray(at, end));
      // The frame was the end of its connection.
      if (link.socket !== socket) return;
      at = end;
    }
    if (at < bytes.length) link.rest = bytes.slice(at);
  };
};

/** The payload of a frame without its padding, and without so many bytes at its begin. */
const unpadded = (frame: Uint8Array, skip: number): Uint8Array => {
  const isPadded = frame[4]! & PADDED;
  const from = FRAME_HEAD + (isPadded ? 1 : 0) + skip;
  return frame.subarray(from, frame.length - (isPadded ? frame[FRAME_HEAD]! : 0));
};
