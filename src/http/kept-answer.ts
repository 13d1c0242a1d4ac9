/**
 * An answer that is the same for many callers: its head and its body are bytes that are made once and written as they
 * are. Only the Date within them is set anew, once a second.
 */
import type { CoarseClock } from './coarse-clock.ts';
import { REASONS } from './status.ts';

export interface Kept {
  readonly kind: 'kept';
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
  /** The whole message, for a connection that persists. */
  readonly message: Buffer<ArrayBuffer>;
  /** Where the Date stands in it. */
  readonly dateAt: number;
  /** Where the body begins in it. */
  readonly bodyAt: number;
  date: string;
}

/** As long as every date is, see `coarse-clock`. */
const NO_DATE = 'Thu, 01 Jan 1970 00:00:00 GMT';

export const keepAnswer = (
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array<ArrayBuffer> = new Uint8Array(0),
): Kept => {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = status === 204 || status === 304 ? '' : `Content-Length: ${body.length}\r\n`;
  const start = `HTTP/1.1 ${status} ${REASONS[status] ?? ''}\r\n${fields.join('')}${length}Date: `;
  const head = Buffer.from(`${start}${NO_DATE}\r\n\r\n`, 'latin1');
  return {
    kind: 'kept',
    status,
    headers,
    body,
    message: Buffer.concat([head, body]),
    dateAt: start.length,
    bodyAt: head.length,
    date: NO_DATE,
  };
};

/** The bytes of the message as of now. */
export const messageOf = (kept: Kept, { date }: CoarseClock): Buffer<ArrayBuffer> => {
  if (kept.date !== date) {
    kept.date = date;
    kept.message.write(date, kept.dateAt, 'latin1');
  }
  return kept.message;
};
