/**
 * Flights counted by what they share, as they stream by: how many, how late, how often cancelled.
 */

/** Flights that share something. */
export interface Group {
  readonly name: string;
  readonly flights: number;
  /** Share that was late. */
  readonly late: number;
  /** Where the share lies with 95 % confidence: wide where flights are few. */
  readonly lateInterval: readonly [number, number];
  readonly meanDelayMinutes: number;
  /** Share of the planned flights that was cancelled. */
  readonly cancelled: number;
}

interface GroupCounter {
  readonly add: (code: number, delayMinutes: number, isLate: boolean) => void;
  readonly addCancelled: (code: number) => void;
  /** Groups that have flights, in the order of their codes. */
  readonly groups: (nameOf: (code: number) => string) => readonly Group[];
}

export const startGroups = (nExpected = 64): GroupCounter => {
  let flights = new Float64Array(nExpected);
  let late = new Float64Array(nExpected);
  let sums = new Float64Array(nExpected);
  let cancelled = new Float64Array(nExpected);
  const grow = (code: number): void => {
    const wider = (array: Float64Array): Float64Array<ArrayBuffer> => {
      const out = new Float64Array(2 * code + 2);
      out.set(array);
      return out;
    };
    [flights, late, sums, cancelled] = [wider(flights), wider(late), wider(sums), wider(cancelled)];
  };
  return {
    add: (code, delayMinutes, isLate) => {
      if (code >= flights.length) grow(code);
      flights[code]!++;
      sums[code]! += delayMinutes;
      if (isLate) late[code]!++;
    },
    addCancelled: (code) => {
      if (code >= flights.length) grow(code);
      cancelled[code]!++;
    },
    groups: (nameOf) =>
      Array.from(flights, (n, code): Group[] =>
        n === 0
          ? []
          : [
              {
                name: nameOf(code),
                flights: n,
                late: late[code]! / n,
                lateInterval: intervalOf(late[code]!, n),
                meanDelayMinutes: sums[code]! / n,
                cancelled: cancelled[code]! / (n + cancelled[code]!),
              },
            ],
      ).flat(),
  };
};

/** 97.5 % of a normal distribution lie below. */
const Z = 1.959964;

/** Wilson's interval of a share. @source Wilson 1927 */
const intervalOf = (nHits: number, n: number): readonly [number, number] => {
  const share = nHits / n;
  const centre = share + (Z * Z) / (2 * n);
  const half = Z * Math.sqrt((share * (1 - share)) / n + (Z * Z) / (4 * n * n));
  const scale = 1 + (Z * Z) / n;
  return [Math.max(0, (centre - half) / scale), Math.min(1, (centre + half) / scale)];
};

export const byFlights = (groups: readonly Group[]): readonly Group[] =>
  [...groups].sort((a, b) => b.flights - a.flights || (a.name < b.name ? -1 : 1));
