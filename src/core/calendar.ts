/**
 * The calendar: parts of a local time given in minutes since 1970, as features and lookups name them.
 */

export const MINUTES_PER_DAY = 1440;
export const MS_PER_DAY = 86_400_000;

/** Days since 1970-01-01 of a local time in minutes. */
export const dayOf = (minutes: number): number => Math.floor(minutes / MINUTES_PER_DAY);

export const minuteOfDay = (minutes: number): number => minutes - dayOf(minutes) * MINUTES_PER_DAY;

/** 0 for Monday to 6 for Sunday: 1970-01-01 was a Thursday. @param days since 1970-01-01 */
export const weekdayOf = (days: number): number => days + 3 - Math.floor((days + 3) / 7) * 7;

/** Month 1-12 and day of the year 1-366 of days since 1970-01-01, as month * 512 + day. @source Howard Hinnant, civil_from_days */
const civil = (days: number): number => {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayFromMarch =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayFromMarch + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0;
  const dayOfYear = month <= 2 ? dayFromMarch - 305 : dayFromMarch + 60 + leap;
  return month * 512 + dayOfYear;
};

const FIRST_DAY = -36_525;
const N_DAYS = 2 * 36_525;
/** `civil` of the days from 1870 to 2069, filled as they are asked; 0 where they were not. */
const calendar = new Int16Array(N_DAYS);

const calendarOf = (days: number): number => {
  const at = days - FIRST_DAY;
  if (!(at >= 0 && at < N_DAYS)) return civil(days);
  const known = calendar[at]!;
  if (known !== 0) return known;
  calendar[at] = civil(days);
  return calendar[at]!;
};

/** A part of a local time, NaN for a missing one. */
export const CALENDAR = {
  day: dayOf,
  minuteOfDay,
  hour: (minutes: number) => Math.floor(minuteOfDay(minutes) / 60),
  dayOfWeek: (minutes: number) => weekdayOf(dayOf(minutes)),
  dayOfYear: (minutes: number) =>
    Number.isNaN(minutes) ? Number.NaN : calendarOf(dayOf(minutes)) % 512,
  month: (minutes: number) =>
    Number.isNaN(minutes) ? Number.NaN : Math.floor(calendarOf(dayOf(minutes)) / 512),
} as const;
