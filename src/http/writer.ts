/**
 * Answers as bytes: gathered in one buffer while a connection is served, and sent with one write at its end.
 */
import type { Clock } from './coarse-clock.ts';
import { REASONS } from './status.ts';

/** How the message after this one will find the connection. */
export type Then = 'keep' | 'keep-1.0' | 'close';

const CONNECTION: Readonly<Record<Then, string>> = {
  keep: '',
  'keep-1.0': 'Connection: keep-alive\r\n',
  close: 'Connection: close\r\n',
};

export interface Writer<T> {
  /** 200 with JSON. */
  readonly json: (text: string, then: Then, isHead: boolean, sink: T) => void;
  readonly whole: (
    status: number,
    headers: Iterable<readonly [string, string]>,
    body: Uint8Array | string,
    then: Then,
    isHead: boolean,
    sink: T,
  ) => void;
  /** The head of an answer whose body follows by `part`, then `last`. */
  readonly begin: (
    status: number,
    headers: Iterable<readonly [string, string]>,
    isChunked: boolean,
    then: Then,
    sink: T,
  ) => void;
  readonly part: (bytes: Uint8Array, isChunked: boolean, sink: T) => void;
  readonly last: (sink: T) => void;
  readonly goOn: (sink: T) => void;
  /** Sends what has been gathered. */
  readonly flush: () => void;
}

const GATHER_BYTES = 64 * 1024;
/** Room for one more letter, so that a text that is longer as UTF-8 is never taken for one that is not. */
const SPARE = 4;
/** Fields that belong to the message, not to the answer. */
const OWN_FIELDS = /^(?:connection|content-length|date|keep-alive|transfer-encoding)$/i;

/** @param send takes `bytes[from .. to)`; the bytes are used again after the call */
export const buildWriter = <T>(
  clock: Clock,
  send: (sink: T, bytes: Uint8Array, from: number, to: number) => void,
): Writer<T> => {
  const gathered = Buffer.allocUnsafeSlow(GATHER_BYTES);
  let used = 0;
  /** Whose bytes are gathered: never those of two. */
  let owner: T | undefined;
  let jsonDate = '';
  let jsonHead = '';

  const flush = (): void => {
    if (used === 0) return;
    const to = used;
    used = 0;
    send(owner!, gathered, 0, to);
  };
  const reserve = (length: number, sink: T): void => {
    if (owner !== sink || used + length > GATHER_BYTES) flush();
    owner = sink;
  };

  /** @returns whether the text was ASCII, and is there now */
  const putAscii = (text: string, sink: T): boolean => {
    reserve(text.length + SPARE, sink);
    if (text.length + SPARE > GATHER_BYTES) return false;
    if (gathered.write(text, used) !== text.length) return false;
    used += text.length;
    return true;
  };
  const put = (bytes: Uint8Array, sink: T): void => {
    reserve(bytes.length, sink);
    if (bytes.length > GATHER_BYTES) {
      send(sink, bytes, 0, bytes.length);
      return;
    }
    gathered.set(bytes, used);
    used += bytes.length;
  };
  const putText = (text: string, sink: T): void => {
    if (!putAscii(text, sink)) put(Buffer.from(text), sink);
  };

  const headOf = (
    status: number,
    headers: Iterable<readonly [string, string]>,
    then: Then,
  ): string => {
    let head = `HTTP/1.1 ${status} ${REASONS[status] ?? ''}\r\n`;
    for (const [name, value] of headers)
      if (!OWN_FIELDS.test(name)) head += `${name}: ${value}\r\n`;
    return `${head}Date: ${clock.date}\r\n${CONNECTION[then]}`;
  };

  const whole: Writer<T>['whole'] = (status, headers, body, then, isHead, sink) => {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const hasLength = status !== 204 && status !== 304;
    const length = hasLength ? `Content-Length: ${bytes.length}\r\n\r\n` : '\r\n';
    put(Buffer.from(headOf(status, headers, then) + length, 'latin1'), sink);
    if (hasLength && !isHead) put(bytes, sink);
  };

  return {
    json: (text, then, isHead, sink) => {
      if (jsonDate !== clock.date) {
        jsonDate = clock.date;
        jsonHead = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: ${jsonDate}\r\n`;
      }
      const answer = `${jsonHead}${CONNECTION[then]}Content-Length: ${text.length}\r\n\r\n${text}`;
      if (isHead || !putAscii(answer, sink))
        whole(200, [['Content-Type', 'application/json']], text, then, isHead, sink);
    },
    whole,
    begin: (status, headers, isChunked, then, sink) => {
      const framing = isChunked ? 'Transfer-Encoding: chunked\r\n\r\n' : '\r\n';
      put(Buffer.from(headOf(status, headers, then) + framing, 'latin1'), sink);
    },
    part: (bytes, isChunked, sink) => {
      if (bytes.length === 0) return;
      if (isChunked) putText(`${bytes.length.toString(16)}\r\n`, sink);
      put(bytes, sink);
      if (isChunked) putText('\r\n', sink);
    },
    last: (sink) => putText('0\r\n\r\n', sink),
    goOn: (sink) => putText('HTTP/1.1 100 Continue\r\n\r\n', sink),
    flush,
  };
};
