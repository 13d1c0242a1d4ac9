/**
 * Frames of HTTP/2 as bytes: those that a client sends, and the names of errors.
 * @source RFC 9113, sections 4, 6 and 7
 */

export const FRAME_HEAD = 9;
export const DATA = 0;
export const HEADERS = 1;
export const RST_STREAM = 3;
export const SETTINGS = 4;
export const PING = 6;
export const GOAWAY = 7;
export const WINDOW_UPDATE = 8;
export const CONTINUATION = 9;

export const END_STREAM = 0x1;
export const ACK = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;
export const PRIORITY = 0x20;

export const NO_ERROR = 0;
export const CANCEL = 8;
const ERRORS = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
] as const;

export const errorNameOf = (code: number): string => ERRORS[code] ?? `error ${code}`;

/** Largest payload that both sides may send unless they say otherwise. */
export const FRAME_LIMIT = 16_384;
export const USUAL_WINDOW = 65_535;
export const LARGEST_WINDOW = 2 ** 31 - 1;

const SETTING_TABLE_SIZE = 1;
const SETTING_PUSH = 2;
export const SETTING_MAX_STREAMS = 3;
export const SETTING_WINDOW = 4;
export const SETTING_FRAME_LIMIT = 5;

/** The head of a frame, written into bytes. */
export const writeFrameHead = (
  bytes: Uint8Array,
  at: number,
  frame: {
    readonly length: number;
    readonly type: number;
    readonly flags: number;
    readonly id: number;
  },
): void => {
  bytes[at] = frame.length >>> 16;
  bytes[at + 1] = frame.length >>> 8;
  bytes[at + 2] = frame.length;
  bytes[at + 3] = frame.type;
  bytes[at + 4] = frame.flags;
  writeUint32(bytes, at + 5, frame.id);
};

export const writeUint32 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
};

/** Of a frame its first three bytes: how long its payload is. */
export const readUint24 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;

export const readUint32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

const frameOf = (type: number, flags: number, id: number, payload: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(FRAME_HEAD + payload.length);
  writeFrameHead(bytes, 0, { length: payload.length, type, flags, id });
  bytes.set(payload, FRAME_HEAD);
  return bytes;
};

const uint32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  writeUint32(bytes, 0, value);
  return bytes;
};

/** What a client says first: no table of headers, no pushes, and windows that no answer fills. */
export const preface = (): Uint8Array => {
  const settings = [
    [SETTING_TABLE_SIZE, 0],
    [SETTING_PUSH, 0],
    [SETTING_WINDOW, LARGEST_WINDOW],
  ].flatMap(([key, value]) => [0, key!, ...uint32(value!)]);
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frameOf(SETTINGS, 0, 0, Uint8Array.from(settings)),
    windowUpdate(LARGEST_WINDOW - USUAL_WINDOW),
  ]);
};

/** More room for a whole connection. */
export const windowUpdate = (by: number): Uint8Array => frameOf(WINDOW_UPDATE, 0, 0, uint32(by));

export const settingsAck = (): Uint8Array => frameOf(SETTINGS, ACK, 0, new Uint8Array(0));

export const pingAck = (payload: Uint8Array): Uint8Array => frameOf(PING, ACK, 0, payload);

export const resetStream = (id: number, code: number): Uint8Array =>
  frameOf(RST_STREAM, 0, id, uint32(code));

/** A request's header block as frames, for stream 0: the number of its stream is written in before it is sent. */
export const headerFrames = (block: Uint8Array, hasBody: boolean): Uint8Array => {
  const parts: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < block.length; at += FRAME_LIMIT) {
    const part = block.subarray(at, at + FRAME_LIMIT);
    const isLast = at + FRAME_LIMIT >= block.length;
    const flags = (isLast ? END_HEADERS : 0) | (at === 0 && !hasBody ? END_STREAM : 0);
    parts.push(frameOf(at === 0 ? HEADERS : CONTINUATION, flags, 0, part));
  }
  return Buffer.concat(parts);
};
