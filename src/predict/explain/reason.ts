/**
 * One line for a person about what one input did: "leaves JFK: +9 points".
 */
import { encodeTime, fieldOf } from '../../core/flight.ts';
import type { Input } from '../../core/inputs.ts';

const PHRASES: Readonly<Record<string, string>> = {
  airline: 'flies with',
  flightNumber: 'is flight',
  tailNumber: 'flies with aircraft',
  origin: 'leaves',
  destination: 'goes to',
  terminal: 'leaves from terminal',
  scheduledDeparture: 'leaves',
  scheduledArrival: 'arrives',
  distanceMiles: 'flies',
};

/** @param value the input as it is encoded: a code, a number, minutes; NaN if missing or unseen */
export const reasonOf = (input: Input, value: number, points: number): string =>
  `${factOf(input, value)}: ${signed(points)}`;

const factOf = (input: Input, value: number): string => {
  if (Number.isNaN(value)) return `${input.name} is not known`;
  const phrase = Object.hasOwn(PHRASES, input.name) ? PHRASES[input.name]! : `${input.name} is`;
  return `${phrase} ${textOf(input, value)}`;
};

const textOf = (input: Input, value: number): string => {
  switch (input.kind) {
    case 'category':
      return input.values?.[value] ?? `number ${value}`;
    case 'time':
      return timeOf(value);
    case 'number': {
      const unit = input.unit ?? fieldOf(input.name)?.unit;
      const number = value.toLocaleString('en', { maximumFractionDigits: 2 });
      return unit === undefined ? number : `${number} ${unit}`;
    }
  }
};

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** `at 18:30 on Friday 2013-07-05` */
const timeOf = (minutes: number): string => {
  const [date, clock] = encodeTime(minutes).split('T');
  return `at ${clock} on ${DAYS[new Date(minutes * 60_000).getUTCDay()]} ${date}`;
};

/** `+9 points`, `-0.4 points`, `+1 point`. */
const signed = (points: number): string => {
  const size = Math.abs(points * 100);
  const text = size >= 1 ? size.toFixed(0) : size.toFixed(1);
  return `${points < 0 && Number(text) !== 0 ? '-' : '+'}${text} ${text === '1' ? 'point' : 'points'}`;
};
