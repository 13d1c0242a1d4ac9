/**
 * The traffic of an access log (nginx, Apache: common or combined format), with its times.
 *
 * Times are known to the second: the requests of one second are spread evenly over it.
 */
import { AppError } from '../../core/errors.ts';
import type { Payload } from './payload.ts';
import type { Request } from './request.ts';

const LINE =
  /\[(\d{2})\/(\w{3})\/(\d{4}):(\d{2}):(\d{2}):(\d{2}) ([+-])(\d{2})(\d{2})\] "(\S+) (\S+)/;
const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';
/** Requests without a body that change nothing: of others a log does not say what was sent. */
const REPEATABLE: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];
const MAX_REQUESTS = 100_000;

/** @param speed 2: twice as fast as it was */
export const requestsOfLog = (
  path: string,
  text: string,
  headers: Request['headers'],
  speed: number,
): Payload => {
  const seconds = new Map<number, Request[]>();
  let nOther = 0;
  let nUnread = 0;
  let nRequests = 0;
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const match = LINE.exec(line);
    if (!match) {
      nUnread++;
      continue;
    }
    const [method, target] = [match[10]!, match[11]!];
    const place = /^https?:\/\/[^/]+(\/.*)$/.exec(target)?.[1] ?? target;
    if (!REPEATABLE.includes(method) || !/^\/[!-~]*$/.test(place)) {
      nOther++;
      continue;
    }
    if (nRequests++ >= MAX_REQUESTS) continue;
    const atMs = momentOf(match);
    const request = { method, path: place, headers, body: null };
    seconds.set(atMs, [...(seconds.get(atMs) ?? []), request]);
  }
  if (seconds.size === 0) {
    throw new AppError(
      'file-empty',
      `--access-log '${path}' holds no GET or HEAD in the common or combined format of nginx and Apache.`,
    );
  }
  const moments = [...seconds.keys()].sort((a, b) => a - b);
  const firstMs = moments[0]!;
  const requests: Request[] = [];
  const momentsMs: number[] = [];
  for (const atMs of moments) {
    const here = seconds.get(atMs)!;
    for (const [i, request] of here.entries()) {
      requests.push(request);
      momentsMs.push((atMs - firstMs + (i * 1000) / here.length) / speed);
    }
  }
  const also = [
    ...(speed === 1 ? [] : [`at ${speed}x its speed`]),
    ...(nOther > 0 ? [`${nOther} with bodies or odd addresses left out`] : []),
    ...(nUnread > 0 ? [`${nUnread} lines not understood`] : []),
    ...(nRequests > MAX_REQUESTS ? [`the first ${MAX_REQUESTS.toLocaleString('en')}`] : []),
  ];
  return {
    requests,
    momentsMs,
    sentence: `${requests.length.toLocaleString('en')} requests of ${path}${also.map((part) => `; ${part}`).join('')}`,
    model: undefined,
  };
};

const momentOf = (match: RegExpExecArray): number => {
  const [day, year, hour, minute, second] = [1, 3, 4, 5, 6].map((group) => Number(match[group]));
  const month = MONTHS.indexOf(match[2]!) / 3;
  const offset = (Number(match[8]) * 60 + Number(match[9])) * (match[7] === '-' ? 1 : -1);
  return Date.UTC(year!, month, day, hour, minute! + offset, second);
};
