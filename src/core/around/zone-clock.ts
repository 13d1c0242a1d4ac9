/**
 * The clock of a time zone: between minutes since 1970-01-01T00:00 in UTC and as the clock shows them. Where it shows a
 * time twice, or never, whoever asks is on the side on which nothing is known too early.
 */
import { dayOf, MINUTES_PER_DAY } from '../calendar.ts';

export interface ZoneClock {
  /** What the clock shows. */
  readonly toLocal: (utc: number) => number;
  /** The moment at which it shows a time; the earlier of two, and of those beside a time that it passes over. */
  readonly toUtc: (local: number) => number;
  /** The same; the later of two. */
  readonly toLastUtc: (local: number) => number;
}

const clocks = new Map<string, ZoneClock | undefined>();
/** More zones than there are; a made-up model could name others without end. */
const CLOCKS_KEPT = 1000;

/** The clock of an IANA zone such as `Europe/Dublin`; undefined for what is none. */
export const zoneClockOf = (zone: string): ZoneClock | undefined => {
  if (clocks.has(zone)) return clocks.get(zone);
  const clock = buildZoneClock(zone);
  if (clocks.size >= CLOCKS_KEPT) clocks.clear();
  clocks.set(zone, clock);
  return clock;
};

/** Clocks change at quarters of an hour. */
const QUARTER = 15;
/** More days, or quarters, than a file of some years asks for; a made-up request could ask for others without end. */
const OFFSETS_KEPT = 20_000;

const buildZoneClock = (zone: string): ZoneClock | undefined => {
  const format = formatOf(zone);
  if (format === undefined) return undefined;
  /** Minutes that the clock is ahead of UTC in a quarter. */
  const offsetOf = remembered((quarter) => readOffset(format, quarter));
  const offsetAt = (utc: number): number => offsetOf(Math.floor(utc / QUARTER));
  /** That of a day, the one before and the one after, NaN where they do not have the same. */
  const steadyOffset = remembered((day) => {
    const offset = offsetAt(day * MINUTES_PER_DAY);
    return [-1, 1, 2].every((n) => offsetAt((day + n) * MINUTES_PER_DAY) === offset)
      ? offset
      : Number.NaN;
  });
  const toLocal = (utc: number): number => {
    const offset = steadyOffset(dayOf(utc));
    return utc + (Number.isNaN(offset) ? offsetAt(utc) : offset);
  };
  /** Rising: one moment, or the two that a clock may mean on a day on which it changes. */
  const momentsOf = (local: number): readonly number[] => {
    const offset = steadyOffset(dayOf(local));
    if (!Number.isNaN(offset)) return [local - offset];
    const moments = [-1, 1]
      .map((side) => local - offsetAt(local + side * MINUTES_PER_DAY))
      .sort((a, b) => a - b);
    const shown = moments.filter((moment) => toLocal(moment) === local);
    return shown.length === 0 ? moments : shown;
  };
  return {
    toLocal,
    toUtc: (local) => momentsOf(local)[0]!,
    toLastUtc: (local) => momentsOf(local).at(-1)!,
  };
};

const formatOf = (zone: string): Intl.DateTimeFormat | undefined => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
  } catch {
    return undefined;
  }
};

const MS_PER_QUARTER = QUARTER * 60_000;

const readOffset = (format: Intl.DateTimeFormat, quarter: number): number => {
  const text = format.formatToParts(quarter * MS_PER_QUARTER).at(-1)!.value;
  const [, sign, hours, minutes] = /GMT(?:([+-])(\d{2}):(\d{2}))?/.exec(text) ?? [];
  return sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (60 * +hours! + +minutes!);
};

/** A function of whole numbers that is asked for the same ones again and again. */
const remembered = (of: (n: number) => number): ((n: number) => number) => {
  const known = new Map<number, number>();
  return (n) => {
    const value = known.get(n) ?? of(n);
    if (known.size >= OFFSETS_KEPT) known.clear();
    known.set(n, value);
    return value;
  };
};
