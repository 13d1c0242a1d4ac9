/**
 * Arrow files (IPC file and stream, Feather 2) into a table of the database, which has no reader of its own for them.
 */
import { zstdDecompressSync } from 'node:zlib';
import {
  BIGINT,
  BOOLEAN,
  DATE,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBDateValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  type DuckDBValue,
  TIMESTAMP,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api';
import {
  type Column,
  CompressionType,
  type DataType,
  setCompressionCodec,
  type Table,
  tableFromIPC,
  Type,
} from '@uwdata/flechette';
import { MS_PER_DAY } from '../../core/calendar.ts';
import { AppError } from '../../core/errors.ts';
import { identifier, literal } from '../database.ts';
import { decodeLz4 } from '../../core/compression/lz4.ts';

const refuseToEncode = (): never => {
  throw new TypeError('Arrow files are read, not written');
};

setCompressionCodec(CompressionType.ZSTD, {
  encode: refuseToEncode,
  // Copied, so that it starts where wider numbers may start.
  decode: (bytes) => new Uint8Array(zstdDecompressSync(bytes)),
});

/** Arrow puts the length of each packed buffer before it; the codec sees the packed part only. */
setCompressionCodec(CompressionType.LZ4_FRAME, {
  encode: refuseToEncode,
  decode: decodeLz4,
});

const ROWS_AT_ONCE = 2048;

interface ArrowTable {
  /** The name of the database's table, quoted. */
  readonly from: string;
  /** Zones of the columns that have one. */
  readonly zones: ReadonlyMap<string, string>;
}

/**
 * Reads an Arrow file into a table; a second call for the same file uses that table.
 * @throws AppError file-broken
 */
export const readArrow = async (
  connection: DuckDBConnection,
  path: string,
  file: string,
): Promise<ArrowTable> => {
  const name = `arrow ${path}`;
  const known = await connection.runAndReadAll(
    `SELECT 1 FROM duckdb_tables() WHERE table_name = ${literal(name)}`,
  );
  try {
    const table = tableFromIPC(await Bun.file(path).bytes(), { useBigInt: true });
    if (known.currentRowCount === 0) await fillTable(connection, name, table);
    const zones = table.schema.fields.flatMap(({ name: column, type }): [string, string][] =>
      type.typeId === Type.Timestamp && type.timezone ? [[column, type.timezone]] : [],
    );
    return { from: identifier(name), zones: new Map(zones) };
  } catch (error) {
    throw new AppError(
      'file-broken',
      `${file} is damaged or not an Arrow file: ${(error as Error).message.split('\n')[0]}`,
      { cause: error },
    );
  }
};

const fillTable = async (
  connection: DuckDBConnection,
  name: string,
  { names, children, numRows }: Table,
): Promise<void> => {
  const readers = children.map((column: Column<unknown>) => cellReaderOf(column.type));
  const columns = names.map((column, i) => `${identifier(String(column))} ${readers[i]!.type}`);
  await connection.run(`CREATE TEMP TABLE ${identifier(name)} (${columns.join(', ')})`);
  const appender = await connection.createAppender(name);
  const cells = children.map((column) => column[Symbol.iterator]());
  for (let row = 0; row < numRows; row += ROWS_AT_ONCE) {
    const nRows = Math.min(ROWS_AT_ONCE, numRows - row);
    const chunk = DuckDBDataChunk.create(
      readers.map(({ type }) => type),
      nRows,
    );
    readers.forEach(({ read }, i) => {
      const values = Array.from({ length: nRows }, () => {
        const cell: unknown = cells[i]!.next().value;
        return cell === null || cell === undefined ? null : read(cell);
      });
      chunk.setColumnValues(i, values);
    });
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
};

interface CellReader {
  readonly type: DuckDBType;
  readonly read: (cell: unknown) => DuckDBValue;
}

const cellReaderOf = (type: DataType): CellReader => {
  switch (type.typeId) {
    case Type.Dictionary:
      return cellReaderOf(type.dictionary);
    case Type.Int:
      return { type: BIGINT, read: (cell) => BigInt(cell as number | bigint) };
    case Type.Float:
    case Type.Decimal:
      return { type: DOUBLE, read: Number };
    case Type.Bool:
      return { type: BOOLEAN, read: Boolean };
    case Type.Date:
      return {
        type: DATE,
        read: (cell) => new DuckDBDateValue(Math.floor(Number(cell) / MS_PER_DAY)),
      };
    case Type.Timestamp: {
      const micros = (cell: unknown): bigint => BigInt(Math.round(Number(cell) * 1000));
      return type.timezone
        ? { type: TIMESTAMPTZ, read: (cell) => new DuckDBTimestampTZValue(micros(cell)) }
        : { type: TIMESTAMP, read: (cell) => new DuckDBTimestampValue(micros(cell)) };
    }
    default:
      return { type: VARCHAR, read: String };
  }
};
