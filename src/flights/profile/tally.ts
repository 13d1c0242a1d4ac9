/**
 * Flights counted by the database, on all its threads: by hour, airline, route, delay and reason, each a grouping set of
 * one pass over a source. What comes out is small; rows are never handed over.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { readRows } from '../database.ts';
import { NO_MINUTES } from '../cleaning/projection.ts';
import { type FlightQuery, plainFlights } from '../cleaning/flight-query.ts';
import { blameFile } from '../reading/source.ts';
import { type Duplicates, sampledHash } from './duplicates.ts';
import type { GroupSums } from './groups.ts';

/** Sums over flights of one hour, one airline, one route, one delay. */
export interface Tally {
  /** Keys are hours since 1970. */
  readonly byHour: readonly (readonly [hour: number, sums: GroupSums])[];
  readonly byAirline: readonly (readonly [airline: string, sums: GroupSums])[];
  readonly byRoute: readonly (readonly [route: Route, sums: GroupSums])[];
  /** Flights by whole minutes of delay. */
  readonly byDelay: readonly (readonly [minutes: number, flights: number])[];
  readonly rejected: Readonly<Record<string, number>>;
  readonly remarks: Readonly<Record<string, number>>;
  readonly duplicates: Duplicates;
}

interface Route {
  readonly origin: string;
  readonly destination: string;
}

interface FlightTally {
  /** Counts a source; returns its rows by why they are not used, '' for those that are. @throws AppError file-broken */
  readonly add: (flights: FlightQuery) => Promise<ReadonlyMap<string, number>>;
  readonly finish: () => Promise<Tally>;
}

interface TallyOptions {
  readonly lateMinutes: number;
  /** See `sampleStride`. */
  readonly stride: number;
}

const IDENTITY = ['airline', 'flightNumber', 'origin', 'destination', 'minute'] as const;
const AIRCRAFT = ['origin', 'destination', 'minute', 'tailNumber'] as const;

/** Grouping sets, in the order of their numbers in `tally`. */
const SETS = ['reason', 'hour', 'airline', 'origin', 'delay', 'flight', 'aircraft'] as const;
type SetName = (typeof SETS)[number];

const setOf = (name: SetName): number => SETS.indexOf(name);

export const startTally = async (
  connection: DuckDBConnection,
  { lateMinutes, stride }: TallyOptions,
): Promise<FlightTally> => {
  await connection.run(`
    CREATE TEMP TABLE tally (kind TINYINT, place BIGINT, name VARCHAR, other VARCHAR, n BIGINT,
                             flights BIGINT, late BIGINT, cancelled BIGINT, minutes DOUBLE);
    CREATE TEMP TABLE hashes (kind TINYINT, hash UBIGINT, n BIGINT)`);
  const twins: { readonly file: string; readonly mark: string }[] = [];

  const add = async (flights: FlightQuery): Promise<ReadonlyMap<string, number>> => {
    const { file } = flights.source;
    const sums = `count(*) AS n, count(*) FILTER (isUsed) AS flights, count(*) FILTER (isUsed AND delayMinutes >= ${lateMinutes}) AS late,
      count(*) FILTER (reason = 'cancelled' AND minute <> ${NO_MINUTES}) AS cancelled, coalesce(sum(delayMinutes) FILTER (isUsed), 0) AS minutes`;
    await blameFile(file, () =>
      connection.run(`
        CREATE OR REPLACE TEMP TABLE pass AS
        SELECT CASE ${SETS.map((set, i) => `WHEN ${set} IS NOT NULL THEN ${i}`).join(' ')} END::TINYINT AS kind,
               coalesce(hour, delay)::BIGINT AS place, coalesce(reason, airline, origin) AS name, coalesce(remark, destination) AS other,
               coalesce(flight, aircraft) AS hash, n, flights, late, cancelled, minutes
        FROM (
          SELECT reason, remark, hour, airline, origin, destination, delay, flight, aircraft, ${sums}
          FROM (
            SELECT *, minute // 60 AS hour, CASE WHEN isUsed THEN floor(delayMinutes)::INTEGER ELSE ${NO_MINUTES} END AS delay,
                   ${sampledHash(IDENTITY, stride, 'isUsed')} AS flight,
                   ${sampledHash(AIRCRAFT, stride, `isUsed AND tailNumber <> ''`)} AS aircraft
            FROM (SELECT *, reason = '' AS isUsed FROM (${plainRows(flights)}))
          )
          GROUP BY GROUPING SETS ((reason, remark), (hour), (airline), (origin, destination), (delay), (flight), (aircraft))
        )`),
    );
    await connection.run(`
      INSERT INTO tally SELECT kind, place, name, other, n, flights, late, cancelled, minutes FROM pass WHERE hash IS NULL;
      INSERT INTO hashes SELECT kind, hash, n FROM pass WHERE hash <> 0`);
    const rows = await readRows(
      connection,
      `SELECT name, sum(n)::DOUBLE AS n FROM pass WHERE kind = ${setOf('reason')} GROUP BY name`,
    );
    const [mark] = await readRows(
      connection,
      `SELECT bit_xor(hash(kind, place, name, other, flights, late, minutes))::VARCHAR AS mark, sum(flights)::DOUBLE AS n FROM pass WHERE hash IS NULL AND flights > 0`,
    );
    if (Number(mark!['n'] ?? 0) > 0) twins.push({ file, mark: String(mark!['mark']) });
    await connection.run('DROP TABLE pass');
    return new Map(rows.map((row) => [String(row['name']), Number(row['n'])]));
  };

  const finish = async (): Promise<Tally> => {
    const sumsBy = async (set: SetName, order: string) =>
      (
        await readRows(
          connection,
          `SELECT place::DOUBLE AS place, name, other, sum(flights)::DOUBLE AS flights, sum(late)::DOUBLE AS late,
                  sum(cancelled)::DOUBLE AS cancelled, sum(minutes)::DOUBLE AS minutes, sum(n)::DOUBLE AS n
           FROM tally WHERE kind = ${setOf(set)} GROUP BY ALL ORDER BY ${order}`,
        )
      ).map((row) => ({
        place: Number(row['place']),
        name: String(row['name'] ?? ''),
        other: String(row['other'] ?? ''),
        n: Number(row['n']),
        sums: {
          flights: Number(row['flights']),
          late: Number(row['late']),
          cancelled: Number(row['cancelled']),
          delayMinutes: Number(row['minutes']),
        },
      }));
    const reasons = await sumsBy('reason', 'name, other');
    const repeated = async (set: SetName): Promise<number> => {
      const [row] = await readRows(
        connection,
        `SELECT coalesce(sum(n - 1), 0)::DOUBLE AS n FROM (SELECT sum(n) AS n FROM hashes WHERE kind = ${setOf(set)} GROUP BY hash)`,
      );
      return Number(row!['n']) * stride;
    };
    const nSameFlight = await repeated('flight');
    return {
      byHour: (await sumsBy('hour', 'place'))
        .filter(({ place }) => place * 60 > NO_MINUTES / 2)
        .map(({ place, sums }) => [place, sums]),
      byAirline: (await sumsBy('airline', 'name'))
        .filter(({ name }) => name !== '')
        .map(({ name, sums }) => [name, sums]),
      byRoute: (await sumsBy('origin', 'name, other')).map(({ name, other, sums }) => [
        { origin: name, destination: other },
        sums,
      ]),
      byDelay: (await sumsBy('delay', 'place'))
        .filter(({ place }) => place !== NO_MINUTES)
        .map(({ place, sums }) => [place, sums.flights]),
      rejected: countsOf(reasons.map(({ name, n }) => [name, n])),
      remarks: countsOf(reasons.map(({ other, sums }) => [other, sums.flights])),
      duplicates: {
        rows: nSameFlight,
        // A flight that is there twice is no code-share of itself.
        codeShares: Math.max(0, (await repeated('aircraft')) - nSameFlight),
        sameFiles: twins.flatMap(({ file, mark }, i) => {
          const twin = twins.slice(0, i).find((other) => other.mark === mark);
          return twin ? [[file, twin.file] as const] : [];
        }),
        isExact: stride === 1,
      },
    };
  };

  return { add, finish };
};

/** Summed by name, without those of no name and no count. */
const countsOf = (
  entries: readonly (readonly [name: string, n: number])[],
): Readonly<Record<string, number>> => {
  const counts = new Map<string, number>();
  for (const [name, n] of entries)
    if (name !== '' && n > 0) counts.set(name, (counts.get(name) ?? 0) + n);
  return Object.fromEntries(counts);
};

/** The rows of a source with every field that is counted; what the source does not have is empty. */
const plainRows = (flights: FlightQuery): string => {
  const has = new Set<string>(flights.projection.fields);
  const field = (name: string): string => (has.has(name) ? name : `'' AS ${name}`);
  return `SELECT reject AS reason, ${flights.projection.hasRemark ? 'remark' : `'' AS remark`}, delayMinutes, scheduledDeparture AS minute,
    ${['airline', 'flightNumber', 'tailNumber', 'origin', 'destination'].map(field).join(', ')} FROM (${plainFlights(flights)})`;
};
