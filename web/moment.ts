/**
 * Dates and times as people type them, read into ISO 8601. What cannot be read is undefined.
 */
import type { Lang } from './view.ts';

const pad = (part: number, width = 2): string => String(part).padStart(width, '0');

const MONTHS: Readonly<Record<string, number>> = Object.fromEntries(
  [
    ['jan', 'ene'],
    ['feb'],
    ['mar'],
    ['apr', 'abr'],
    ['may'],
    ['jun'],
    ['jul'],
    ['aug', 'ago'],
    ['sep', 'set'],
    ['oct'],
    ['nov'],
    ['dec', 'dic'],
  ].flatMap((names, month) => names.map((name) => [name, month + 1])),
);

const dateOf = (year: number, month: number, day: number): string | undefined => {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day && year >= 1000
    ? `${pad(year, 4)}-${pad(month)}-${pad(day)}`
    : undefined;
};

/**
 * `2013-07-05`, `20130705`, `5 July 2013`, `July 5, 2013`, `5 de julio de 2013`. With numbers alone and the year last,
 * Spanish puts the day first; in English that is read only where it can mean one thing.
 */
export const parseDate = (text: string, lang: Lang): string | undefined => {
  const typed = text.trim().toLowerCase();
  const iso = /^(\d{4})[-/.]?(\d{1,2})[-/.]?(\d{1,2})$/.exec(typed);
  if (iso) return dateOf(+iso[1]!, +iso[2]!, +iso[3]!);
  const yearLast = /^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})$/.exec(typed);
  if (yearLast) {
    const [first, second, year] = [+yearLast[1]!, +yearLast[2]!, +yearLast[3]!];
    if (lang === 'es' || first > 12 || first === second) return dateOf(year, second, first);
    return second > 12 ? dateOf(year, first, second) : undefined;
  }
  const month = MONTHS[/[a-z]{3}/.exec(typed.replace(/\bde\b/g, ''))?.[0] ?? ''];
  const [day, year] = [/\b\d{1,2}\b/.exec(typed)?.[0], /\b\d{4}\b/.exec(typed)?.[0]];
  return month === undefined || day === undefined || year === undefined
    ? undefined
    : dateOf(+year, month, +day);
};

/** `18:30`, `1830`, `6:30 pm`, `6pm`, `18.30`, `18h30`. */
export const parseTime = (text: string): string | undefined => {
  const match =
    /^(\d{1,2})(?:\s*[:.h]\s*(\d{2})|(\d{2}))?(?::(?:[0-5]\d|60))?\s*(?:h|hrs)?\s*([ap])?\.?\s?(?:m\.?)?$/.exec(
      text.trim().toLowerCase(),
    );
  if (!match) return undefined;
  const [, hourText, colonMinutes, plainMinutes, half] = match;
  const minute = +(colonMinutes ?? plainMinutes ?? 0);
  let hour = +hourText!;
  if (half !== undefined) {
    if (hour < 1 || hour > 12) return undefined;
    hour = (hour % 12) + (half === 'p' ? 12 : 0);
  }
  return hour <= 23 && minute <= 59 ? `${pad(hour)}:${pad(minute)}` : undefined;
};

/** A day as it is typed in this language: `2013-07-05`, `05-07-2013`. */
export const typedDate = (iso: string, lang: Lang): string =>
  lang === 'es' ? iso.slice(0, 10).split('-').reverse().join('-') : iso.slice(0, 10);
