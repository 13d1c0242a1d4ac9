/**
 * A plan of departures: how many flights the schedule lets depart at each airport, to each, and of each airline, in every
 * hour of every day, and when each aircraft departs. Cancelled flights count too: they were scheduled.
 */
import { AppError } from '../errors.ts';

/** Flights by airport (or airline at an airport) and hour; hours are those of local time since 1970-01-01T00:00. */
interface HourCounts {
  /** The number of each by its name. */
  readonly numbers: ReadonlyMap<string, number>;
  readonly inHour: (number: number, hour: number) => number;
  /** Of all hours of a day (since 1970-01-01). */
  readonly onDay: (number: number, day: number) => number;
  /** Of the hours of its day before one. */
  readonly before: (number: number, hour: number) => number;
}

/** Departures of each aircraft. */
interface AircraftTimes {
  readonly numbers: ReadonlyMap<string, number>;
  /** Departures of an aircraft on the day of a moment, before it. */
  readonly earlier: (number: number, minutes: number) => number;
  /** Minutes since the last of them, NaN where there is none. */
  readonly gap: (number: number, minutes: number) => number;
}

export interface DeparturePlan {
  /** By the airport of departure. */
  readonly origins: HourCounts;
  /** By the destination, in the hour of departure. */
  readonly destinations: HourCounts;
  /** By `airlineAt`. */
  readonly airlines: HourCounts;
  readonly aircraft: AircraftTimes;
}

/** The name under which an airline's departures at an airport are counted. */
export const airlineAt = (origin: string, airline: string): string => `${origin}\n${airline}`;

export const PLANNED = ['origin', 'destination', 'airline', 'tailNumber'] as const;
type Planned = (typeof PLANNED)[number];

/** Flights by numbers of their names, -1 where something is not known: int32 each. */
export type PlannedFlights = Readonly<Record<Planned, Int32Array>> & {
  /** Local minutes of departure since 1970-01-01T00:00. */
  readonly minutes: Int32Array;
};
export type PlannedNames = Readonly<Record<Planned, readonly string[]>>;

interface PlanBuilder {
  /** Adds the first flights of some columns; `NO_TIME` leaves a flight out. */
  readonly add: (flights: PlannedFlights, nRows: number) => void;
  readonly finish: (names: PlannedNames) => DeparturePlan;
}

/** The moment of a flight without one. */
export const NO_TIME = -2_147_483_648;
/** More airlines than there are, so that airport and airline make one number. */
const AIRLINES = 2 ** 16;

export const startPlan = (): PlanBuilder => {
  const [origins, destinations, airlines] = [startCounts(), startCounts(), startCounts()];
  const aircraft = startAircraft();
  return {
    add: ({ origin, destination, airline, tailNumber, minutes }, nRows) => {
      for (let row = 0; row < nRows; row++) {
        const moment = minutes[row]!;
        if (moment === NO_TIME) continue;
        const hour = Math.floor(moment / 60);
        const [from, to, by, tail] = [
          ...[origin[row]!, destination[row]!, airline[row]!, tailNumber[row]!],
        ] as [number, number, number, number];
        if (from >= 0) origins.add(from, hour);
        if (to >= 0) destinations.add(to, hour);
        if (from >= 0 && by >= 0 && by < AIRLINES) airlines.add(from * AIRLINES + by, hour);
        if (tail >= 0) aircraft.add(tail, moment);
      }
    },
    finish: (names) => ({
      origins: origins.finish(numbersOf(names.origin)),
      destinations: destinations.finish(numbersOf(names.destination)),
      airlines: airlines.finish(
        new Map(
          names.origin.flatMap((origin, from) =>
            names.airline.map(
              (airline, by) => [airlineAt(origin, airline), from * AIRLINES + by] as const,
            ),
          ),
        ),
      ),
      aircraft: aircraft.finish(numbersOf(names.tailNumber)),
    }),
  };
};

const numbersOf = (names: readonly string[]): ReadonlyMap<string, number> =>
  new Map(names.map((name, number) => [name, number]));

const HOURS = 24;
const DAYS_PER_PAGE = 256;
/** The hours of a day, then their sum. */
const CELLS_PER_DAY = HOURS + 1;
/** More pages than any calendar has, so that a number and its page make one number. */
const PAGES = 2 ** 20;
const MOST = 65_535;

/** Pages of some months each: a wrong year in one row costs one page. @cost 13 KB a number and page */
const startCounts = () => {
  const pages = new Map<number, Uint16Array>();
  const keyOf = (number: number, day: number): number =>
    number * PAGES + Math.floor(day / DAYS_PER_PAGE) + PAGES / 2;
  const placeOf = (day: number): number =>
    (day - DAYS_PER_PAGE * Math.floor(day / DAYS_PER_PAGE)) * CELLS_PER_DAY;
  const cell = (number: number, day: number, at: number): number =>
    number < 0 ? 0 : (pages.get(keyOf(number, day))?.[placeOf(day) + at] ?? 0);
  return {
    add: (number: number, hour: number): void => {
      const day = Math.floor(hour / HOURS);
      const key = keyOf(number, day);
      let page = pages.get(key);
      if (page === undefined) {
        page = new Uint16Array(DAYS_PER_PAGE * CELLS_PER_DAY);
        pages.set(key, page);
      }
      const from = placeOf(day);
      const at = from + hour - day * HOURS;
      if (page[at]! < MOST) page[at]! += 1;
      if (page[from + HOURS]! < MOST) page[from + HOURS]! += 1;
    },
    finish: (numbers: ReadonlyMap<string, number>): HourCounts => ({
      numbers,
      inHour: (number, hour) => {
        const day = Math.floor(hour / HOURS);
        return cell(number, day, hour - day * HOURS);
      },
      onDay: (number, day) => cell(number, day, HOURS),
      before: (number, hour) => {
        const day = Math.floor(hour / HOURS);
        const page = number < 0 ? undefined : pages.get(keyOf(number, day));
        if (page === undefined) return 0;
        const from = placeOf(day);
        let sum = 0;
        for (let at = from; at < from + hour - day * HOURS; at++) sum += page[at]!;
        return sum;
      },
    }),
  };
};

/** Aircraft and moment make one number. */
const MOMENTS = 2 ** 32;
const MINUTES_PER_DAY = 60 * HOURS;

/** One sorted list of all departures. @cost 8 bytes a flight */
const startAircraft = () => {
  let keys = new Float64Array(1024);
  let n = 0;
  const keyOf = (tail: number, minutes: number): number => tail * MOMENTS + minutes + MOMENTS / 2;
  return {
    add: (tail: number, minutes: number): void => {
      if (n === keys.length) {
        const wider = new Float64Array(2 * n);
        wider.set(keys);
        keys = wider;
      }
      keys[n++] = keyOf(tail, minutes);
    },
    finish: (numbers: ReadonlyMap<string, number>): AircraftTimes => {
      const sorted = keys.subarray(0, n).sort();
      const dayOf = (minutes: number): number => Math.floor(minutes / MINUTES_PER_DAY);
      const placeOf = (tail: number, minutes: number): number =>
        firstNotBelow(sorted, keyOf(tail, minutes));
      return {
        numbers,
        earlier: (tail, minutes) =>
          tail < 0 ? 0 : placeOf(tail, minutes) - placeOf(tail, dayOf(minutes) * MINUTES_PER_DAY),
        gap: (tail, minutes) => {
          const place = tail < 0 ? 0 : placeOf(tail, minutes);
          const last = place === 0 ? Number.NEGATIVE_INFINITY : sorted[place - 1]!;
          const isToday = last >= keyOf(tail, dayOf(minutes) * MINUTES_PER_DAY);
          return isToday ? keyOf(tail, minutes) - last : Number.NaN;
        },
      };
    },
  };
};

const firstNotBelow = (sorted: Float64Array, value: number): number => {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** Flights and their names as bytes, and as a plan again: how a plan reaches the processes that answer. */
export const encodePlan = (flights: PlannedFlights, names: PlannedNames): Uint8Array =>
  Buffer.from(
    JSON.stringify({
      names,
      flights: Object.fromEntries(
        Object.entries(flights).map(([name, column]) => [name, [...column]]),
      ),
    }),
  );

/** @throws AppError file-broken */
export const decodePlan = (bytes: Uint8Array): DeparturePlan => {
  try {
    const { names, flights } = JSON.parse(Buffer.from(bytes).toString()) as {
      readonly names: PlannedNames;
      readonly flights: Readonly<Record<keyof PlannedFlights, readonly number[]>>;
    };
    const columns = Object.fromEntries(
      Object.entries(flights).map(([name, column]) => [name, Int32Array.from(column)]),
    ) as unknown as PlannedFlights;
    const plan = startPlan();
    plan.add(columns, columns.minutes.length);
    return plan.finish(names);
  } catch (error) {
    throw new AppError('file-broken', 'the plan of departures is damaged', { cause: error });
  }
};
