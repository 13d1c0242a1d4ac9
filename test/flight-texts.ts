/**
 * Texts of flights as callers may write them: each caller in a way of its own, mostly sound, some broken.
 */
import type { Input } from '../src/core/inputs.ts';

export const FLIGHT_TEXT_INPUTS: readonly Input[] = [
  {
    name: 'airline',
    kind: 'category',
    required: true,
    description: '',
    values: ['AA', 'B6', 'DL'],
  },
  {
    name: 'destination',
    kind: 'category',
    required: false,
    description: '',
    values: ['Málaga', 'ORD'],
  },
  {
    name: 'flightNumber',
    kind: 'category',
    required: false,
    description: '',
    values: ['1545', '9'],
  },
  { name: 'scheduledDeparture', kind: 'time', required: true, description: '' },
  { name: 'distanceMiles', kind: 'number', required: false, description: '' },
];
const VALUES = {
  airline: ['"DL"', '"AA"', '"ZZ"', '""', 'null', '9', '"D\\u004c"', '"\u0000AA"', '"AA\u0000"'],
  destination: ['"ORD"', 'null', '"XXX"', '"Málaga"', '"Düren"', '""', '"ORDO"', '1545'],
  flightNumber: ['"1545"', '1545', '9', '"9"', '1545.0', '-9', '1e3', '"77"', '09'],
  scheduledDeparture: [
    '"2013-07-05T18:30"',
    '"2012-02-29 00:00:01"',
    '"2013-02-29T00:00"',
    '"1899-12-31T23:59"',
    '"2201-01-01T00:00"',
    '"2013-07-05T18:30Z"',
    '"2013-13-05T18:30"',
  ],
  distanceMiles: ['2475', '-0', '12.5', '1e3', 'null', '"x"', '007', '123456789012345', '.5'],
  x: ['"ü"', 'true', 'false', 'null', '-1.5', '[]', '{}', '"a\\"b"', 'nul'],
  airlineName: ['"Delta"', '1', 'null'],
};
type Name = keyof typeof VALUES;
const LAYOUTS = [
  ['airline', 'flightNumber', 'destination', 'scheduledDeparture', 'distanceMiles'],
  ['scheduledDeparture', 'airline'],
  ['airline', 'x', 'scheduledDeparture', 'airlineName', 'distanceMiles'],
  ['airline', 'scheduledDeparture', 'airline'],
  ['airline', 'destination', 'scheduledDeparture', 'destination'],
  ['destination', 'x', 'x', 'scheduledDeparture', 'airline', 'flightNumber'],
  ['distanceMiles', 'airline', 'scheduledDeparture', 'distanceMiles'],
] as const satisfies readonly (readonly Name[])[];
const SPACES = [
  ['', '', ''],
  [' ', ' ', ''],
  ['\n  ', ' ', '\n'],
] as const;

/** What one caller may write, most values the first of their lists; some texts with a byte changed. */
export const flightTextOf = (caller: number, random: () => number): string => {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const [before, behind, end] = SPACES[caller % SPACES.length]!;
  const members = LAYOUTS[caller % LAYOUTS.length]!.map((name) => {
    const value = random() < 0.8 ? pick(VALUES[name].slice(0, 3)) : pick(VALUES[name]);
    return `${before}"${name}":${behind}${value}`;
  });
  const text = `{${members.join()}${end}}`;
  if (random() < 0.7) return text;
  const at = Math.floor(random() * text.length);
  return text.slice(0, at) + pick([...'"\\}{,:0-.en \n9', '']) + text.slice(at + 1);
};
