/**
 * Files of flights to one table: every row used or counted by the reason why it is not.
 */
import type { ReadingOptions } from '../reading-options.ts';
import { AppError } from '../../core/errors.ts';
import { fieldOf } from '../../core/flight.ts';
import type { Input } from '../../core/inputs.ts';
import type { Table } from '../../core/table.ts';
import { findLines } from '../reading/line-numbers.ts';
import { rejectedRecords, takeRejectedLines } from '../reading/rejected-lines.ts';
import type { Dialect } from '../dialects/dialect.ts';
import {
  openFlights,
  ownColumn,
  type Projection,
  plainColumn,
  plainOf,
  project,
  rejectColumn,
  wantedOf,
} from './projection.ts';
import { type FlightSink, type FlightsRead, type NamedKind, startTable } from './table-builder.ts';
import { findFiles } from '../reading/files.ts';
import { blameFile, openSources, type Source } from '../reading/source.ts';
import type { Database } from '../database.ts';

interface LoadOptions extends ReadingOptions {
  /** What a model asks: an input that no field gives is read from a column of its name, if there is one. */
  readonly asked?: readonly Input[] | undefined;
  /** Whether a flight must have a delay; without it all delays are NaN. */
  readonly labelled?: boolean | undefined;
}

/**
 * All flights of the files in order: files as given (those of a glob or folder sorted), rows as they stand.
 * @throws AppError file-missing, file-unreadable, file-empty, file-broken, columns-unknown, data-leak, data-unfit
 * @cost 3 M rows of Parquet in about 1.5 s on two cores
 */
export const loadTable = async (
  patterns: readonly string[],
  options: LoadOptions = {},
): Promise<Table> => {
  const table = startTable();
  return table.finish(await readFlights(patterns, options, table));
};

/**
 * Hands all rows of the files to a sink, in their order; never more than a few chunks are held.
 * @throws AppError as `loadTable` does
 */
export const readFlights = async (
  patterns: readonly string[],
  { asked = [], labelled = true, ...options }: LoadOptions,
  sink: FlightSink & { readonly takesTexts?: boolean },
): Promise<FlightsRead> => {
  const files = findFiles(patterns);
  const wanted = wantedOf(options);
  const database = await openFlights(options);
  try {
    const notes: string[] = [];
    const unused = new Set<string>();
    let dialect: Dialect | undefined;
    for (const file of files) {
      for (const source of await openSources(database, file, wanted)) {
        const projection = await project(database.connection, source, {
          // What the first file was found to be, the others are too.
          wanted: { ...wanted, dialect: wanted.dialect && (dialect ?? wanted.dialect) },
          labelled,
          withOwn: asked.length > 0 || sink.takesTexts === true,
        });
        if (dialect !== undefined && dialect !== projection.dialect) {
          throw new AppError(
            'columns-unknown',
            `${source.file} is of the dialect ${projection.dialect.name}, the files before it of ${dialect.name}; files of one dialect are expected`,
          );
        }
        dialect = projection.dialect;
        notes.push(...source.notes, ...projection.notes);
        for (const column of projection.unused) unused.add(column);
        const own = sink.takesTexts
          ? textColumnsOf(source)
          : ownColumnsOf(source, projection, asked);
        if (!sink.takesTexts)
          for (const { input } of own) {
            const column = source.columns.find(
              (name) => name.toLowerCase() === input.name.toLowerCase(),
            )!;
            unused.delete(column);
          }
        await readInto(sink, database, source, { projection, own, labelled });
      }
    }
    return { files, dialect: dialect!, unused: [...unused], notes };
  } finally {
    database.close();
  }
};

interface OwnColumn {
  readonly input: NamedKind;
  readonly expression: string;
}

/** Inputs of a model that no field of the dialect gives and a column of the source is named by. */
const ownColumnsOf = (
  source: Source,
  { fields }: Projection,
  asked: readonly Input[],
): readonly OwnColumn[] =>
  asked.flatMap((input, i) => {
    if (asked.findIndex(({ name }) => name === input.name) < i) return [];
    const isField = fields.some((field) => field === input.name);
    const expression = isField ? undefined : ownColumn(source, input.name);
    return expression === undefined ? [] : [{ input, expression }];
  });

/** All columns of a source as texts, empty where nothing is known. */
const textColumnsOf = (source: Source): readonly OwnColumn[] =>
  source.columns.map((name) => ({
    input: { name, kind: 'category' },
    expression: ownColumn(source, name)!,
  }));

/** How a source is read. */
interface Reading {
  readonly projection: Projection;
  readonly own: readonly OwnColumn[];
  readonly labelled: boolean;
}

/** All rows of a source. @throws AppError file-empty, file-broken */
const readInto = async (
  { log, append }: FlightSink,
  { connection }: Database,
  source: Source,
  { projection, own, labelled }: Reading,
): Promise<void> => {
  const nBefore = log.nRead();
  const columns: readonly NamedKind[] = [
    ...projection.fields.map((name) => ({ name, kind: fieldOf(name)!.kind })),
    ...own.map(({ input }) => input),
  ];
  const layout = { columns, nFields: projection.fields.length, hasRemark: projection.hasRemark };
  log.startFile(source.file);
  await blameFile(source.file, async () => {
    const result = await connection.stream(sqlOf({ projection, own, labelled }));
    let chunk = await result.fetchChunk();
    while (chunk && chunk.rowCount > 0) {
      append(chunk, layout);
      chunk = await result.fetchChunk();
    }
  });
  const rows = log.exampleRows();
  const records = await rejectedRecords(connection);
  const lines =
    source.lines && (rows.length > 0 || records.size > 0)
      ? await findLines(source.file, source.lines, rows, records)
      : undefined;
  if (lines) log.placeExamples(lines.ofRow);
  log.reject(await takeRejectedLines(connection, lines?.ofRejected));
  if (log.nRead() === nBefore) {
    throw new AppError('file-empty', `${source.file} holds a header but no rows`);
  }
};

const sqlOf = ({
  projection: { fields, select, detail, hasRemark },
  own,
  labelled,
}: Reading): string => `
  SELECT ${rejectColumn(labelled)}, ${detail} AS detail,
         ${labelled ? "coalesce(try_cast(delayMinutes AS FLOAT), 'nan')" : "'nan'::FLOAT"} AS delayMinutes,
         ${[
           ...fields.map(plainColumn),
           ...own.map(({ input, expression }) => plainOf(input.kind, expression)),
           ...(hasRemark ? [`coalesce(remark, '') AS remark`] : []),
         ].join(', ')}
  FROM (${select})`;
