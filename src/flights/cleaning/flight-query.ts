/**
 * The flights of files as SQL, one query a source, whoever counts, gathers or shows them.
 */

import { AppError } from '../../core/errors.ts';
import type { Database } from '../database.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { shownAddress } from '../../host/shown-text.ts';
import { findFiles, isAddress, placedFiles } from '../reading/files.ts';
import { openSources } from '../reading/opening.ts';
import { takeRejectedLines } from '../reading/rejected-lines.ts';
import type { Source } from '../reading/source.ts';
import type { ReadingOptions } from '../reading-options.ts';
import { type PassedOver, startPassedOver } from './companions.ts';
import { type Projection, plainColumn, project, rejectOf, wantedOf } from './projection.ts';

/** A source, and how its rows become flights. */
export interface FlightQuery {
  readonly source: Source;
  readonly projection: Projection;
  /** Whether the delay is read. */
  readonly labelled: boolean;
}

interface QueryOptions extends ReadingOptions {
  /** Whether the queries also hand on the source's own columns, as `own0`, `own1`, ... */
  readonly withOwn?: boolean;
  /** Whether the delay is needed, as it is by default; without it a row needs a departure only. */
  readonly labelled?: boolean | undefined;
  /** See `asWritten` of a projection. */
  readonly namesAsWritten?: boolean;
  /** Collects the files of a folder that hold something else. */
  readonly passedOver?: PassedOver;
}

/**
 * The sources of the files in order, each with its query; all of one dialect.
 * @throws AppError file-missing, file-unreadable, file-empty, file-broken, columns-unknown, data-leak
 */
export async function* flightQueries(
  database: Database,
  patterns: readonly string[],
  {
    withOwn = false,
    labelled = true,
    namesAsWritten = false,
    passedOver = startPassedOver(),
    ...options
  }: QueryOptions,
): AsyncGenerator<FlightQuery> {
  const wanted = wantedOf(options);
  let dialect: Dialect | undefined;
  for (const [file, isFromFolder] of placedFiles(patterns)) {
    for (const source of await openSources(database, file, {
      // What a word for nothing is, the columns that are read decide: it spares a look at all others.
      how: 'kept',
      encoding: wanted.encoding,
    })) {
      const projection = await passedOver.unless(source, isFromFolder, () =>
        project(database.connection, source, {
          // What the first file was found to be, the others are too.
          wanted: { ...wanted, dialect: wanted.dialect && (dialect ?? wanted.dialect) },
          labelled,
          withOwn,
          namesAsWritten,
        }),
      );
      if (projection === undefined) {
        await takeRejectedLines(database.connection);
        continue;
      }
      if (dialect !== undefined && dialect !== projection.dialect) {
        throw new AppError(
          'columns-unknown',
          `${source.file} is of the dialect ${projection.dialect.name}, the files before it of ${dialect.name}; files of one dialect are expected`,
        );
      }
      dialect = projection.dialect;
      // What a look at the first rows had to leave out is left out once more when they are read.
      await takeRejectedLines(database.connection);
      yield { source, projection, labelled };
    }
  }
  if (dialect === undefined) passedOver.refuse();
}

/**
 * Rows of a source without NULLs but in fields as written: `reject`, `detail`, `delayMinutes`, the fields, then `more`, then a remark or none.
 * In stages, because the database makes a name that is used twice twice.
 */
export const plainFlights = (
  { projection: { fields, select, detail, hasRemark, asWritten }, labelled }: FlightQuery,
  more: readonly string[] = [],
): string => `
  SELECT reject, ${detail} AS detail,
         ${labelled ? "coalesce(try_cast(delay AS FLOAT), 'nan')" : "'nan'::FLOAT"} AS delayMinutes,
         ${[...fields.map((field) => (asWritten.has(field) ? field : plainColumn(field))), ...more, ...(hasRemark ? [`coalesce(remark, '') AS remark`] : [])].join(', ')}
  FROM (SELECT *, ${rejectOf(labelled)} AS reject
        FROM (SELECT *${labelled ? ', try_cast(delayMinutes AS DOUBLE) AS delay' : ''} FROM (${select})))`;

/** What a pass over files found out, beside their rows. */
export interface Readings {
  readonly files: readonly string[];
  readonly dialect: Dialect;
  /** Columns that nothing reads. */
  readonly unused: readonly string[];
  readonly notes: readonly string[];
}

interface ReadingsCollector {
  /** @param used names, lower case, of columns that are read beside the dialect's */
  readonly add: (flights: FlightQuery, used?: ReadonlySet<string>) => void;
  /** For `flightQueries`. */
  readonly passedOver: PassedOver;
  readonly finish: () => Readings;
}

/** What the readings of the sources of these files found out. */
export const startReadings = (patterns: readonly string[]): ReadingsCollector => {
  const passedOver = startPassedOver();
  const unused = new Set<string>();
  const notes: string[] = [];
  let dialect: Dialect | undefined;
  return {
    add: ({ source, projection }, used = new Set()) => {
      dialect = projection.dialect;
      notes.push(...source.notes, ...projection.notes);
      for (const column of projection.unused)
        if (!used.has(column.toLowerCase())) unused.add(column);
    },
    passedOver,
    finish: () => ({
      files: findFiles(patterns)
        .filter((file) => !passedOver.has(file))
        .map((file) => (isAddress(file) ? shownAddress(file) : file)),
      dialect: dialect!,
      unused: [...unused],
      notes: [...passedOver.notes(), ...notes],
    }),
  };
};
