/**
 * A local time from its bytes: the fast twin of `decodeTime` in `core/flight`, for whole minutes.
 */
import { MINUTES_PER_DAY, MS_PER_DAY } from '../../core/calendar.ts';
import { COLON, MINUS, SPACE, UPPER_T, ZERO } from './ascii.ts';

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
/** Years whose months are known: a time in another is NaN too, and left to `decodeTime`. */
const FIRST_YEAR = 1900;
const N_MONTHS = (2200 - FIRST_YEAR + 1) * 12;

/** Days from 1970-01-01 to the first of each month, and of the one after the last. */
const monthStarts = ((): Int32Array => {
  const starts = new Int32Array(N_MONTHS + 1);
  starts[0] = Date.UTC(FIRST_YEAR) / MS_PER_DAY;
  for (let month = 0; month < N_MONTHS; month++) {
    const year = FIRST_YEAR + Math.floor(month / 12);
    const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
    const leapDays = isLeap && month % 12 === 1 ? 1 : 0;
    starts[month + 1] = starts[month]! + MONTH_DAYS[month % 12]! + leapDays;
  }
  return starts;
})();

/** `2013-07-05T18:30` at `bytes[at]` as minutes since 1970-01-01T00:00, NaN for anything else. */
export const minutesAt = (bytes: Uint8Array, at: number): number => {
  const century = twoDigits(bytes, at);
  const inCentury = twoDigits(bytes, at + 2);
  const month = twoDigits(bytes, at + 5);
  const day = twoDigits(bytes, at + 8);
  const hour = twoDigits(bytes, at + 11);
  const minute = twoDigits(bytes, at + 14);
  const between = bytes[at + 10];
  if (
    (century | inCentury | month | day | hour | minute) < 0 ||
    bytes[at + 4] !== MINUS ||
    bytes[at + 7] !== MINUS ||
    (between !== UPPER_T && between !== SPACE) ||
    bytes[at + 13] !== COLON ||
    hour > 23 ||
    minute > 59 ||
    month < 1 ||
    month > 12 ||
    day < 1
  ) {
    return Number.NaN;
  }
  const place = (century * 100 + inCentury - FIRST_YEAR) * 12 + month - 1;
  if (place < 0 || place >= N_MONTHS) return Number.NaN;
  const days = monthStarts[place]! + day - 1;
  return days < monthStarts[place + 1]! ? days * MINUTES_PER_DAY + hour * 60 + minute : Number.NaN;
};

/** The number that two digits write, -1 when they are none. */
export const twoDigits = (bytes: Uint8Array, at: number): number => {
  const tens = bytes[at]! - ZERO;
  const ones = bytes[at + 1]! - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
};
