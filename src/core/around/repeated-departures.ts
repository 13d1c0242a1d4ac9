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

const FIRST_PLACES = 1 << 12;
const SEEDS = { high: 0x2545f491, low: 0x1b873593 } as const;

/**
 * Nothing seen yet. Flights are known by 53 bits of a hash: of ten million some are taken for another with a chance of
 * one in a hundred.
 * @cost 11 to 22 bytes a flight while it is in use
 */
export const startRepeated = (): RepeatedDepartures => {
  /** Keys by open addressing, 0 where there is none. */
  let keys = new Float64Array(FIRST_PLACES);
  let nKeys = 0;
  let nRepeated = 0;

  /** The place of a key, or the free one where it belongs. */
  const placeOf = (key: number): number => {
    const mask = keys.length - 1;
    let place = (key / 2 ** 21) & mask;
    while (keys[place] !== 0 && keys[place] !== key) place = (place + 1) & mask;
    return place;
  };
  const widen = (): void => {
    const before = keys;
    keys = new Float64Array(2 * before.length);
    for (let i = 0; i < before.length; i++)
      if (before[i] !== 0) keys[placeOf(before[i]!)] = before[i]!;
  };

  return {
    leaveOut: ({ airline, flightNumber, origin, destination, minutes }, nRows) => {
      const parts = [airline, flightNumber, origin, destination, minutes];
      for (let row = 0; row < nRows; row++) {
        if (minutes[row] === NO_TIME || airline[row]! < 0 || flightNumber[row]! < 0) continue;
        let high: number = SEEDS.high;
        let low: number = SEEDS.low;
        for (let p = 0; p < parts.length; p++) {
          high = mixed(high ^ parts[p]![row]!);
          low = mixed(low + parts[p]![row]!);
        }
        const key = (high >>> 0) * 2 ** 21 + (low >>> 11) + 1;
        const place = placeOf(key);
        if (keys[place] === key) {
          minutes[row] = NO_TIME;
          nRepeated++;
          continue;
        }
        keys[place] = key;
        if (++nKeys > 0.7 * keys.length) widen();
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
