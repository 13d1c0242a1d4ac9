/**
 * A flight from an HTML form: our own names, or those of the service that this one replaces
 * (`Airline, Origin, Destination, Terminal, Weekday, ScheduledTime`).
 */
import { parseDate, parseTime } from '../../../web/moment.ts';
import type { Lang } from '../../../web/view.ts';
import { dayOf, MINUTES_PER_DAY, weekdayOf } from '../../core/calendar.ts';
import { decodeTime, encodeTime } from '../../core/flight.ts';
import type { Input } from '../../core/inputs.ts';
import type { JsonObject } from './body.ts';
import { givenTwice } from './duplicate-names.ts';
import { flightOf } from './query.ts';

const FORMER_NAMES: Readonly<Record<string, string>> = {
  airline: 'Airline',
  origin: 'Origin',
  destination: 'Destination',
  terminal: 'Terminal',
};

const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/**
 * @param fields names and values as they came; files are left out
 * @param lang how a date was typed: in Spanish the day goes first
 * @param now for a weekday: the flight is on the first such day from today on
 */
export const flightOfForm = (
  fields: Iterable<readonly [string, unknown]>,
  inputs: readonly Input[],
  lang: Lang,
  now: Date,
): JsonObject => {
  const texts = new Map<string, string>();
  const given = new Set<string>();
  for (const [name, value] of fields) {
    if (given.has(name)) throw givenTwice([name]);
    given.add(name);
    if (typeof value === 'string' && value !== '') texts.set(name, value);
  }
  const has = (name: string): boolean => (texts.get(name) ?? '') !== '';
  const asked = new Set(inputs.map((input) => input.name));
  for (const [name, former] of Object.entries(FORMER_NAMES)) {
    if (asked.has(name) && !has(name) && has(former)) texts.set(name, texts.get(former)!);
  }
  for (const { name, kind } of inputs)
    if (kind === 'time' && !has(name)) {
      const [date, time] = [texts.get(`${name}.date`) ?? '', texts.get(`${name}.time`) ?? ''];
      const [day, clock] = [parseDate(date, lang), parseTime(time)];
      texts.set(name, day && clock ? `${day}T${clock}` : `${date} ${time}`.trim());
    }
  if (asked.has('scheduledDeparture') && !has('scheduledDeparture') && has('ScheduledTime')) {
    texts.set(
      'scheduledDeparture',
      departureOf(texts.get('Weekday') ?? '', texts.get('ScheduledTime')!, now),
    );
  }
  return flightOf(texts, inputs);
};

const CLOCK = /^([01]?\d|2[0-3]):?([0-5]\d)(?::[0-5]\d)?$/;

/** `Friday`, `18:30` as a local time; what cannot be read stays as it is, for the reader to refuse. */
const departureOf = (weekday: string, time: string, now: Date): string => {
  const text = time.trim();
  if (!Number.isNaN(decodeTime(text))) return text;
  const clock = CLOCK.exec(text);
  const wanted = weekday.trim().toLowerCase();
  const day =
    wanted === ''
      ? undefined
      : WEEKDAYS.findIndex((name) => name === wanted || name.slice(0, 3) === wanted);
  if (!clock || day === -1) return `${weekday} ${time}`.trim();
  const today = dayOf(now.getTime() / 60_000);
  const ahead = day === undefined ? 0 : (day - weekdayOf(today) + 7) % 7;
  return encodeTime((today + ahead) * MINUTES_PER_DAY + Number(clock[1]) * 60 + Number(clock[2]));
};
