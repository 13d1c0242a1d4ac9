/**
 * An embedded DuckDB that reads files and never the network.
 */
import { randomUUID } from 'node:crypto';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { AppError } from '../core/errors.ts';
import { grantedMemoryBytes } from '../host/memory-limit.ts';
import { isCompiled } from '../host/own-program.ts';
import { wholeProcessors } from '../host/processors.ts';

export interface Database {
  readonly connection: DuckDBConnection;
  readonly close: () => void;
}

/**
 * Opens a database in memory; extensions are neither fetched nor loaded.
 * @throws AppError usage in the compiled executable, which holds no database
 */
export const openDatabase = async (threads = wholeProcessors()): Promise<Database> => {
  if (isCompiled)
    throw new AppError(
      'usage',
      'this executable serves and stress-tests; it holds no reader of flight files: use the npm package, or the image with the whole tool',
    );
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    ...memoryLimit(),
    // A folder of its own: two runs that share one remove each other's files. It is made only when needed.
    temp_directory: join(tmpdir(), `puntual-${randomUUID()}`),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  return {
    connection,
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
};

/** Part of the memory that a database may take before it writes to disk: its own default, of the machine's memory. */
const MEMORY_SHARE = 0.8;

/** Said only where less than the machine's memory is granted: the database does not see a group's limit from above. */
const memoryLimit = (granted = grantedMemoryBytes()): { memory_limit?: string } =>
  granted < totalmem()
    ? { memory_limit: `${Math.floor((granted * MEMORY_SHARE) / 2 ** 20)}MiB` }
    : {};

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
