/**
 * A plan of departures: how many flights the schedule lets depart at each airport, to each, and of each airline, in every
 * hour of every day, and when each aircraft departs. Cancelled flights count too: they were scheduled.
 */
import { AppError } from '../errors.ts';
import { startKeys } from './sorted-keys.ts';

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
  /** What the plan holds so far. */
  readonly bytes: () => number;
  readonly finish: (names: PlannedNames) => DeparturePlan;
}

/** The moment of a flight without one. */
export const NO_TIME = -2_147_483_648;

export const startPlan = (): PlanBuilder => {
  const [origins, destinations] = [startCounts(), startCounts()];
  const airlines = startSparseCounts();
  const aircraft = startAircraft();
  const cells = startCells();
  return {
    // A column at a time: a loop over one kind of memory takes a third less than one over all of them.
    add: ({ origin, destination, airline, tailNumber, minutes }, nRows) => {
      cells.place(minutes, nRows);
      origins.add(origin, cells, nRows);
      destinations.add(destination, cells, nRows);
      airlines.add(origin, airline, cells, nRows);
      aircraft.add(tailNumber, minutes, nRows);
    },
    bytes: () => origins.bytes() + destinations.bytes() + airlines.bytes() + aircraft.bytes(),
    finish: (names) => ({
      origins: origins.finish(numbersOf(names.origin)),
      destinations: destinations.finish(numbersOf(names.destination)),
      airlines: airlines.finish(
        new Map(
          names.origin.flatMap((origin, from) =>
            names.airline.map(
              (airline, by) => [airlineAt(origin, airline), airlines.numberOf(from, by)] as const,
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
const HOURS_PER_PAGE = 256 * HOURS;
/** More pages than any calendar has, so that a number and its page make one number. */
const PAGES = 2 ** 20;
/** What a cell of a page holds before the page is made wider, and what it holds at most. */
const MOST_IN_BYTE = 255;
const MOST = 65_535;

/** The first hour of the day of an hour. */
const dayStart = (hour: number): number => Math.floor(hour / HOURS) * HOURS;

/** The hours of some moments: each, its page and its place there; the hour of a flight without a moment is `NO_TIME`. */
interface HourCells {
  readonly hours: Int32Array;
  readonly pages: Int32Array;
  readonly places: Int32Array;
}

const pageOfHour = (hour: number): number => Math.floor(hour / HOURS_PER_PAGE);

const startCells = () => {
  const cells = {
    hours: new Int32Array(0),
    pages: new Int32Array(0),
    places: new Int32Array(0),
    place: (minutes: Int32Array, nRows: number): void => {
      if (cells.hours.length < nRows) {
        cells.hours = new Int32Array(nRows);
        cells.pages = new Int32Array(nRows);
        cells.places = new Int32Array(nRows);
      }
      const { hours, pages, places } = cells;
      for (let row = 0; row < nRows; row++) {
        const moment = minutes[row]!;
        const hour = Math.floor(moment / 60);
        const page = pageOfHour(hour);
        hours[row] = moment === NO_TIME ? NO_TIME : hour;
        pages[row] = page;
        places[row] = hour - HOURS_PER_PAGE * page;
      }
    },
  };
  return cells;
};

/**
 * How many flights of a number there are from one hour to before another of the same day. Who asks goes on in time, and
 * asks the same days again and again: those asked last are kept as sums.
 * @param countInto fills float64, shape (24), all 0, with the flights of the hours of a day, by its first hour
 */
const buildDayCounts = (
  countInto: (number: number, start: number, counts: Float64Array) => void,
): ((number: number, from: number, to: number) => number) => {
  const counts = new Float64Array(HOURS);
  /** Of each number, the first hour of the day that was asked last, and what its hours hold up to each of them. */
  const askedStarts: number[] = [];
  const askedSums: Float64Array[] = [];
  const sumsOf = (number: number, start: number): Float64Array => {
    if (askedStarts[number] === start) return askedSums[number]!;
    const sums = askedSums[number] ?? new Float64Array(HOURS + 1);
    countInto(number, start, counts.fill(0));
    for (let hour = 0; hour < HOURS; hour++) sums[hour + 1] = sums[hour]! + counts[hour]!;
    askedStarts[number] = start;
    askedSums[number] = sums;
    return sums;
  };
  return (number, from, to) => {
    if (number < 0) return 0;
    const start = dayStart(from);
    const sums = sumsOf(number, start);
    return Math.min(MOST, sums[to - start]! - sums[from - start]!);
  };
};

/** Pages of some months each: a wrong year in one row costs one page. @cost 6 KB a number and page, twice that for busy ones */
const startCounts = () => {
  const pages = new Map<number, Uint8Array | Uint16Array>();
  /** The page of each number that was used last, and which one it is: files go on in time. */
  const lastPages: (Uint8Array | Uint16Array)[] = [];
  const lastIndices: number[] = [];
  let bytes = 0;
  const keyOf = (number: number, index: number): number => number * PAGES + index + PAGES / 2;
  const placeOf = (hour: number): number => hour - HOURS_PER_PAGE * pageOfHour(hour);
  const between = buildDayCounts((number, start, counts) => {
    const page = pages.get(keyOf(number, pageOfHour(start)));
    const first = placeOf(start);
    if (page) for (let hour = 0; hour < HOURS; hour++) counts[hour] = page[first + hour]!;
  });
  const put = (number: number, index: number, page: Uint8Array | Uint16Array): void => {
    pages.set(keyOf(number, index), page);
    bytes += page.byteLength;
    lastPages[number] = page;
  };
  /** The page of an hour, made where there is none. */
  const pageOf = (number: number, index: number): Uint8Array | Uint16Array => {
    if (lastIndices[number] === index) return lastPages[number]!;
    const page = pages.get(keyOf(number, index));
    if (page === undefined) put(number, index, new Uint8Array(HOURS_PER_PAGE));
    else lastPages[number] = page;
    lastIndices[number] = index;
    return lastPages[number]!;
  };
  /** The page with room for more than a byte holds. */
  const widerPage = (number: number, index: number, page: Uint8Array | Uint16Array) => {
    if (page instanceof Uint8Array) put(number, index, Uint16Array.from(page));
    return lastPages[number]!;
  };
  return {
    bytes: () => bytes,
    add: (numbers: Int32Array, cells: HourCells, nRows: number): void => {
      const { hours, pages: indices, places } = cells;
      for (let row = 0; row < nRows; row++) {
        const number = numbers[row]!;
        if (number < 0 || hours[row] === NO_TIME) continue;
        const index = indices[row]!;
        const page = pageOf(number, index);
        const at = places[row]!;
        const n = page[at]!;
        if (n < MOST_IN_BYTE) page[at] = n + 1;
        else if (n < MOST) widerPage(number, index, page)[at] = n + 1;
      }
    },
    finish: (numbers: ReadonlyMap<string, number>): HourCounts => ({
      numbers,
      inHour: (number, hour) => between(number, hour, hour + 1),
      onDay: (number, day) => between(number, day * HOURS, (day + 1) * HOURS),
      before: (number, hour) => between(number, dayStart(hour), hour),
    }),
  };
};

/** More hours than any calendar has, so that a number and its hour make one number. */
const HOURS_IN_ALL = 2 ** 27;

/** Counts of many pairs of numbers with few flights each. @cost 8 bytes a flight, whatever their numbers */
const startSparseCounts = () => {
  /** By airport, then by airline. */
  const places: number[][] = [];
  let nPlaces = 0;
  const keys = startKeys(HOURS_IN_ALL);
  const keyOf = (place: number, hour: number): number =>
    place * HOURS_IN_ALL + hour + HOURS_IN_ALL / 2;
  const placeOf = (from: number, by: number): number => {
    let ofAirport = places[from];
    if (ofAirport === undefined) {
      ofAirport = [];
      places[from] = ofAirport;
    }
    let place = ofAirport[by];
    if (place === undefined) {
      place = nPlaces++;
      ofAirport[by] = place;
    }
    return place;
  };
  return {
    bytes: keys.bytes,
    add: (origins: Int32Array, airlines: Int32Array, { hours }: HourCells, nRows: number): void => {
      const out = keys.roomFor(nRows);
      let n = keys.length();
      for (let row = 0; row < nRows; row++) {
        const from = origins[row]!;
        const by = airlines[row]!;
        const hour = hours[row]!;
        if (from < 0 || by < 0 || hour === NO_TIME) continue;
        out[n++] = keyOf(placeOf(from, by), hour);
      }
      keys.setLength(n);
    },
    /** By which the finished counts know a pair, also one without flights. */
    numberOf: (from: number, by: number): number => places[from]?.[by] ?? nPlaces,
    finish: (numbers: ReadonlyMap<string, number>): HourCounts => {
      const between = buildDayCounts((number, start, counts) => {
        const sorted = keys.sorted();
        const first = keyOf(number, start);
        for (let i = keys.placeOf(number, first); i < sorted.length; i++) {
          const hour = sorted[i]! - first;
          if (hour >= HOURS) break;
          counts[hour]! += 1;
        }
      });
      return {
        numbers,
        inHour: (number, hour) => between(number, hour, hour + 1),
        onDay: (number, day) => between(number, day * HOURS, (day + 1) * HOURS),
        before: (number, hour) => between(number, dayStart(hour), hour),
      };
    },
  };
};

/** Aircraft and moment make one number. */
const MOMENTS = 2 ** 32;
const MINUTES_PER_DAY = 60 * HOURS;

/** One sorted list of all departures. @cost 8 bytes a flight */
const startAircraft = () => {
  const keys = startKeys(MOMENTS);
  const keyOf = (tail: number, minutes: number): number => tail * MOMENTS + minutes + MOMENTS / 2;
  return {
    bytes: keys.bytes,
    add: (tails: Int32Array, minutes: Int32Array, nRows: number): void => {
      const out = keys.roomFor(nRows);
      let n = keys.length();
      for (let row = 0; row < nRows; row++) {
        const tail = tails[row]!;
        const moment = minutes[row]!;
        if (tail >= 0 && moment !== NO_TIME) out[n++] = keyOf(tail, moment);
      }
      keys.setLength(n);
    },
    finish: (numbers: ReadonlyMap<string, number>): AircraftTimes => {
      const dayOf = (minutes: number): number => Math.floor(minutes / MINUTES_PER_DAY);
      /** The departure that was asked about last, and its place: both counts ask about the same. */
      const asked = { tail: -1, minutes: 0, place: 0 };
      const placeOf = (tail: number, minutes: number): number => {
        if (asked.tail !== tail || asked.minutes !== minutes) {
          asked.place = keys.placeOf(tail, keyOf(tail, minutes));
          asked.tail = tail;
          asked.minutes = minutes;
        }
        return asked.place;
      };
      return {
        numbers,
        earlier: (tail, minutes) =>
          tail < 0
            ? 0
            : placeOf(tail, minutes) -
              keys.placeOf(tail, keyOf(tail, dayOf(minutes) * MINUTES_PER_DAY)),
        gap: (tail, minutes) => {
          const place = tail < 0 ? 0 : placeOf(tail, minutes);
          const last = place === 0 ? Number.NEGATIVE_INFINITY : keys.sorted()[place - 1]!;
          const isToday = last >= keyOf(tail, dayOf(minutes) * MINUTES_PER_DAY);
          return isToday ? keyOf(tail, minutes) - last : Number.NaN;
        },
      };
    },
  };
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
