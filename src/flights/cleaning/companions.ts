/**
 * Tables that lie beside flights and hold none: weather, airports, aircraft, airlines. In a folder they are passed over and
 * named; a file that the user names is not.
 */
import { AppError } from '../../core/errors.ts';
import type { Source } from '../reading/source.ts';
import { weatherFormatOf } from './weather-formats.ts';

/** A table, and the columns that give it away: one of each list. */
const COMPANIONS: readonly (readonly [
  what: string,
  codes: readonly string[],
  about: readonly string[],
])[] = [
  [
    'aircraft',
    ['tailnum', 'tail_number', 'tailnumber', 'n_number', 'n-number', 'registration'],
    ['manufacturer', 'mfr', 'model', 'aircraft_type', 'engines', 'seats', 'year_mfr'],
  ],
  [
    'airports',
    ['faa', 'iata', 'icao', 'iata_code', 'icao_code', 'ident', 'code', 'airport', 'airport_id'],
    ['lat', 'latitude', 'latitude_deg', 'city', 'municipality', 'zone', 'tzone', 'elevation_ft'],
  ],
  [
    'airlines',
    ['carrier', 'iata', 'icao', 'iata_code', 'icao_code', 'code', 'airline_id', 'unique_carrier'],
    ['name', 'airline', 'description', 'airline_name', 'callsign'],
  ],
];

/** What a flight has, and no table beside it. */
const OF_FLIGHTS = /delay|late|sched|depart|arriv|cancel|divert|dest|flight/i;

/** What a table of these columns holds instead of flights; undefined where that is not known. */
export const companionOf = (columns: readonly string[]): string | undefined => {
  const has = new Set(columns.map((column) => column.toLowerCase()));
  if (weatherFormatOf(has) !== undefined) return 'weather';
  // A latitude is not late.
  if (columns.some((column) => OF_FLIGHTS.test(column.replace(/latitude/i, '')))) return undefined;
  const hasOne = (names: readonly string[]): boolean => names.some((name) => has.has(name));
  return COMPANIONS.find(([, codes, about]) => hasOne(codes) && hasOne(about))?.[0];
};

/** Files that were passed over, with what they hold. */
export interface PassedOver {
  /**
   * What a reading of a source gives; undefined where it was found in a folder, is refused, and holds something known
   * that is no flights.
   */
  readonly unless: <T>(
    source: Source,
    isFromFolder: boolean,
    read: () => Promise<T>,
  ) => Promise<T | undefined>;
  readonly has: (file: string) => boolean;
  /** A sentence, none where nothing was passed over. */
  readonly notes: () => readonly string[];
  /** @throws AppError data-unfit where something was passed over; for when nothing else was there */
  readonly refuse: () => void;
}

export const startPassedOver = (): PassedOver => {
  const whats = new Map<string, string>();
  const list = (): string => [...whats].map(([file, what]) => `${file} (${what})`).join(', ');
  return {
    unless: async (source, isFromFolder, read) => {
      try {
        return await read();
      } catch (error) {
        const what = isFromFolder ? companionOf(source.columns) : undefined;
        if (what === undefined || !(error instanceof AppError)) throw error;
        whats.set(source.file, what);
        return undefined;
      }
    },
    has: (file) => whats.has(file),
    notes: () => (whats.size === 0 ? [] : [`passed over, because they hold no flights: ${list()}`]),
    refuse: () => {
      if (whats.size > 0)
        throw new AppError('data-unfit', `there are no flights in what was given, only ${list()}`);
    },
  };
};
