/**
 * Flights and cells counted by the database, on all its threads, in one pass over a source.
 *
 * The pass groups by many things at once, each by itself (grouping sets): by hour, airline, route, delay and reason, and
 * by each column as it stands in the file. What comes out is a row for each different value; rows of the files are never
 * handed over. What does not fit in the memory of the database goes to disk. Many columns, or columns in little memory,
 * take more passes.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { type FlightQuery, plainFlights } from '../cleaning/flight-query.ts';
import { NO_MINUTES } from '../cleaning/projection.ts';
import { identifier, readRows } from '../database.ts';
import { type RejectedLines, takeRejectedLines } from '../reading/rejected-lines.ts';
import { blameFile } from '../reading/source.ts';
import { type SourceColumn, startColumns } from './columns.ts';
import { type Duplicates, sampledHash } from './duplicates.ts';
import type { GroupSums } from './groups.ts';

/** Sums over flights of one hour, one airline, one route, one delay. */
export interface Tally {
  readonly nRows: number;
  readonly columns: readonly SourceColumn[];
  /** Keys are hours since 1970. */
  readonly byHour: readonly (readonly [hour: number, sums: GroupSums])[];
  readonly byAirline: readonly (readonly [airline: string, sums: GroupSums])[];
  readonly byRoute: readonly (readonly [route: Route, sums: GroupSums])[];
  /** Flights by whole minutes of delay, ascending. */
  readonly byDelay: readonly (readonly [minutes: number, flights: number])[];
  readonly rejected: Readonly<Record<string, number>>;
  readonly remarks: Readonly<Record<string, number>>;
  readonly duplicates: Duplicates;
}

interface Route {
  readonly origin: string;
  readonly destination: string;
}

interface SourceTally {
  readonly nRows: number;
  /** Rows by why they are not used, '' for those that are. */
  readonly reasons: ReadonlyMap<string, number>;
  /** Lines that are no rows. */
  readonly lines: RejectedLines;
}

interface FlightTally {
  /** @param flights whose query hands on the source's own columns @throws AppError file-broken */
  readonly add: (flights: FlightQuery) => Promise<SourceTally>;
  readonly finish: () => Promise<Tally>;
}

interface TallyOptions {
  readonly lateMinutes: number;
  /** See `sampleStride`. */
  readonly stride: number;
  /** Columns that one pass counts, at most. */
  readonly maxColumns: number;
}

/** What makes two rows the same flight, and what two flights of one aircraft. */
const IDENTITY = ['airline', 'flightNumber', 'origin', 'destination', 'minute'] as const;
const AIRCRAFT = ['origin', 'destination', 'minute', 'tailNumber'] as const;

/** What flights are grouped by, each by itself. */
const SETS = {
  reason: ['reason', 'remark'],
  hour: ['hour'],
  airline: ['airline'],
  route: ['origin', 'destination'],
  delay: ['delay'],
  flight: ['flight'],
  aircraft: ['aircraft'],
} as const;
type Kind = keyof typeof SETS;

/** Kinds of rows in `tally`: one for each set, and one for the columns of the files. */
const KINDS = Object.keys(SETS) as Kind[];

const kindOf = (name: Kind): number => KINDS.indexOf(name);
const CELL = KINDS.length;

export const startTally = async (
  connection: DuckDBConnection,
  { lateMinutes, stride, maxColumns }: TallyOptions,
): Promise<FlightTally> => {
  // Without the order of the rows the database needs to hold less.
  await connection.run(`
    SET preserve_insertion_order = false;
    CREATE TEMP TABLE tally (source INTEGER, kind TINYINT, place BIGINT, name VARCHAR, other VARCHAR, hash UBIGINT,
                             n BIGINT, flights BIGINT, late BIGINT, cancelled BIGINT, minutes DOUBLE)`);
  const columns = startColumns(connection, CELL);
  const files: string[] = [];

  const add = async (flights: FlightQuery): Promise<SourceTally> => {
    const { source } = flights;
    const number = files.push(source.file) - 1;
    const cells = source.columns.map((name, i) => ({
      name: `cell${i}`,
      place: columns.add(name),
      ofSource: cellOf(identifier(name), i),
      ofFlights: cellOf(`own${i}`, i),
    }));
    const run = (sql: string): Promise<unknown> =>
      blameFile(source.file, () =>
        connection.run(`INSERT INTO tally SELECT ${number}, * FROM (${sql})`),
      );
    // To group flights takes as much memory as to count that many columns.
    const nFirst = Math.max(0, maxColumns - KINDS.length);
    await run(flightSets(flights, { lateMinutes, stride }, cells.slice(0, nFirst)));
    const lines = await takeRejectedLines(connection);
    for (let from = nFirst; from < cells.length; from += maxColumns) {
      await run(cellSets(flights, cells.slice(from, from + maxColumns)));
      // The same lines once more.
      await takeRejectedLines(connection);
    }
    const rows = await readRows(
      connection,
      `SELECT name, sum(n)::DOUBLE AS n FROM tally WHERE source = ${number} AND kind = ${kindOf('reason')} GROUP BY name`,
    );
    const reasons = new Map(rows.map((row) => [String(row['name']), Number(row['n'])]));
    return { nRows: [...reasons.values()].reduce((sum, n) => sum + n, 0), reasons, lines };
  };

  const finish = async (): Promise<Tally> => {
    const reasons = await sumsOf(connection, 'reason');
    const nRows = reasons.reduce((sum, { n }) => sum + n, 0);
    return {
      nRows,
      columns: await columns.describe(nRows),
      byHour: (await sumsOf(connection, 'hour'))
        .filter(({ place }) => place * 60 > NO_MINUTES / 2)
        .map(({ place, sums }) => [place, sums]),
      byAirline: (await sumsOf(connection, 'airline'))
        .filter(({ name }) => name !== '')
        .map(({ name, sums }) => [name, sums]),
      byRoute: (await sumsOf(connection, 'route')).map(({ name, other, sums }) => [
        { origin: name, destination: other },
        sums,
      ]),
      byDelay: (await sumsOf(connection, 'delay'))
        .filter(({ place }) => place !== NO_MINUTES)
        .map(({ place, sums }) => [place, sums.flights]),
      rejected: countsOf(reasons.map(({ name, n }) => [name, n])),
      remarks: countsOf(reasons.map(({ other, sums }) => [other, sums.flights])),
      duplicates: await duplicatesOf(connection, files, stride),
    };
  };

  return { add, finish };
};

interface CellColumn {
  readonly name: string;
  readonly place: number;
  /** SQL that names it so, of the source and of the query of its flights. */
  readonly ofSource: string;
  readonly ofFlights: string;
}

/** A column's text, never NULL: what is NULL belongs to another grouping set. */
const cellOf = (column: string, i: number): string =>
  `coalesce(${column}::VARCHAR, '') AS cell${i}`;

/**
 * The pass that counts flights, and as many columns with them. Groups are not filtered: the database would filter anew
 * for each of them.
 */
const flightSets = (
  flights: FlightQuery,
  { lateMinutes, stride }: Pick<TallyOptions, 'lateMinutes' | 'stride'>,
  cells: readonly CellColumn[],
): string => {
  const has = new Set<string>(flights.projection.fields);
  const field = (name: string): string => (has.has(name) ? name : `'' AS ${name}`);
  const names = cells.map(({ name }) => name);
  const keys = [...Object.values(SETS).flat(), ...names];
  const sets = [...Object.values(SETS), ...names.map((name) => [name])];
  return `
    SELECT CASE ${KINDS.map((kind, i) => `WHEN ${SETS[kind][0]} IS NOT NULL THEN ${i}`).join(' ')} ELSE ${CELL} END::TINYINT,
           coalesce(hour, delay${cells.length > 0 ? `, ${placeOf(cells)}` : ''})::BIGINT, ${coalesced(['reason', 'airline', 'origin', ...names])},
           coalesce(remark, destination), coalesce(flight, aircraft), n, flights, late, cancelled, minutes
    FROM (
      SELECT ${keys.join(', ')}, count(*) AS n, count(used) AS flights, count(late) AS late, count(cancelled) AS cancelled, sum(minutes) AS minutes
      FROM (
        SELECT *, minute // 60 AS hour, CASE WHEN isUsed THEN floor(delayMinutes)::INTEGER ELSE ${NO_MINUTES} END AS delay,
               ${sampledHash('flightHash', stride, 'isUsed')} AS flight,
               ${sampledHash('aircraftHash', stride, `isUsed AND tailNumber <> ''`)} AS aircraft,
               CASE WHEN isUsed THEN true END AS used, CASE WHEN isUsed AND delayMinutes >= ${lateMinutes} THEN true END AS late,
               CASE WHEN reason = 'cancelled' AND minute <> ${NO_MINUTES} THEN true END AS cancelled,
               CASE WHEN isUsed THEN delayMinutes::DOUBLE ELSE 0 END AS minutes
        FROM (
          SELECT *, hash(${IDENTITY.join(', ')}) AS flightHash, hash(${AIRCRAFT.join(', ')}) AS aircraftHash
          FROM (
            SELECT reject AS reason, reject = '' AS isUsed, ${flights.projection.hasRemark ? 'remark' : `'' AS remark`}, delayMinutes,
                   scheduledDeparture AS minute, ${['airline', 'flightNumber', 'tailNumber', 'origin', 'destination'].map(field).join(', ')}${names.map((name) => `, ${name}`).join('')}
            FROM (${plainFlights(
              flights,
              cells.map(({ ofFlights }) => ofFlights),
            )})
          )
        )
      )
      GROUP BY GROUPING SETS (${sets.map((set) => `(${set.join(', ')})`).join(', ')})
    )`;
};

/** A pass that counts columns. */
const cellSets = ({ source }: FlightQuery, cells: readonly CellColumn[]): string => {
  const names = cells.map(({ name }) => name);
  return `
    SELECT ${CELL}::TINYINT, ${placeOf(cells)}::BIGINT, ${coalesced(names)}, NULL, NULL, n, 0, 0, 0, 0
    FROM (SELECT ${names.join(', ')}, count(*) AS n FROM (SELECT ${cells.map(({ ofSource }) => ofSource).join(', ')} FROM ${source.from})
          GROUP BY GROUPING SETS (${names.map((name) => `(${name})`).join(', ')}))`;
};

const coalesced = (names: readonly string[]): string => `coalesce(${names.join(', ')})`;

/** SQL for the place of the column that a row counts a value of. */
const placeOf = (cells: readonly CellColumn[]): string =>
  `CASE ${cells.map(({ name, place }) => `WHEN ${name} IS NOT NULL THEN ${place}`).join(' ')} END`;

/** Rows of one kind over all sources, ascending. */
const sumsOf = async (connection: DuckDBConnection, kind: Kind) => {
  const rows = await readRows(
    connection,
    `SELECT place::DOUBLE AS place, name, other, sum(flights)::DOUBLE AS flights, sum(late)::DOUBLE AS late,
            sum(cancelled)::DOUBLE AS cancelled, sum(minutes)::DOUBLE AS minutes, sum(n)::DOUBLE AS n
     FROM tally WHERE kind = ${kindOf(kind)} GROUP BY place, name, other ORDER BY place, name, other`,
  );
  return rows.map((row) => ({
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

const duplicatesOf = async (
  connection: DuckDBConnection,
  files: readonly string[],
  stride: number,
): Promise<Duplicates> => {
  const repeated = async (kind: Kind): Promise<number> => {
    const [row] = await readRows(
      connection,
      `SELECT coalesce(sum(n - 1), 0)::DOUBLE AS n
       FROM (SELECT sum(n) AS n FROM tally WHERE kind = ${kindOf(kind)} AND hash <> 0 GROUP BY hash)`,
    );
    return Number(row!['n']) * stride;
  };
  const nSameFlight = await repeated('flight');
  // Files whose flights are counted the same in every hour, on every route, by every delay.
  const marks = await readRows(
    connection,
    `SELECT source, bit_xor(hash(kind, place, name, other, flights, late, minutes))::VARCHAR AS mark
     FROM tally WHERE kind < ${kindOf('flight')} AND flights > 0 GROUP BY source ORDER BY source`,
  );
  return {
    rows: nSameFlight,
    // A flight that is there twice is no code-share of itself.
    codeShares: Math.max(0, (await repeated('aircraft')) - nSameFlight),
    sameFiles: marks.flatMap(({ source, mark }, i) => {
      const twin = marks.slice(0, i).find((other) => other['mark'] === mark);
      return twin ? [[files[Number(source)]!, files[Number(twin['source'])]!] as const] : [];
    }),
    isExact: stride === 1,
  };
};
