/**
 * A local time from its bytes: the fast twin of `decodeTime` in `core/flight`, for whole minutes.
 */
import { MINUTES_PER_DAY } from '../../core/calendar.ts';
import { COLON, MINUS, SPACE, UPPER_T, ZERO } from './ascii.ts';

const MONTH_DAYS = Uint8Array.of(0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31);

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
  const year = century * 100 + inCentury;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (day > MONTH_DAYS[month]! && !(month === 2 && day === 29 && leap)) return Number.NaN;
  return daysOf(year, month, day) * MINUTES_PER_DAY + hour * 60 + minute;
};

/** Days since 1970-01-01. @source Howard Hinnant, days_from_civil */
const daysOf = (year: number, month: number, day: number): number => {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return (
    era * 146_097 +
    yearOfEra * 365 +
    Math.floor(yearOfEra / 4) -
    Math.floor(yearOfEra / 100) +
    dayOfYear -
    719_468
  );
};

/** The number that two digits write, -1 when they are none. */
export const twoDigits = (bytes: Uint8Array, at: number): number => {
  const tens = bytes[at]! - ZERO;
  const ones = bytes[at + 1]! - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
};
