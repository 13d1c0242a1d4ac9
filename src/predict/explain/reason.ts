/**
 * One line for a person about what one input did: "leaves JFK: +9 points".
 */
import { encodeTime, fieldOf } from '../../core/flight.ts';
import type { Input } from '../../core/inputs.ts';
import type { Lang } from '../../core/language.ts';

/** What a language says of a flight. */
interface Phrases {
  readonly locale: string;
  /** What goes before the value of an input. */
  readonly of: Readonly<Record<string, string>>;
  readonly other: (input: string) => string;
  readonly missing: (input: string) => string;
  readonly numbered: (code: number) => string;
  readonly units: Readonly<Record<string, string>>;
  readonly days: readonly string[];
  readonly time: (clock: string, day: string, date: string) => string;
  readonly point: string;
  readonly points: string;
}

const PHRASES: Readonly<Record<Lang, Phrases>> = {
  en: {
    locale: 'en',
    of: {
      airline: 'flies with',
      flightNumber: 'is flight',
      tailNumber: 'flies with aircraft',
      origin: 'leaves',
      destination: 'goes to',
      terminal: 'leaves from terminal',
      scheduledDeparture: 'leaves',
      scheduledArrival: 'arrives',
      distanceMiles: 'flies',
    },
    other: (input) => `${input} is`,
    missing: (input) => `${input} is not known`,
    numbered: (code) => `number ${code}`,
    units: {},
    days: ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'],
    time: (clock, day, date) => `at ${clock} on ${day} ${date}`,
    point: 'point',
    points: 'points',
  },
  es: {
    locale: 'es-CL',
    of: {
      airline: 'vuela con',
      flightNumber: 'es el vuelo',
      tailNumber: 'vuela con el avión',
      origin: 'sale de',
      destination: 'va a',
      terminal: 'sale del terminal',
      scheduledDeparture: 'sale',
      scheduledArrival: 'llega',
      distanceMiles: 'recorre',
    },
    other: (input) => `${input} es`,
    missing: (input) => `${input} no se sabe`,
    numbered: (code) => `número ${code}`,
    units: { miles: 'millas', in: 'pulgadas' },
    days: ['domingo', 'lunes', 'martes', 'miércoles', 'jueves', 'viernes', 'sábado'],
    time: (clock, day, date) => `a las ${clock} del ${day} ${date.split('-').reverse().join('-')}`,
    point: 'punto',
    points: 'puntos',
  },
};

interface Effect {
  /** The input as it is encoded: a code, a number, minutes; NaN if missing or unseen. */
  readonly value: number;
  readonly points: number;
  readonly lang: Lang;
}

export const reasonOf = (input: Input, { value, points, lang }: Effect): string => {
  const phrases = PHRASES[lang];
  return `${factOf(input, value, phrases)}: ${signed(points, phrases)}`;
};

const factOf = (input: Input, value: number, phrases: Phrases): string => {
  const { name } = input;
  if (Number.isNaN(value)) return phrases.missing(name);
  const phrase = Object.hasOwn(phrases.of, name) ? phrases.of[name]! : phrases.other(name);
  return `${phrase} ${textOf(input, value, phrases)}`;
};

const textOf = (input: Input, value: number, phrases: Phrases): string => {
  switch (input.kind) {
    case 'category':
      return input.values?.[value] ?? phrases.numbered(value);
    case 'time': {
      const [date, clock] = encodeTime(value).split('T');
      return phrases.time(clock!, phrases.days[new Date(value * 60_000).getUTCDay()]!, date!);
    }
    case 'number': {
      const unit = input.unit ?? fieldOf(input.name)?.unit;
      const number = formatOf(phrases.locale, 'value').format(value);
      return unit === undefined ? number : `${number} ${phrases.units[unit] ?? unit}`;
    }
  }
};

/** How numbers are written. */
const FORMATS = {
  value: { maximumFractionDigits: 2 },
  whole: { minimumFractionDigits: 0, maximumFractionDigits: 0, useGrouping: false },
  tenths: { minimumFractionDigits: 1, maximumFractionDigits: 1, useGrouping: false },
} as const satisfies Readonly<Record<string, Intl.NumberFormatOptions>>;

const formats = new Map<string, Intl.NumberFormat>();

/** Made once: that takes a hundred times as long as to write a number. */
const formatOf = (locale: string, format: keyof typeof FORMATS): Intl.NumberFormat => {
  const key = `${locale} ${format}`;
  const known = formats.get(key) ?? new Intl.NumberFormat(locale, FORMATS[format]);
  formats.set(key, known);
  return known;
};

/** `+9 points`, `-0.4 points`, `+1 point`. */
const signed = (points: number, { locale, point, points: many }: Phrases): string => {
  const size = Math.abs(points * 100);
  const digits = size >= 1 ? 0 : 1;
  const isOne = size.toFixed(digits) === '1';
  const text = formatOf(locale, digits === 0 ? 'whole' : 'tenths').format(size);
  return `${points < 0 && Number(size.toFixed(digits)) !== 0 ? '-' : '+'}${text} ${isOne ? point : many}`;
};
