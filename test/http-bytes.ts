/**
 * Streams of requests as bytes, in order and broken on purpose, and what a server makes of them.
 */

export interface Stream {
  readonly nRequests: number;
  readonly bytes: Buffer;
  /** Where the bytes are cut on their way. */
  readonly cuts: readonly number[];
  /** Holds what the runtime's own server reads wrongly: trailers, or no name of a host. */
  readonly isBeyondReference: boolean;
}

const FLIGHT_BODY =
  '{"airline":"DL","origin":"JFK","destination":"LAX","scheduledDeparture":"2013-07-05T18:30"}';

const METHODS = ['GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'get', 'BREW', 'TRACE', 'P@ST'];
const TARGETS = [
  '/livez',
  '/predict',
  '/predict?explain=true',
  '/model',
  '/nothing',
  '/v2',
  '/a/../livez',
  '/%6civez',
  '//livez',
  '/livez?a="<>"',
  'http://t/livez',
  'https://other:81/predict',
  'ftp://t/livez',
  'livez',
  '*',
  '/\u00e9',
  '/li vez',
  `/${'a'.repeat(9000)}`,
];
const VERSIONS = [
  'HTTP/1.1',
  'HTTP/1.0',
  'HTTP/1.2',
  'HTTP/2.0',
  'http/1.1',
  'HTTP/1.1 ',
  'HTTP1.1',
  '',
];
const FIELDS = [
  'Host: t',
  'Host: other',
  'Host: a b',
  'Host:',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: Upgrade, CLOSE',
  'Content-Length: 5',
  'Content-Length: +5',
  'Content-Length: 5,5',
  'Content-Length: 99999999999999999999',
  'Content-Length: -1',
  'Content-Length: 0x5',
  'Content-Length:',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding: \u000bchunked',
  'Expect: 100-continue',
  'Expect: 200-ok',
  'X-Empty:',
  'X-Tabs: \ta\tb\t ',
  'X-High: \u00e9',
  'X-Nul: a\u0000b',
  'X-Del: a\u007fb',
  'X-Lf: a\nb',
  'X-Cr: a\rb',
  ' folded',
  'no colon',
  ': no name',
  'X(paren): a',
  'X-\u00e9: a',
  `X-Long: ${'a'.repeat(5000)}`,
  'Accept: application/json',
  'Accept-Encoding: gzip',
];
const SIZES = [
  '-1',
  '+5',
  '0x5',
  '',
  'zz',
  'ffffffffffffffff',
  '5 ',
  '05',
  '5;a=b',
  '5;a="b"',
  '5;',
  '5;a ',
  '5; a',
  '5;a\tb',
];
const ENDS = ['\r\n', '\n', '\r', '\r\n\r\n', ''];

interface Choice {
  /** A whole number from 0 up to `n`, without it. */
  readonly below: (n: number) => number;
}

const NAMELESS = /HTTP\/1\.0|Host:\s*\r\n/;

/** How often something is broken on purpose. */
const BROKEN = 0.25;

export const makeStream = ({ below }: Choice): Stream => {
  const pick = <T>(from: readonly T[]): T => from[below(from.length)]!;
  const chance = (share: number): boolean => below(1000) < share * 1000;
  let isBeyondReference = false;

  const chunked = (body: string, isBroken: boolean): string => {
    let text = '';
    for (let at = 0; at < body.length; ) {
      const n = 1 + below(body.length - at);
      const size = isBroken && chance(0.3) ? pick(SIZES) : n.toString(16);
      const extension = chance(0.1) ? ';name=value' : '';
      const end = isBroken && chance(0.2) ? pick(ENDS) : '\r\n';
      text += `${size}${extension}\r\n${body.slice(at, at + n)}${end}`;
      at += n;
    }
    const isTrailed = chance(0.1);
    isBeyondReference ||= isTrailed;
    const trailer = isTrailed
      ? pick(['X-Sum: 1\r\n', 'X: a\r\nY: b\r\n', 'broken\r\n', 'X: \0\r\n'])
      : '';
    return `${text}0\r\n${trailer}${isBroken && chance(0.2) ? pick(ENDS) : '\r\n'}`;
  };

  const request = (): string => {
    const isBroken = chance(BROKEN);
    const method = isBroken && chance(0.2) ? pick(METHODS) : pick(['GET', 'POST', 'POST', 'HEAD']);
    const target =
      isBroken && chance(0.3) ? pick(TARGETS) : method === 'POST' ? '/predict' : '/livez';
    const version = isBroken && chance(0.2) ? pick(VERSIONS) : 'HTTP/1.1';
    const fields = ['Host: t', 'Content-Type: application/json'];
    if (chance(0.3)) fields.push('User-Agent: stream/1', 'Accept: */*');
    let body = '';
    if (method === 'POST' || chance(0.05)) {
      const plain = chance(0.9) ? FLIGHT_BODY : pick(['', '{}', '[', 'hello', '{"flights":[]}']);
      if (chance(0.5)) {
        fields.push(`${pick(['Content-Length', 'content-length'])}: ${plain.length}`);
        body = plain;
      } else {
        fields.push(`Transfer-Encoding: ${pick(['chunked', 'Chunked'])}`);
        body = chunked(plain, isBroken);
      }
    }
    if (isBroken)
      for (let n = below(4); n > 0; n--) {
        if (chance(0.2)) fields.splice(below(fields.length), 1);
        else fields.splice(below(fields.length + 1), 0, pick(FIELDS));
      }
    const end = isBroken && chance(0.1) ? pick(ENDS) : '\r\n';
    let text = `${method} ${target} ${version}\r\n${fields.map((field) => `${field}\r\n`).join('')}${end}${body}`;
    if (isBroken && chance(0.3)) {
      const at = below(text.length);
      text = text.slice(0, at) + String.fromCharCode(below(256)) + text.slice(at + below(2));
    }
    return text;
  };

  let text = '';
  const nRequests = 1 + below(4);
  for (let n = 0; n < nRequests; n++) text += request();
  const bytes = Buffer.from(text, 'latin1');
  const nCuts = pick([0, 0, 1, 2, 5]);
  const cuts = Array.from({ length: nCuts }, () => below(bytes.length)).sort((a, b) => a - b);
  return { nRequests, bytes, cuts, isBeyondReference: isBeyondReference || NAMELESS.test(text) };
};

/** What came back on one connection. */
interface Reply {
  readonly answers: readonly {
    readonly status: number;
    readonly type: string;
    readonly body: string;
  }[];
  /** The server ended the connection. */
  readonly isClosed: boolean;
}

/** How long a server that has said nothing is taken to wait for more; and when in doubt. */
const SILENCE_MS = 40;
const LONG_SILENCE_MS = 500;
const PAUSE_MS = 1;

/** Sends a stream in its pieces. */
const talk = (port: number, { bytes, cuts }: Stream, silenceMs: number): Promise<Reply> =>
  new Promise((resolve, reject) => {
    let heard = '';
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isDone = false;
    const finish = (socket: Bun.Socket, isClosed: boolean): void => {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      resolve({ answers: answersOf(heard), isClosed });
      socket.terminate();
    };
    const listen = (socket: Bun.Socket): void => {
      clearTimeout(timer);
      timer = setTimeout(() => finish(socket, false), silenceMs);
    };
    const send = (socket: Bun.Socket, from: number, nSent: number): void => {
      const to = cuts[nSent] ?? bytes.length;
      if (isDone) return;
      socket.write(bytes.subarray(from, to));
      if (to < bytes.length) setTimeout(() => send(socket, to, nSent + 1), PAUSE_MS);
      else listen(socket);
    };
    Bun.connect({
      hostname: '127.0.0.1',
      port,
      allowHalfOpen: true,
      socket: {
        open: (socket) => send(socket, 0, 0),
        data: (socket, part) => {
          heard += part.toString('latin1');
          if (timer) listen(socket);
        },
        end: (socket) => finish(socket, true),
        close: (socket) => finish(socket, true),
        error: () => {},
      },
    }).catch(reject);
  });

/** The final answers in a text; an answer to HEAD is told from the next one by the status line that follows. */
const answersOf = (text: string): Reply['answers'] => {
  const answers: { status: number; type: string; body: string }[] = [];
  let rest = text;
  for (;;) {
    const head = /^HTTP\/1\.1 (\d{3})[^\r]*\r\n((?:[^\r]+\r\n)*)\r\n/.exec(rest);
    if (!head) return answers;
    rest = rest.slice(head[0].length);
    const status = Number(head[1]);
    if (status < 200) continue;
    const length = Number(/^content-length: *(\d+)/im.exec(head[2]!)?.[1] ?? 0);
    const hasBody = !rest.startsWith('HTTP/1.1 ');
    const type = /^content-type: *([^\r]*)/im.exec(head[2]!)?.[1] ?? '';
    answers.push({ status, type, body: hasBody ? rest.slice(0, length) : '' });
    if (hasBody) rest = rest.slice(length);
  }
};

/** How far two replies to one stream agree; `what` holds both sides of the first difference. */
export interface Comparison {
  /**
   * `refused`: both refuse, by another status or without a word; `stricter`: ours refuses what the twin takes;
   * `later`: ours waits for the rest of a message that the twin has judged already; `laxer`: ours takes what the
   * twin refuses; `different`: anything else.
   */
  readonly kind: 'same' | 'refused' | 'stricter' | 'later' | 'laxer' | 'different';
  readonly what: string;
}

const compare = (ours: Reply, twin: Reply): Comparison => {
  for (let i = 0; ; i++) {
    const [a, b] = [ours.answers[i], twin.answers[i]];
    if (a === undefined && b === undefined) break;
    if (a && b && a.status === b.status && a.type === b.type && a.body === b.body) continue;
    const what = `${a ? `${a.status} ${detailOf(a.body)}` : endOf(ours)} | ${b ? b.status : endOf(twin)}`;
    const refuses = (a ? a.status >= 400 : ours.isClosed) && (!a || ours.isClosed || !b);
    const isTwinRefusal = b ? b.status >= 400 : twin.isClosed;
    if (a === undefined && !ours.isClosed) return { kind: 'later', what };
    if (isTwinRefusal && (!a || a.status >= 400)) return { kind: 'refused', what };
    if (isTwinRefusal) return { kind: 'laxer', what };
    return { kind: refuses ? 'stricter' : 'different', what };
  }
  if (ours.isClosed === twin.isClosed) return { kind: 'same', what: '' };
  const last = ours.answers.at(-1)?.status ?? 'nothing';
  const what = `after ${last}: ${endOf(ours)} | ${endOf(twin)}`;
  return { kind: ours.isClosed ? 'stricter' : 'laxer', what };
};

/** Sends one stream to both. A difference counts only when it is there again, with more patience. */
export const compareOn = async (
  oursPort: number,
  twinPort: number,
  stream: Stream,
): Promise<Comparison> => {
  const ask = async (silenceMs: number): Promise<Comparison> => {
    const ports = [oursPort, twinPort];
    const [ours, twin] = await Promise.all(ports.map((port) => talk(port, stream, silenceMs)));
    return compare(ours!, twin!);
  };
  const first = await ask(SILENCE_MS);
  const isOdd = first.kind === 'laxer' || first.kind === 'different' || first.kind === 'later';
  return isOdd ? ask(LONG_SILENCE_MS) : first;
};

const endOf = ({ isClosed }: Reply): string => (isClosed ? 'closed' : 'open');

const detailOf = (body: string): string => {
  try {
    return String((JSON.parse(body) as { detail: unknown }).detail).slice(0, 60);
  } catch {
    return '';
  }
};
