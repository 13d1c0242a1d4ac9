/**
 * Flights that stand in files, or in a batch, more than once: the same airline, number, airports and scheduled departure.
 * A plan of departures counts them once, also where two files overlap.
 */
import { NO_TIME, type PlannedFlights } from './departure-plan.ts';

/** Flights of a plan with the numbers that they fly under, -1 where they have none. */
export type NumberedFlights = Omit<PlannedFlights, 'tailNumber'> & {
  readonly flightNumber: Int32Array;
};

interface RepeatedDepartures {
  /**
   * Takes the moments of the first flights away from those that were there before, now or in an earlier call, so that a
   * plan leaves them out. A flight without airline, number or moment is no other's.
   */
  readonly leaveOut: (flights: NumberedFlights, nRows: number) => void;
  /** How many were taken away so far. */
  readonly count: () => number;
}

const SEEDS = { mark: 0x2545f491, place: 0x1b873593 } as const;

/** Marks by open addressing, 0 where there is none. */
type Marks = Uint32Array<ArrayBuffer>;
const FIRST_PLACES = 1 << 16;
const FULL = 0.7;

/**
 * Nothing seen yet. A flight is known by 32 bits of a hash, at a place that 32 others say: of ten million some are taken
 * for another with a chance of a few in a hundred. Tables are never filled anew: a full one stays, and one of twice its
 * places stands beside it.
 * @cost 6 to 12 bytes a flight while it is in use
 */
export const startRepeated = (): RepeatedDepartures => {
  const tables: Marks[] = [];
  let nFree = 0;
  let nRepeated = 0;

  /** Whether a mark is there; else the last table gets it. */
  const isKnown = (mark: number, hash: number): boolean => {
    let place = 0;
    for (let t = 0; t < tables.length; t++) {
      const marks = tables[t]!;
      const last = marks.length - 1;
      place = hash & last;
      while (marks[place] !== 0 && marks[place] !== mark) place = (place + 1) & last;
      if (marks[place] === mark) return true;
    }
    if (nFree === 0) {
      const marks = new Uint32Array(FIRST_PLACES * 2 ** tables.length);
      tables.push(marks);
      nFree = Math.floor(FULL * marks.length);
      place = hash & (marks.length - 1);
    }
    tables.at(-1)![place] = mark;
    nFree--;
    return false;
  };

  return {
    leaveOut: ({ airline, flightNumber, origin, destination, minutes }, nRows) => {
      const parts = [airline, flightNumber, origin, destination, minutes];
      for (let row = 0; row < nRows; row++) {
        if (minutes[row] === NO_TIME || airline[row]! < 0 || flightNumber[row]! < 0) continue;
        let mark: number = SEEDS.mark;
        let place: number = SEEDS.place;
        for (let p = 0; p < parts.length; p++) {
          mark = mixed(mark ^ parts[p]![row]!);
          place = mixed(place + parts[p]![row]!);
        }
        if (!isKnown(mark >>> 0 || 1, place)) continue;
        minutes[row] = NO_TIME;
        nRepeated++;
      }
    },
    count: () => nRepeated,
  };
};

/** @source MurmurHash3, the finalizer of 32 bits */
const mixed = (bits: number): number => {
  let h = (bits | 0) ^ (bits >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
};
