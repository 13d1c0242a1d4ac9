/**
 * The slow twin of `scanner.ts`: reads whole answers from one string, as the specification says it.
 */

interface ParsedResponse {
  readonly status: number;
  readonly closes: boolean;
  /** Status line and header fields. */
  readonly head: string;
  readonly body: string;
  /** Offset just past the answer. */
  readonly end: number;
}

/**
 * The first final answer of a text (latin1), undefined when it is not complete.
 * @param isClosed whether no more bytes can come, which completes a body without a length
 * @source RFC 9112
 */
export const readResponse = (
  text: string,
  bodiless = false,
  isClosed = false,
): ParsedResponse | undefined => {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = text.slice(0, headEnd);
  const [statusLine = '', ...lines] = head.split('\r\n');
  const status = Number(statusLine.split(' ')[1]);
  const start = headEnd + 4;
  if (status < 200) {
    const next = readResponse(text.slice(start), bodiless, isClosed);
    return next && { ...next, end: next.end + start };
  }
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const closes = headers.get('connection')?.toLowerCase() === 'close';
  if (bodiless || status === 204 || status === 304) {
    return { status, closes, head, body: '', end: start };
  }
  if (headers.get('transfer-encoding')?.toLowerCase() === 'chunked') {
    const chunked = readChunks(text, start);
    return chunked && { status, closes, head, ...chunked };
  }
  const length = headers.get('content-length');
  if (length === undefined && isClosed) {
    return { status, closes: true, head, body: text.slice(start), end: text.length };
  }
  const end = start + Number(length);
  if (!(end <= text.length)) return undefined;
  return { status, closes, head, body: text.slice(start, end), end };
};

const readChunks = (text: string, start: number): { body: string; end: number } | undefined => {
  let body = '';
  let at = start;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (size === 0) {
      let line = lineEnd + 2;
      for (;;) {
        const end = text.indexOf('\r\n', line);
        if (end < 0) return undefined;
        if (end === line) return { body, end: end + 2 };
        line = end + 2;
      }
    }
    if (lineEnd + 2 + size + 2 > text.length) return undefined;
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
};
