/**
 * Columns of observations: all that may hold a quantity are read, and each station is read from one of them. Two are never
 * mixed at a station: pressure at sea level and an altimeter's are not the same number.
 */
import { OBSERVED, type Observed } from '../../core/around/weather.ts';
import { scaled } from '../mapping/units.ts';
import { CEILING_COVERS, CLOUD_LAYERS, type WeatherFormat } from './weather-formats.ts';

/** A column that may hold a quantity. */
export interface Candidate {
  readonly quantity: Observed;
  /** As a note calls it. */
  readonly name: string;
  /** SQL for its number in the unit of the quantity, NULL where there is none. */
  readonly sql: string;
}

/** Faster winds are errors of the instrument. */
const FASTEST_MPH = 250;
/** What METAR writes for rain that is too little to measure. */
const TRACE_INCHES = 0.0001;

/** Those that a file has, by quantity, the usual one first. @param has columns, lower case */
export const candidatesOf = (
  format: WeatherFormat,
  has: ReadonlySet<string>,
): readonly Candidate[] =>
  OBSERVED.flatMap((quantity) => {
    const named = (format.columns[quantity] ?? []).filter(({ column }) =>
      has.has(column.toLowerCase()),
    );
    const candidates = named.map(({ column, unit }) => ({
      ...{ quantity, name: column },
      sql: numberOf(quantity, column, unit),
    }));
    const layers = quantity === 'ceilingFeet' ? ceilingOf(has) : undefined;
    if (layers === undefined) return candidates;
    return [...candidates, { quantity, name: 'the layers of clouds', sql: layers }];
  });

const numberOf = (quantity: Observed, column: string, unit: string | undefined): string => {
  const text = `"${column}"`;
  const value = scaled(quantity, `try_cast(${text} AS DOUBLE)`, unit);
  if (quantity === 'precipitationInches')
    return `CASE WHEN trim(${text}::VARCHAR) = 'T' THEN ${TRACE_INCHES} ELSE ${value} END`;
  return quantity === 'windSpeedMph' || quantity === 'windGustMph'
    ? `CASE WHEN ${value} <= ${FASTEST_MPH} THEN ${value} END`
    : value;
};

/** The lowest layer that makes a ceiling, NULL where there is none; undefined without columns of layers. */
const ceilingOf = (has: ReadonlySet<string>): string | undefined => {
  const layers = CLOUD_LAYERS.filter(({ cover, feet }) => has.has(cover) && has.has(feet)).map(
    ({ cover, feet }) =>
      `CASE WHEN trim(${cover}) IN (${CEILING_COVERS.map((one) => `'${one}'`).join(', ')}) THEN try_cast(${feet} AS DOUBLE) END`,
  );
  return layers.length === 0 ? undefined : `least(${layers.join(', ')})`;
};

/** Observations as they were read, a row each: what the candidates hold, NaN where nothing. */
interface Rows {
  readonly stations: readonly string[];
  readonly minutes: readonly number[];
  readonly values: readonly Float64Array[];
}

interface Quantities {
  /** float64, shape (nRows) each. */
  readonly columns: Readonly<Record<Observed, Float64Array>>;
  /** What was not read from the usual column, a sentence each. */
  readonly notes: readonly string[];
}

/** Another column than the first of a quantity has to have values in so many times as many hours. */
const CLEARLY_MORE = 2;

/** Each quantity, at each station from the first of its columns, or from one that knows clearly more. */
export const chooseQuantities = (candidates: readonly Candidate[], rows: Rows): Quantities => {
  const notes: string[] = [];
  const columnOf = (quantity: Observed): Float64Array => {
    const places = candidates.flatMap((one, place) => (one.quantity === quantity ? [place] : []));
    if (places.length === 0) return new Float64Array(rows.stations.length).fill(Number.NaN);
    if (places.length === 1) return rows.values[places[0]!]!;
    const hours = places.map((place) => hoursByStation(rows, rows.values[place]!));
    const chosen = new Map(
      [...new Set(rows.stations)].map((station) => {
        const known = hours.map((ofStation) => ofStation.get(station) ?? 0);
        return [station, placeOfMost(known)] as const;
      }),
    );
    for (let k = 1; k < places.length; k++) {
      const stations = [...chosen].flatMap(([station, place]) => (place === k ? [station] : []));
      const total = (of: ReadonlyMap<string, number>): number =>
        stations.reduce((sum, station) => sum + (of.get(station) ?? 0), 0);
      const [usual, taken] = [candidates[places[0]!]!.name, candidates[places[k]!]!.name];
      if (stations.length > 0)
        notes.push(
          `${quantity} of ${listed(stations)} is read from ${taken} (values in ${counted(total(hours[k]!))}), not from ${usual} (${whole(total(hours[0]!))})`,
        );
    }
    return Float64Array.from(
      rows.stations,
      (station, row) => rows.values[places[chosen.get(station)!]!]![row]!,
    );
  };
  const columns = Object.fromEntries(
    OBSERVED.map((quantity) => [quantity, columnOf(quantity)]),
  ) as Record<Observed, Float64Array>;
  return { columns, notes };
};

/** In how many hours each station has a value: reports between the hours make no column fuller. */
const hoursByStation = (
  { stations, minutes }: Rows,
  values: Float64Array,
): ReadonlyMap<string, number> => {
  const seen = new Map<string, Set<number>>();
  for (let row = 0; row < values.length; row++) {
    if (Number.isNaN(values[row]!)) continue;
    const station = stations[row]!;
    let hours = seen.get(station);
    if (hours === undefined) {
      hours = new Set();
      seen.set(station, hours);
    }
    hours.add(Math.floor(minutes[row]! / 60));
  }
  return new Map([...seen].map(([station, hours]) => [station, hours.size]));
};

/** The place of the fullest that has clearly more than the first, else 0. */
const placeOfMost = (known: readonly number[]): number => {
  const most = Math.max(...known);
  return most > CLEARLY_MORE * known[0]! ? known.indexOf(most) : 0;
};

const whole = (number: number): string => number.toLocaleString('en');
const counted = (n: number): string => `${whole(n)} ${n === 1 ? 'hour' : 'hours'}`;

const NAMED = 3;

const listed = (names: readonly string[]): string => {
  const more = names.length - NAMED;
  const said = names.slice(0, NAMED).join(', ');
  return more > 0 ? `${said} and ${whole(more)} more` : said;
};
