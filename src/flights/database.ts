/**
 * An embedded DuckDB that reads files and never the network.
 */
import { randomUUID } from 'node:crypto';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, type DuckDBDataChunk, DuckDBInstance } from '@duckdb/node-api';
import { AppError } from '../core/errors.ts';
import { grantedMemoryBytes } from '../host/memory-limit.ts';
import { isCompiled } from '../host/own-program.ts';
import { wholeProcessors } from '../host/processors.ts';
import { openScratch, type Scratch } from './scratch.ts';

export interface Database {
  readonly connection: DuckDBConnection;
  /** What the database may hold, in megabytes; undefined where its caller sets no bound. */
  readonly memoryMb: number | undefined;
  /** Room for what is unpacked; it goes when the database closes. */
  readonly scratch: Scratch;
  readonly close: () => void;
}

/**
 * Opens a database in memory; extensions are neither fetched nor loaded.
 * @param memoryMb of which the database takes its part; by default what the machine grants
 * @throws AppError usage in the compiled executable, which holds no database
 */
export const openDatabase = async (
  threads = wholeProcessors(),
  memoryMb?: number,
): Promise<Database> => {
  if (isCompiled)
    throw new AppError(
      'usage',
      'this executable serves and stress-tests; it holds no reader of flight files: use the npm package, or the image with the whole tool',
    );
  const ownMb = memoryMb === undefined ? undefined : databaseMemoryMb(memoryMb);
  const temporary = join(tmpdir(), `puntual-${randomUUID()}`);
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    ...(memoryMb === undefined
      ? memoryLimit()
      : { memory_limit: `${databaseMemoryMb(memoryMb)}MB` }),
    // A folder of its own: two runs that share one remove each other's files. It is made only when needed.
    temp_directory: temporary,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  const bufferMb = ownMb === undefined ? STREAM_MB : Math.min(STREAM_MB, Math.floor(ownMb / 8));
  await connection.run(`SET TimeZone = 'UTC'; SET streaming_buffer_size = '${bufferMb}MB'`);
  const scratch = openScratch(`${temporary}-scratch`);
  return {
    connection,
    memoryMb: ownMb,
    scratch,
    close: () => {
      connection.closeSync();
      instance.closeSync();
      scratch.close();
    },
  };
};

/** What a query may have ready before it is fetched: with its default of 1 MB its threads wait for each other. */
const STREAM_MB = 64;

/** Part of the memory that a database may take before it writes to disk: its own default, of the machine's memory. */
const MEMORY_SHARE = 0.8;

/** Said only where less than the machine's memory is granted: the database does not see a group's limit from above. */
const memoryLimit = (granted = grantedMemoryBytes()): { memory_limit?: string } =>
  granted < totalmem()
    ? { memory_limit: `${Math.floor((granted * MEMORY_SHARE) / 2 ** 20)}MiB` }
    : {};

/** What the runtime, the readers of text and the columns that are counted take beside the database's own memory. */
export const DATABASE_BESIDE_MB = 200;

/** Of the memory that a command may take, the part that its database may. */
const databaseMemoryMb = (memoryMb: number): number =>
  Math.max(100, Math.floor(memoryMb - DATABASE_BESIDE_MB));

/**
 * The rows of a query in their order, some at a time. Those that come next are made while these are worked on: a fetch
 * keeps its thread busy until the buffer is full.
 */
export async function* chunksOf(
  connection: DuckDBConnection,
  sql: string,
): AsyncGenerator<DuckDBDataChunk> {
  const result = await connection.stream(sql);
  let next = result.fetchChunk();
  try {
    let chunk = await next;
    while (chunk && chunk.rowCount > 0) {
      next = result.fetchChunk();
      // What fails meanwhile is thrown where it is waited for.
      next.catch(() => {});
      yield chunk;
      chunk = await next;
    }
  } finally {
    // Whoever leaves early may close the connection.
    await next.catch(() => {});
  }
}

type Row = Readonly<Record<string, unknown>>;

/** All rows of a small result. */
export const readRows = async (
  connection: DuckDBConnection,
  sql: string,
): Promise<readonly Row[]> => (await connection.runAndReadAll(sql)).getRowObjects();

/** A string as an SQL literal. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A name as an SQL identifier. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
