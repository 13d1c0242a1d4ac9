/**
 * Files of flights to one table: every row used or counted by the reason why it is not.
 */

import { fieldOf } from '../../core/flight.ts';
import type { Input } from '../../core/inputs.ts';
import type { Table } from '../../core/table.ts';
import { chunksOf, type Database } from '../database.ts';
import { takeRejectedLines } from '../reading/rejected-lines.ts';
import { blameFile } from '../reading/source.ts';
import type { ReadingOptions } from '../reading-options.ts';
import { noRows, placeExamples } from './examples.ts';
import {
  type FlightQuery,
  flightQueries,
  plainFlights,
  type Readings,
  startReadings,
} from './flight-query.ts';
import { asInputs, type OwnColumn, requireOwnColumns, withOwnColumns } from './own-columns.ts';
import { openFlights, ownColumn, plainOf } from './projection.ts';
import { type FlightSink, type NamedKind, startTable, type TableBounds } from './table-builder.ts';

interface LoadOptions extends ReadingOptions, TableBounds {
  /** What a model asks: an input that no field gives is read from a column of its name, if there is one. */
  readonly asked?: readonly Input[] | undefined;
  /** Columns that the user names as known before departure. */
  readonly columns?: readonly OwnColumn[] | undefined;
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
  const { columns = [] } = options;
  const builder = startTable(options);
  const table = builder.finish(await readFlights(patterns, options, builder));
  return withOwnColumns(table, columns);
};

/**
 * Hands all rows of the files to a sink, in their order; never more than a few chunks are held.
 * @throws AppError as `loadTable` does
 */
const readFlights = async (
  patterns: readonly string[],
  { asked: inputs = [], columns = [], ...options }: LoadOptions,
  sink: FlightSink,
): Promise<Readings> => {
  const database = await openFlights(options);
  try {
    const read = startReadings(patterns);
    const asked = [...asInputs(columns), ...inputs];
    const withOwn = asked.length > 0;
    for await (const flights of flightQueries(database, patterns, {
      ...{ ...options, withOwn },
      ...{ namesAsWritten: true, passedOver: read.passedOver },
    })) {
      requireOwnColumns(flights, columns);
      const own = askedColumnsOf(flights, asked);
      read.add(flights, new Set(own.map(({ input }) => input.name.toLowerCase())));
      await readInto(sink, database, flights, own);
    }
    return read.finish();
  } finally {
    database.close();
  }
};

interface AskedColumn {
  readonly input: NamedKind;
  readonly expression: string;
}

/** Inputs of a model that no field of the dialect gives and a column of the source is named by. */
const askedColumnsOf = (
  { source, projection: { fields } }: FlightQuery,
  asked: readonly Input[],
): readonly AskedColumn[] =>
  asked.flatMap((input, i) => {
    if (asked.findIndex(({ name }) => name === input.name) < i) return [];
    const isField = fields.some((field) => field === input.name);
    const expression = isField ? undefined : ownColumn(source, input.name);
    return expression === undefined ? [] : [{ input, expression }];
  });

/** All rows of a source. @throws AppError file-empty, file-broken */
const readInto = async (
  { log, append, expect }: FlightSink,
  { connection }: Database,
  flights: FlightQuery,
  own: readonly AskedColumn[],
): Promise<void> => {
  const { source, projection } = flights;
  const nBefore = log.nRead();
  const columns: readonly NamedKind[] = [
    ...projection.fields.map((name) => ({ name, kind: fieldOf(name)!.kind })),
    ...own.map(({ input }) => input),
  ];
  const layout = { columns, nFields: projection.fields.length, hasRemark: projection.hasRemark };
  log.startFile(source.file);
  if (source.aboutRows !== undefined) expect(source.aboutRows);
  const more = own.map(({ input, expression }) => plainOf(input.kind, expression));
  await blameFile(source.file, async () => {
    for await (const chunk of chunksOf(connection, plainFlights(flights, more)))
      append(chunk, layout);
  });
  await placeExamples(log, source, await takeRejectedLines(connection));
  if (log.nRead() === nBefore) throw noRows(source.file);
};
