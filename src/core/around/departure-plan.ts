/**
 * A plan of departures: how many flights the schedule lets depart at each airport, and to each, in every hour of every
 * day. Cancelled flights count too: they were scheduled.
 */
import { AppError } from '../errors.ts';

/** Flights by airport and hour; hours are those of local time since 1970-01-01T00:00. */
interface HourCounts {
  /** The number of each airport by its name. */
  readonly airports: ReadonlyMap<string, number>;
  readonly inHour: (airport: number, hour: number) => number;
  /** Of all hours of a day (since 1970-01-01). */
  readonly onDay: (airport: number, day: number) => number;
}

export interface DeparturePlan {
  /** By the airport of departure. */
  readonly origins: HourCounts;
  /** By the destination, in the hour of departure. */
  readonly destinations: HourCounts;
}

interface CountsBuilder {
  /** @param airport its number: callers number airports as they like, from 0 */
  readonly add: (airport: number, hour: number, nFlights: number) => void;
  readonly finish: (names: readonly string[]) => HourCounts;
}

const HOURS = 24;
const DAYS_PER_PAGE = 256;
/** The hours of a day, then their sum. */
const CELLS_PER_DAY = HOURS + 1;
/** More pages than any calendar has, so that airport and page make one number. */
const PAGES = 2 ** 20;

/** Pages of some months each: a wrong year in one row costs one page. @cost 26 KB an airport and page */
export const startCounts = (): CountsBuilder => {
  const pages = new Map<number, Uint32Array>();
  const keyOf = (airport: number, day: number): number =>
    airport * PAGES + Math.floor(day / DAYS_PER_PAGE) + PAGES / 2;
  const placeOf = (day: number): number =>
    (day - DAYS_PER_PAGE * Math.floor(day / DAYS_PER_PAGE)) * CELLS_PER_DAY;
  const cell = (airport: number, day: number, at: number): number =>
    airport < 0 ? 0 : (pages.get(keyOf(airport, day))?.[placeOf(day) + at] ?? 0);
  return {
    add: (airport, hour, nFlights) => {
      const day = Math.floor(hour / HOURS);
      const key = keyOf(airport, day);
      let page = pages.get(key);
      if (page === undefined) {
        page = new Uint32Array(DAYS_PER_PAGE * CELLS_PER_DAY);
        pages.set(key, page);
      }
      const at = placeOf(day);
      page[at + hour - day * HOURS]! += nFlights;
      page[at + HOURS]! += nFlights;
    },
    finish: (names) => ({
      airports: new Map(names.map((name, airport) => [name, airport])),
      inHour: (airport, hour) => {
        const day = Math.floor(hour / HOURS);
        return cell(airport, day, hour - day * HOURS);
      },
      onDay: (airport, day) => cell(airport, day, HOURS),
    }),
  };
};

/** So many flights from an airport to another in an hour. */
export interface PlannedFlights {
  readonly origin: string;
  readonly destination: string;
  readonly hour: number;
  readonly nFlights: number;
}

/** The plan of flights that are named one by one, or in groups. */
export const planOf = (flights: Iterable<PlannedFlights>): DeparturePlan => {
  const sides = [startCounts(), startCounts()] as const;
  const numbers = [new Map<string, number>(), new Map<string, number>()] as const;
  for (const { origin, destination, hour, nFlights } of flights)
    [origin, destination].forEach((name, side) => {
      if (name === '') return;
      const known = numbers[side]!;
      const airport = known.get(name) ?? known.size;
      known.set(name, airport);
      sides[side]!.add(airport, hour, nFlights);
    });
  const [origins, destinations] = sides.map((side, s) => side.finish([...numbers[s]!.keys()]));
  return { origins: origins!, destinations: destinations! };
};

/** Groups of flights as bytes, and back: how a plan reaches the processes that answer. */
export const encodePlanned = (flights: readonly PlannedFlights[]): Uint8Array =>
  Buffer.from(
    JSON.stringify(
      flights.map(({ origin, destination, hour, nFlights }) => [
        origin,
        destination,
        hour,
        nFlights,
      ]),
    ),
  );

/** @throws AppError file-broken */
export const decodePlanned = (bytes: Uint8Array): readonly PlannedFlights[] => {
  try {
    return (JSON.parse(Buffer.from(bytes).toString()) as [string, string, number, number][]).map(
      ([origin, destination, hour, nFlights]) => ({ origin, destination, hour, nFlights }),
    );
  } catch (error) {
    throw new AppError('file-broken', 'the plan of departures is damaged', { cause: error });
  }
};
