/**
 * Answers as bytes: gathered in one buffer while connections are served, and sent at the end with one write for each.
 */
import { type Ready, textOf, type Written } from './call.ts';
import type { CoarseClock } from './coarse-clock.ts';
import { type Kept, messageOf } from './kept-answer.ts';
import { REASONS } from './status.ts';

/** Whether the connection persists after the message, and how its Connection field says so. @source RFC 9112, 9.3 */
export type Persistence = 'keep' | 'keep-1.0' | 'close';

const CONNECTION: Readonly<Record<Persistence, string>> = {
  keep: '',
  'keep-1.0': 'Connection: keep-alive\r\n',
  close: 'Connection: close\r\n',
};

interface AnswerHead {
  readonly status: number;
  readonly headers: Iterable<readonly [string, string]>;
  readonly persistence: Persistence;
}

export interface Writer<T> {
  readonly ready: (answer: Ready, persistence: Persistence, isHead: boolean, sink: T) => void;
  readonly whole: (head: AnswerHead, body: Uint8Array | string, isHead: boolean, sink: T) => void;
  /** The head of an answer whose body follows by `part`: of so many bytes, or in chunks, and then `last` follows. */
  readonly begin: (head: AnswerHead, framing: number | boolean, sink: T) => void;
  readonly part: (bytes: Uint8Array, isChunked: boolean, sink: T) => void;
  readonly last: (sink: T) => void;
  readonly sendContinue: (sink: T) => void;
  /** Sends what has been gathered. */
  readonly flush: () => void;
}

export const GATHER_BYTES = 64 * 1024;
/** How many have bytes gathered at the same time. */
const OWNERS = 256;
/** A larger text is made first and gathered then: its head needs room as well. */
const WRITTEN_LIMIT_BYTES = GATHER_BYTES / 2;
/** Room for one more letter, so that a text that is longer as UTF-8 is never taken for one that is not. */
const MARGIN = 4;
const JSON_FIELDS = [['Content-Type', 'application/json']] as const;
const SPOKEN_FIELDS = [...JSON_FIELDS, ['Vary', 'accept-language']] as const;
/** How many digits most lengths have: so many are kept free in a head that is made before its body. */
const LENGTH_DIGITS = 3;
const [ZERO, CR, LF] = [48, 13, 10] as const;
/** Fields that belong to the message, not to the answer. */
const OWN_FIELDS = /^(?:connection|content-length|date|keep-alive|transfer-encoding)$/i;

/**
 * @param gathered of GATHER_BYTES
 * @param send takes `bytes[from .. to)`, which are used again after the call; writes nothing itself
 */
export const buildWriter = <T>(
  clock: CoarseClock,
  gathered: Buffer,
  send: (sink: T, bytes: Uint8Array, from: number, to: number) => void,
): Writer<T> => {
  let used = 0;
  /** Whose bytes are gathered, one after the other, and where those of each end; the end of the last is `used`. */
  const owners: T[] = [];
  const ends: number[] = [];
  let nOwners = 0;
  let headDate = '';
  let jsonHead = '';
  let spokenHead = '';
  /** Heads of JSON texts whose length is not known yet, and the one that is where the next bytes would begin. */
  let openJson: Uint8Array = new Uint8Array(0);
  let openSpoken = openJson;
  let openHead: Uint8Array | undefined;

  const flush = (): void => {
    const n = nOwners;
    if (n === 0) return;
    ends[n - 1] = used;
    used = 0;
    nOwners = 0;
    for (let i = 0, from = 0; i < n; i++) {
      const to = ends[i]!;
      if (to > from) send(owners[i]!, gathered, from, to);
      from = to;
    }
  };
  const reserve = (length: number, sink: T): void => {
    if (used + length > GATHER_BYTES || nOwners === OWNERS) flush();
    if (nOwners > 0 && owners[nOwners - 1] === sink) return;
    if (nOwners > 0) ends[nOwners - 1] = used;
    owners[nOwners++] = sink;
  };

  /** @returns whether the text was ASCII, and is there now */
  const putAscii = (text: string, sink: T): boolean => {
    reserve(text.length + MARGIN, sink);
    if (text.length + MARGIN > GATHER_BYTES) return false;
    openHead = undefined;
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
    openHead = undefined;
    gathered.set(bytes, used);
    used += bytes.length;
  };
  const putText = (text: string, sink: T): void => {
    if (!putAscii(text, sink)) put(Buffer.from(text), sink);
  };

  const headText = ({ status, headers, persistence }: AnswerHead): string => {
    let head = `HTTP/1.1 ${status} ${REASONS[status] ?? ''}\r\n`;
    for (const [name, value] of headers)
      if (!OWN_FIELDS.test(name)) head += `${name}: ${value}\r\n`;
    return `${head}Date: ${clock.date}\r\n${CONNECTION[persistence]}`;
  };

  const whole: Writer<T>['whole'] = (head, body, isHead, sink) => {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const hasLength = head.status !== 204 && head.status !== 304;
    const length = hasLength ? `Content-Length: ${bytes.length}\r\n\r\n` : '\r\n';
    put(Buffer.from(headText(head) + length, 'latin1'), sink);
    if (hasLength && !isHead) put(bytes, sink);
  };

  const headOf = (headers: AnswerHead['headers']): string =>
    headText({ status: 200, headers, persistence: 'keep' });
  const openOf = (head: string): Uint8Array =>
    Buffer.from(`${head}Content-Length: ${'0'.repeat(LENGTH_DIGITS)}\r\n\r\n`);
  const renewHeads = (): void => {
    if (headDate === clock.date) return;
    headDate = clock.date;
    jsonHead = headOf(JSON_FIELDS);
    spokenHead = headOf(SPOKEN_FIELDS);
    [openJson, openSpoken] = [openOf(jsonHead), openOf(spokenHead)];
    openHead = undefined;
  };
  const json = (
    { text, isSpoken }: { readonly text: string; readonly isSpoken: boolean },
    persistence: Persistence,
    isHead: boolean,
    sink: T,
  ): void => {
    renewHeads();
    const answer = `${isSpoken ? spokenHead : jsonHead}${CONNECTION[persistence]}Content-Length: ${text.length}\r\n\r\n${text}`;
    if (!isHead && putAscii(answer, sink)) return;
    const headers = isSpoken ? SPOKEN_FIELDS : JSON_FIELDS;
    whole({ status: 200, headers, persistence }, text, isHead, sink);
  };

  /** The head of the last one is used again where it is, if nothing else came between. */
  const written = (answer: Written, sink: T): void => {
    renewHeads();
    const head = answer.isSpoken ? openSpoken : openJson;
    reserve(head.length + answer.mostBytes() + MARGIN, sink);
    if (used > 0 || openHead !== head) gathered.set(head, used);
    openHead = used === 0 ? head : undefined;
    let bodyAt = used + head.length;
    let end = answer.write(gathered, bodyAt);
    const length = end - bodyAt;
    const nDigits =
      length < 100 ? (length < 10 ? 1 : 2) : length < 1000 ? 3 : length < 10_000 ? 4 : 5;
    if (nDigits !== LENGTH_DIGITS) {
      const shift = nDigits - LENGTH_DIGITS;
      gathered.copyWithin(bodyAt + shift, bodyAt, end);
      bodyAt += shift;
      end += shift;
      for (const [i, byte] of [CR, LF, CR, LF].entries()) gathered[bodyAt - 4 + i] = byte;
      openHead = undefined;
    }
    for (let rest = length, at = bodyAt - 5; at >= bodyAt - 4 - nDigits; at--) {
      const tens = Math.floor(rest / 10);
      gathered[at] = ZERO + rest - tens * 10;
      rest = tens;
    }
    used = end;
  };

  const kept = (answer: Kept, persistence: Persistence, isHead: boolean, sink: T): void => {
    const { status, headers, body, bodyAt } = answer;
    if (persistence === 'keep') {
      const message = messageOf(answer, clock);
      put(isHead ? message.subarray(0, bodyAt) : message, sink);
    } else whole({ status, headers: Object.entries(headers), persistence }, body, isHead, sink);
  };

  return {
    ready: (answer, persistence, isHead, sink) => {
      if (typeof answer === 'string')
        json({ text: answer, isSpoken: false }, persistence, isHead, sink);
      else if (answer.kind === 'written') {
        if (persistence === 'keep' && !isHead && answer.mostBytes() < WRITTEN_LIMIT_BYTES)
          written(answer, sink);
        else {
          const { isSpoken } = answer;
          json({ text: textOf(answer), isSpoken }, persistence, isHead, sink);
        }
      } else if (answer.kind === 'kept') kept(answer, persistence, isHead, sink);
      else json({ text: answer.text, isSpoken: true }, persistence, isHead, sink);
    },
    whole,
    begin: (head, framing, sink) => {
      const field =
        typeof framing === 'number'
          ? `Content-Length: ${framing}\r\n`
          : framing
            ? 'Transfer-Encoding: chunked\r\n'
            : '';
      put(Buffer.from(`${headText(head)}${field}\r\n`, 'latin1'), sink);
    },
    part: (bytes, isChunked, sink) => {
      if (bytes.length === 0) return;
      if (isChunked) putText(`${bytes.length.toString(16)}\r\n`, sink);
      put(bytes, sink);
      if (isChunked) putText('\r\n', sink);
    },
    last: (sink) => putText('0\r\n\r\n', sink),
    sendContinue: (sink) => putText('HTTP/1.1 100 Continue\r\n\r\n', sink),
    flush,
  };
};
