/**
 * A file that is written: its format by its ending; it appears whole or not at all.
 */
import {
  accessSync,
  constants,
  existsSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../../core/errors.ts';

export interface OutputFile {
  readonly file: string;
  readonly format: 'csv' | 'parquet' | 'ndjson';
  /** Options of a COPY statement. */
  readonly options: string;
}

const COMPRESSIONS: Readonly<Record<string, string>> = {
  gz: ', COMPRESSION gzip',
  zst: ', COMPRESSION zstd',
};

/**
 * What an output file's name asks for.
 * @param sources files that are read: they are not overwritten
 * @throws AppError usage, file-unwritable
 */
export const outputFileOf = (file: string, sources: readonly string[]): OutputFile => {
  const match = /\.(csv|tsv|parquet|ndjson|jsonl)(?:\.(gz|zst))?$/i.exec(file);
  const ending = match?.[1]?.toLowerCase();
  const compression = match?.[2]?.toLowerCase();
  if (ending === undefined || (ending === 'parquet' && compression !== undefined)) {
    throw new AppError(
      'usage',
      `${file}: a file ending in .csv, .tsv, .ndjson (these also with .gz or .zst) or .parquet is expected`,
    );
  }
  if (existsSync(file)) {
    if (statSync(file).isDirectory()) {
      throw new AppError('file-unwritable', `${file} is a directory; a file is expected`);
    }
    if (
      sources.some((source) => existsSync(source) && realpathSync(source) === realpathSync(file))
    ) {
      throw new AppError('usage', `${file} is read and cannot be written at the same time`);
    }
  }
  checkFolder(file);
  const packed = COMPRESSIONS[compression ?? ''] ?? '';
  switch (ending) {
    case 'csv':
      return { file, format: 'csv', options: `(FORMAT csv, HEADER${packed})` };
    case 'tsv':
      return { file, format: 'csv', options: `(FORMAT csv, HEADER, DELIMITER '\\t'${packed})` };
    case 'parquet':
      return {
        file,
        format: 'parquet',
        // Not zstd: packing answers, which hardly pack, would cost a third of all the processor time.
        options: '(FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 61440)',
      };
    default:
      return { file, format: 'ndjson', options: `(FORMAT json${packed})` };
  }
};

const checkFolder = (file: string): void => {
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch (error) {
    throw new AppError(
      'file-unwritable',
      `${file} cannot be written: ${dirname(file)} ${existsSync(dirname(file)) ? 'may not be written to' : 'does not exist'}`,
      { cause: error },
    );
  }
};

/**
 * Writes through `write` beside the file, then puts it in its place; a failure or a signal leaves nothing behind.
 * @throws AppError file-unwritable when the disk refuses
 */
export const writeInto = async (
  { file }: OutputFile,
  write: (partial: string) => Promise<void>,
): Promise<void> => {
  const partial = `${file}.${process.pid}.partial`;
  const stop = (signal: NodeJS.Signals): void => {
    rmSync(partial, { force: true });
    for (const each of SIGNALS) process.off(each, stop);
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    await write(partial);
    renameSync(partial, file);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
  }
};

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** The failure of a COPY that its target is to blame for, undefined for any other. */
export const writeFailureOf = ({ file }: OutputFile, error: unknown): AppError | undefined => {
  const why = /Could not write (?:to )?file .*: ([^\n]*)/.exec((error as Error).message ?? '')?.[1];
  if (why === undefined) return undefined;
  return new AppError('file-unwritable', `${file} cannot be written: ${why}`, { cause: error });
};
