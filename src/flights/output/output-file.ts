/**
 * A file that is written: its format by its ending; it appears whole or not at all.
 */
import { accessSync, constants, existsSync, realpathSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { placeOf } from '../../core/files/atomic-write.ts';
import { AppError } from '../../core/errors.ts';
import { withPartial } from './partial.ts';

export interface OutputFile {
  /** As it was named. */
  readonly file: string;
  /** Where it lies, links followed. */
  readonly path: string;
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
  const { path, isStream } = placeOf(file);
  if (isStream)
    throw new AppError('usage', `${file} is no file; -o - writes CSV to standard output`);
  if (sources.some((source) => existsSync(source) && realpathSync(source) === path))
    throw new AppError('usage', `${file} is read and cannot be written at the same time`);
  checkFolderOf(file, path);
  const packed = COMPRESSIONS[compression ?? ''] ?? '';
  switch (ending) {
    case 'csv':
      return { file, path, format: 'csv', options: `(FORMAT csv, HEADER${packed})` };
    case 'tsv':
      return {
        file,
        path,
        format: 'csv',
        options: `(FORMAT csv, HEADER, DELIMITER '\\t'${packed})`,
      };
    case 'parquet':
      return {
        file,
        path,
        format: 'parquet',
        // Not zstd: packing answers, which hardly pack, would cost a third of all the processor time.
        options: '(FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 61440)',
      };
    default:
      return { file, path, format: 'ndjson', options: `(FORMAT json${packed})` };
  }
};

const checkFolderOf = (file: string, path: string): void => {
  const folder = dirname(path);
  if (!existsSync(folder))
    throw new AppError('file-unwritable', `${file} cannot be written: ${folder} does not exist`);
  if (!statSync(folder).isDirectory())
    throw new AppError('file-unwritable', `${file} cannot be written: ${folder} is no folder`);
  try {
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new AppError(
      'file-unwritable',
      `${file} cannot be written: ${folder} may not be written to`,
      { cause: error },
    );
  }
};

/**
 * Writes through `write` beside the file, then puts it in its place; a failure or a signal leaves nothing behind.
 * @throws AppError file-unwritable when the disk refuses
 */
export const writeInto = async (
  { path }: OutputFile,
  write: (partial: string) => Promise<void>,
): Promise<void> => {
  await withPartial(path, async (partial) => {
    await write(partial);
    renameSync(partial, path);
  });
};

/** The failure of a COPY that its target is to blame for, undefined for any other. */
export const writeFailureOf = (file: string, error: unknown): AppError | undefined => {
  const { message = '' } = error as Error;
  const why =
    /Could not write (?:to )?file .*: ([^\n]*)/.exec(message)?.[1] ??
    /Cannot open file ".*\.partial": ([^\n]*)/.exec(message)?.[1];
  if (why === undefined) return undefined;
  return new AppError('file-unwritable', `${file} cannot be written: ${why}`, { cause: error });
};
