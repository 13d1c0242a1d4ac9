/**
 * Flights counted by what they share: how many, how late, how often cancelled.
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

/** Sums over flights that share something. */
export interface GroupSums {
  readonly flights: number;
  readonly late: number;
  readonly cancelled: number;
  readonly delayMinutes: number;
}

/** Groups that have flights, by name, in the order of their first sums. */
export const groupsOf = <K>(
  all: Iterable<readonly [key: K | undefined, sums: GroupSums]>,
  nameOf: (key: K) => string,
): readonly Group[] => {
  const groups = new Map<K, GroupSums>();
  for (const [key, sums] of all) {
    if (key === undefined) continue;
    const known = groups.get(key);
    groups.set(key, known === undefined ? sums : added(known, sums));
  }
  return [...groups].flatMap(([key, { flights, late, cancelled, delayMinutes }]) =>
    flights === 0
      ? []
      : [
          {
            name: nameOf(key),
            flights,
            late: late / flights,
            lateInterval: intervalOf(late, flights),
            meanDelayMinutes: delayMinutes / flights,
            cancelled: cancelled / (flights + cancelled),
          },
        ],
  );
};

const added = (a: GroupSums, b: GroupSums): GroupSums => ({
  flights: a.flights + b.flights,
  late: a.late + b.late,
  cancelled: a.cancelled + b.cancelled,
  delayMinutes: a.delayMinutes + b.delayMinutes,
});

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
