/**
 * From the patterns that a user wrote to the files they mean, and from a file's name to its format.
 */
import { existsSync, globSync, lstatSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { checkNamedFile, unreadable } from '../../core/files/named-file.ts';

export type Format = 'csv' | 'parquet' | 'ndjson' | 'arrow';

const ENDINGS: Readonly<Record<string, Format>> = {
  csv: 'csv',
  tsv: 'csv',
  tab: 'csv',
  txt: 'csv',
  parquet: 'parquet',
  pq: 'parquet',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  json: 'ndjson',
  arrow: 'arrow',
  arrows: 'arrow',
  feather: 'arrow',
  ipc: 'arrow',
};

/** The format that a name asks for, undefined for any other ending. */
export const endingOf = (file: string): Format | undefined =>
  ENDINGS[/\.([a-z]+)(?:\.(?:gz|zst|bz2|xz))?$/i.exec(file)?.[1]?.toLowerCase() ?? ''];

/** What stands for standard input among the files. */
export const STDIN = '-';

export const isAddress = (file: string): boolean => /^(https?|s3|gs|gcs|r2):\/\//i.test(file);

/**
 * Files that match, each once, sorted within each pattern; a directory means the data files in it and below it.
 * `-` is standard input, an address stays as it is.
 * @throws AppError file-missing when a pattern matches nothing
 */
export const findFiles = (patterns: readonly string[]): readonly string[] => [
  ...placedFiles(patterns).keys(),
];

/** The files of `findFiles`, each with whether it was found in a folder and not named, nor matched. */
export const placedFiles = (patterns: readonly string[]): ReadonlyMap<string, boolean> => {
  const files = new Map<string, boolean>();
  for (const pattern of patterns) {
    const isFolder = isDirectory(pattern);
    for (const file of isFolder ? filesIn(pattern) : matching(pattern))
      files.set(file, isFolder && (files.get(file) ?? true));
  }
  return files;
};

const isDirectory = (pattern: string): boolean =>
  pattern !== STDIN && existsSync(pattern) && statSync(pattern).isDirectory();

/** In a folder nobody has named what lies there: a pipe would be waited for. */
const isRegular = (file: string): boolean => existsSync(file) && statSync(file).isFile();

const isLink = (file: string): boolean => {
  try {
    return lstatSync(file).isSymbolicLink();
  } catch {
    return false;
  }
};

/** What can be read once only: standard input, and pipes such as those of `<(...)`. */
export const isReadOnce = (file: string): boolean =>
  file === STDIN || (existsSync(file) && statSync(file).isFIFO());

const matching = (pattern: string): readonly string[] => {
  if (pattern === STDIN || isAddress(pattern) || existsSync(pattern)) return [pattern];
  if (!/[*?[{]/.test(pattern) || isLink(pattern)) {
    // It says why: nothing is there, or a link leads nowhere.
    checkNamedFile(pattern);
    throw new AppError('file-missing', `${pattern} does not exist`);
  }
  const found = globSync(pattern)
    .filter((file) => existsSync(file) && !statSync(file).isDirectory())
    .sort();
  if (found.length === 0) throw new AppError('file-missing', `no file matches ${pattern}`);
  return found;
};

const filesIn = (folder: string): readonly string[] => {
  const files = below(folder, new Set())
    .filter((file) => endingOf(file) !== undefined || /\.zip$/i.test(file))
    .filter(isRegular)
    .sort();
  if (files.length === 0) {
    throw new AppError(
      'file-missing',
      `${folder} holds no data file; CSV, TSV, Parquet, NDJSON and Arrow are read, text also as .gz, .zst, .bz2, .xz or .zip`,
    );
  }
  return files;
};

/** All that lies in a folder and below it but for hidden names; links are followed, into each folder once. */
const below = (folder: string, seen: Set<string>): readonly string[] => {
  seen.add(realpathSync(folder));
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw unreadable(folder, error);
  }
  return names
    .filter((name) => !/^[._]/.test(name))
    .map((name) => join(folder, name))
    .flatMap((path) => {
      if (!isDirectory(path)) return [path];
      return seen.has(realpathSync(path)) ? [] : below(path, seen);
    });
};

/** Values that the folders of a path name: `year=2019/month=1/part.parquet` gives year and month. */
export const partitionsOf = (file: string): readonly (readonly [name: string, value: string])[] =>
  file
    .split(/[\\/]/)
    .slice(0, -1)
    .flatMap((part): [string, string][] => {
      const match = /^([A-Za-z_][\w.]*)=(.*)$/.exec(part);
      return match ? [[match[1]!, decodePercents(match[2]!)]] : [];
    });

/** What was written as `%2F`; a text as it stands where it only looks like that. */
const decodePercents = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
