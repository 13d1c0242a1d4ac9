/**
 * How full the schedule is: flights in an hour, and with the hours beside it, at the origin and to the destination. The
 * day's own plan says it where it is known; else what the training schedule holds in the mean on such a weekday.
 */

import { dayOf, weekdayOf } from '../../core/calendar.ts';
import type { Feature } from '../../core/features.ts';
import type { FieldName } from '../../core/flight.ts';
import type { KeyPart, Lookup } from '../../core/steps/lookup.ts';
import type { FlightColumns } from '../flight-columns.ts';
import { type KeyReader, sortedKeys } from '../key-codes.ts';

/** The features of one side: its airport, and what the day's plan says of it. */
const SIDES = [
  {
    airport: 'origin',
    inHour: { name: 'departuresPerHour', planned: 'originHourDepartures' },
    near: { name: 'departuresNear', planned: 'originNearDepartures' },
  },
  {
    airport: 'destination',
    inHour: { name: 'flightsToDestinationPerHour', planned: 'destinationHourFlights' },
    near: { name: 'flightsToDestinationNear', planned: 'destinationNearFlights' },
  },
] as const satisfies readonly Readonly<Record<string, unknown>>[];

/** A plan with less of what is usual on such a day is taken for a part of it. */
const WHOLE_SHARE = 0.5;
const DAY: FieldName = 'originDayDepartures';

/** More that the plan says, and the parts of a flight by whose means it is replaced. */
const FURTHER = [
  {
    name: 'departuresEarlier',
    planned: 'originEarlierDepartures',
    by: ['origin', 'dayOfWeek', 'hour'],
  },
  {
    name: 'departuresOfAirlinePerHour',
    planned: 'airlineHourDepartures',
    by: ['origin', 'airline', 'dayOfWeek', 'hour'],
  },
  {
    name: 'departuresOfAirline',
    planned: 'airlineDayDepartures',
    by: ['origin', 'airline', 'dayOfWeek'],
  },
  { name: 'flightsOfAircraft', planned: 'aircraftEarlierFlights', by: ['airline', 'hour'] },
  // Missing where the aircraft had no flight before.
  { name: 'minutesSinceFlight', planned: 'aircraftGapMinutes', by: [] },
] as const satisfies readonly {
  readonly name: string;
  readonly planned: FieldName;
  readonly by: readonly string[];
}[];

/** Departures per hour at the origin and flights to the destination; what is usual comes from the rows of a part. */
export const trafficFeatures = (
  flights: FlightColumns,
  codesOf: KeyReader,
  rows: Int32Array,
  departures: Float64Array,
): readonly Feature[] => {
  const { inputs } = flights;
  const known = { ...flights, codesOf, rows, daysOfWeek: countDays(rows, departures) };
  const hasPlan = inputs.some(({ name }) => name === DAY);
  const usualOnDay = hasPlan ? usualOf('origin', null, known) : null;
  const features = SIDES.flatMap(({ airport, inHour, near }): Feature[] => {
    const usual = usualOf(airport, [0], known);
    if (usual === null) return [];
    if (usualOnDay === null) return [{ name: inHour.name, step: 'lookup', ...usual }];
    const plan = { step: 'planned', day: DAY, share: WHOLE_SHARE, usualOnDay } as const;
    return [
      { ...plan, name: inHour.name, input: inHour.planned, usual },
      {
        ...plan,
        name: near.name,
        input: near.planned,
        usual: usualOf(airport, [-1, 0, 1], known)!,
      },
    ];
  });
  if (usualOnDay === null) return features;
  return [
    ...features,
    ...FURTHER.flatMap(({ name, planned, by }): Feature[] => {
      const usual = meansOf(planned, by, known);
      if (usual === null) return [];
      return [
        { name, step: 'planned', input: planned, day: DAY, share: WHOLE_SHARE, usualOnDay, usual },
      ];
    }),
  ];
};

/** Means of an input over rows that have some parts in common; null where the input, or a part, is not there. */
const meansOf = (
  name: FieldName,
  by: readonly string[],
  { inputs, columns, codesOf, rows }: KnownSchedule,
): Lookup | null => {
  const place = inputs.findIndex((input) => input.name === name);
  const parts = by.map((part): KeyPart => {
    if (part === 'dayOfWeek') return { of: part, input: 'scheduledDeparture', radix: 7 };
    if (part === 'hour') return { of: part, input: 'scheduledDeparture', radix: HOURS };
    const input = inputs.find((one) => one.name === part);
    return { of: 'code', input: part, radix: input?.values?.length ?? 0 };
  });
  if (place < 0 || parts.some(({ radix }) => radix === 0)) return null;
  if (parts.length === 0)
    return {
      parts,
      keys: new Float64Array(0),
      numbers: new Float64Array(0),
      otherwise: Number.NaN,
    };
  const codes = codesOf(parts);
  const values = columns[place]!;
  const sums = new Float64Array(codes.keys.length);
  const counts = new Float64Array(codes.keys.length);
  for (let i = 0; i < rows.length; i++) {
    const value = values[rows[i]!]!;
    const code = codes.codes[i]!;
    if (code < 0 || Number.isNaN(value)) continue;
    sums[code]! += value;
    counts[code]! += 1;
  }
  const { order, keys } = sortedKeys(codes, (code) => counts[code]! > 0);
  return {
    parts,
    keys,
    numbers: Float64Array.from(order, (code) => sums[code]! / counts[code]!),
    otherwise: Number.NaN,
  };
};

interface KnownSchedule extends FlightColumns {
  /** Codes of the rows. */
  readonly codesOf: KeyReader;
  readonly rows: Int32Array;
  /** Days that the rows fall on, Monday first. */
  readonly daysOfWeek: Float64Array;
}

const countDays = (rows: Int32Array, departures: Float64Array): Float64Array => {
  const daysOfWeek = new Float64Array(7);
  const seen = new Set<number>();
  let last = Number.NaN;
  for (let i = 0; i < rows.length; i++) {
    const day = dayOf(departures[rows[i]!]!);
    if (day === last || seen.has(day)) continue;
    last = day;
    seen.add(day);
    daysOfWeek[weekdayOf(day)]! += 1;
  }
  return daysOfWeek;
};

/**
 * Flights at an airport by day of the week, in the mean of such days; null where no airport is known.
 * @param hours of them in each hour with those so far from it, which at midnight are of another day and its mean; null: of
 * whole days
 */
const usualOf = (
  airport: string,
  hours: readonly number[] | null,
  { inputs, codesOf, daysOfWeek }: KnownSchedule,
): Lookup | null => {
  const input = inputs.find((one) => one.name === airport);
  if (!input?.values?.length) return null;
  const parts: KeyPart[] = [
    { of: 'code', input: airport, radix: input.values.length },
    { of: 'dayOfWeek', input: 'scheduledDeparture', radix: 7 },
    ...(hours ? [{ of: 'hour', input: 'scheduledDeparture', radix: HOURS } as const] : []),
  ];
  const { codes, keys: seen } = codesOf(parts);
  const perKey = new Float64Array(seen.length);
  for (let i = 0; i < codes.length; i++) if (codes[i]! >= 0) perKey[codes[i]!]! += 1;
  const perDay = hours ? HOURS : 1;
  const means = new Map(
    seen.map((key, code) => [key, perKey[code]! / daysOfWeek[Math.floor(key / perDay) % 7]!]),
  );
  const beside = hours ?? [0];
  const keys = Float64Array.from(
    new Set(seen.flatMap((key) => beside.map((from) => keyBeside(key, -from, 7 * perDay)))),
  ).sort();
  return {
    parts,
    keys,
    numbers: keys.map((key) =>
      beside.reduce((sum, from) => sum + (means.get(keyBeside(key, from, 7 * perDay)) ?? 0), 0),
    ),
    otherwise: 0,
  };
};

/** The key of the same airport so many hours on, round the week: after Sunday's last hour comes Monday's first. */
const keyBeside = (key: number, from: number, perWeek: number): number => {
  const inWeek = key % perWeek;
  return key - inWeek + ((inWeek + from + perWeek) % perWeek);
};

const HOURS = 24;
