/**
 * From a file to the SQL that reads it: unpacked, as UTF-8, with its columns known.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { DuckDBConnection } from '@duckdb/node-api';
import { AppError } from '../../core/errors.ts';
import { type Database, identifier, literal, readRows } from '../database.ts';
import { readArrow } from './arrow.ts';
import { type Compression, packingOf, unpackedBytes, unpackInto } from './compression.ts';
import { type CsvLayout, layoutOf } from './csv-layout.ts';
import { endingOf, type Format, isAddress, partitionsOf, STDIN } from './files.ts';
import { buildUtf8, inspectText, type TextBytes } from './text-bytes.ts';
import { localClocks } from './time-zones.ts';
import { excelOf, unpackZip } from './zip.ts';

export interface Source {
  /** As the user knows it; a file in an archive is `flights.zip: january.csv`. */
  readonly file: string;
  readonly format: Format;
  /** A table expression for a FROM clause. */
  readonly from: string;
  readonly columns: readonly string[];
  /** SQL types of the columns. */
  readonly types: readonly string[];
  /** Names of the columns that hold text, lower case: there a missing value may be written as a word. */
  readonly texts: ReadonlySet<string>;
  /** Names, lower case, of the columns that hold moments of a zone that the file does not name. */
  readonly withoutZone: ReadonlySet<string>;
  /** What was done to read the file, and what in it was passed over: a sentence each. */
  readonly notes: readonly string[];
  /** About how many rows a text has, by its size and its first lines. */
  readonly aboutRows?: number;
  /** Where the lines of a CSV are, for whoever looks for one of them. */
  readonly lines?: TextLines;
}

export interface TextLines {
  readonly path: string;
  readonly compression: Compression;
  /** Up to and with the header. */
  readonly nHeaderLines: number;
}

/** How the columns of a CSV are read: `plain` as text without the words for nothing, `kept` as text to the letter. */
type CsvReading = 'plain' | 'kept';

interface SourceOptions {
  readonly how?: CsvReading;
  /** How the text is written, where the bytes do not say it; a label as `windows-1252`. */
  readonly encoding?: string | undefined;
}

/** A file, or one in an archive. */
interface Located {
  readonly file: string;
  readonly path: string;
  /** The name whose ending says the format. */
  readonly name: string;
  readonly notes: readonly string[];
}

/**
 * Opens a file far enough to know its format and columns; an archive gives a source for each data file in it.
 * @throws AppError file-missing, file-unreadable, file-empty, file-broken, file-unwritable, usage
 */
export const openSources = async (
  database: Database,
  file: string,
  options: SourceOptions = {},
): Promise<readonly Source[]> => {
  if (isAddress(file)) return [await openAddress(database, file, options)];
  if (file !== STDIN)
    return openLocated(database, { file, path: file, name: file, notes: [] }, options);
  const content = database.scratch.create();
  for await (const chunk of Bun.stdin.stream()) content.write(chunk);
  const path = content.path;
  return openLocated(database, { file: 'standard input', path, name: '', notes: [] }, options);
};

/** The one source that a file is. @throws AppError as `openSources` does, and usage for an archive of several */
export const openSource = async (
  database: Database,
  file: string,
  options: SourceOptions = {},
): Promise<Source> => {
  const sources = await openSources(database, file, options);
  if (sources.length === 1) return sources[0]!;
  throw new AppError('usage', `${file} holds ${sources.length} data files; one is expected here`);
};

const openLocated = async (
  database: Database,
  located: Located,
  options: SourceOptions,
): Promise<readonly Source[]> => {
  const { file, path, name, notes } = located;
  const head = readHead(file, path);
  refuseForeign(file, head);
  const packing = packingOf(head);
  if (packing === 'none' && /\.(gz|zst|bz2|xz|zip)$/i.test(name)) {
    throw new AppError('file-broken', `${file} is named as compressed data but is not`);
  }
  if (packing === 'zip') {
    const { entries, passedOver } = await unpackZip(file, path, database.scratch);
    const sources: Source[] = [];
    for (const entry of entries) {
      const inside = {
        file: `${file}: ${entry.name}`,
        path: entry.content.path,
        name: entry.name,
        notes:
          passedOver.length > 0 && sources.length === 0
            ? [`${file}: passed over ${passedOver.slice(0, 5).join(', ')}`]
            : [],
      };
      sources.push(...(await openLocated(database, inside, options)));
    }
    return sources;
  }
  if (packing === 'bzip2' || packing === 'xz') {
    const content = database.scratch.create();
    unpackInto(file, path, packing, content);
    const inside = { file, path: content.path, name: name.replace(/\.(bz2|xz)$/i, ''), notes };
    return openLocated(database, inside, options);
  }
  const format = endingOf(name) ?? sniffFormat(head);
  return [
    format === 'csv' || format === 'ndjson'
      ? await openText(database, located, { format, compression: packing, ...options })
      : await openTable(database, located, format),
  ];
};

/** Parquet and Arrow, which know the types of their columns. */
const openTable = async (
  { connection }: Database,
  { file, path, notes }: Located,
  format: 'parquet' | 'arrow',
): Promise<Source> => {
  const arrow = format === 'arrow' ? await readArrow(connection, path, file) : undefined;
  const from = arrow?.from ?? `read_parquet(${pathLiteral(path)}, hive_partitioning = false)`;
  return describe(connection, {
    file,
    format,
    from,
    notes,
    zones: arrow?.zones ?? 'metadata',
    path,
  });
};

interface TextOptions extends SourceOptions {
  readonly format: 'csv' | 'ndjson';
  readonly compression: Compression;
}

const openText = async (
  database: Database,
  { file, path, notes }: Located,
  { format, compression, how = 'plain', encoding }: TextOptions,
): Promise<Source> => {
  const seen = await inspectText(unpackedBytes(file, path, compression));
  if (seen.nBytes === 0) throw new AppError('file-empty', `${file} is empty`);
  const found = encoding === undefined ? seen.encoding : decoderOf(encoding);
  const isAsItLies = found === 'utf-8' && !(format === 'csv' && seen.hasMixedEnds);
  const text = isAsItLies
    ? { path, compression, head: seen.head }
    : await rewrite(database, { file, path, compression, encoding: found });
  const aboutRows = Math.ceil((seen.nBytes * linesIn(seen.head)) / seen.head.length);
  const allNotes = [...notes, ...readAs({ file, found, asked: encoding, seen, format })];
  const options = { ...text, file, how, notes: allNotes };
  const source = await (format === 'csv'
    ? openCsv(database, options)
    : describe(database.connection, {
        file,
        format,
        from: `read_ndjson(${pathLiteral(text.path)}, compression = '${text.compression === 'none' ? 'uncompressed' : text.compression}')`,
        notes: allNotes,
      }));
  return { ...source, aboutRows };
};

const linesIn = (head: Buffer): number => {
  let n = 1;
  for (let at = head.indexOf(10); at >= 0; at = head.indexOf(10, at + 1)) n++;
  return n;
};

interface ReadAs {
  readonly file: string;
  readonly found: string;
  readonly asked: string | undefined;
  readonly seen: TextBytes;
  readonly format: Format;
}

/** What the reader of a text should know about how it was read. */
const readAs = ({ file, found, asked, seen, format }: ReadAs): readonly string[] => {
  const notes: string[] = [];
  if (asked === undefined && found !== 'utf-8')
    notes.push(`${file}: read as ${ENCODING_NAMES[found] ?? found}; --encoding overrides`);
  if (format === 'csv' && seen.hasMixedEnds)
    notes.push(`${file}: its lines end in more than one way; each counts as a line`);
  return notes;
};

const ENCODING_NAMES: Readonly<Record<string, string>> = {
  'windows-1252': 'Windows-1252',
  'utf-16le': 'UTF-16',
  'utf-16be': 'UTF-16',
};

/** The decoder that a label names. @throws AppError usage */
const decoderOf = (label: string): string => {
  try {
    return new TextDecoder(label as 'utf-8').encoding;
  } catch (error) {
    throw new AppError(
      'usage',
      `there is no encoding ${label}; utf-8, utf-16le, windows-1252 (which Latin-1 is part of) and iso-8859-15 are some`,
      { cause: error },
    );
  }
};

interface Text {
  readonly file: string;
  readonly path: string;
  readonly compression: Compression;
}

/** The text once more, as UTF-8 with one kind of line end. */
const rewrite = async (
  { scratch }: Database,
  { file, path, compression, encoding }: Text & { readonly encoding: string },
) => {
  const content = scratch.create();
  const toUtf8 = buildUtf8(encoding);
  for await (const chunk of unpackedBytes(file, path, compression))
    content.write(toUtf8(chunk, false));
  content.write(toUtf8(new Uint8Array(0), true));
  const { head } = await inspectText(unpackedBytes(file, content.path, 'none'));
  return { path: content.path, compression: 'none' as const, head };
};

interface CsvText extends Text {
  readonly head: Buffer;
  readonly how: CsvReading;
  readonly notes: readonly string[];
}

const HEAD_BYTES = 1 << 18;

/** Everything of a CSV is read as text: the dialect decides what a column is, not its first thousand rows. */
const openCsv = (
  { connection, memoryMb }: Database,
  { file, path, compression, head, how, notes }: CsvText,
): Promise<Source> => {
  const isWhole = head.length < HEAD_BYTES;
  const layout = layoutOf(file, head.toString('utf8', 0, HEAD_BYTES), isWhole);
  const options = `${csvOptions(layout, how)}${memoryMb === undefined ? '' : `, buffer_size = ${BOUNDED_BUFFER_BYTES}`}`;
  return describe(connection, {
    file,
    format: 'csv',
    from: `read_csv(${pathLiteral(path)}, compression = '${compression}', ${options}, store_rejects = true, hive_partitioning = false)`,
    notes:
      layout.nSkipped > 0
        ? [
            ...notes,
            `${file}: ${layout.nSkipped === 1 ? 'a line' : `${layout.nSkipped} lines`} above the header passed over`,
          ]
        : notes,
    lines: { path, compression, nHeaderLines: layout.nSkipped + 1 },
  });
};

/** What a thread reads at a time where memory is bounded: its default is four times as much. */
const BOUNDED_BUFFER_BYTES = 1 << 23;

const csvOptions = ({ delimiter, nSkipped, columns }: CsvLayout, how: CsvReading): string => {
  const types = columns.map((column) => `${literal(column)}: 'VARCHAR'`).join(', ');
  return `auto_detect = false, header = true, skip = ${nSkipped}, delim = ${literal(delimiter)}, quote = '"', escape = '"', columns = {${types}}${how === 'plain' ? `, nullstr = ${NULL_LIST}` : ''}`;
};

/** Read where the database's own extension for it is installed, never fetched. */
const openAddress = async (
  { connection }: Database,
  file: string,
  { how = 'plain' }: SourceOptions,
): Promise<Source> => {
  try {
    await connection.run('LOAD httpfs');
  } catch (error) {
    throw new AppError(
      'file-unreadable',
      `${file} is an address, and DuckDB's extension httpfs, which reads addresses, is not installed here; download the file and give its path`,
      { cause: error },
    );
  }
  const format = endingOf(file.replace(/[?#].*$/, '')) ?? 'csv';
  if (format === 'arrow')
    throw new AppError('usage', `${file}: Arrow is not read from an address; download the file`);
  const path = literal(file);
  const from = {
    csv: `read_csv(${path}, header = true, all_varchar = true, store_rejects = true${how === 'plain' ? `, nullstr = ${NULL_LIST}` : ''})`,
    ndjson: `read_ndjson(${path})`,
    parquet: `read_parquet(${path})`,
  }[format];
  return describe(connection, { file, format, from, notes: [] });
};

interface Described {
  readonly file: string;
  readonly format: Format;
  readonly from: string;
  readonly notes: readonly string[];
  readonly lines?: TextLines;
  /** Zones of columns by name; `metadata` where the file itself is asked. */
  readonly zones?: ReadonlyMap<string, string> | 'metadata';
  readonly path?: string;
}

/** Asks the database for the columns, adds those that the path names, turns moments of a zone into its clock. */
const describe = async (
  connection: DuckDBConnection,
  { file, format, from, notes, lines, zones, path }: Described,
): Promise<Source> => {
  const own = await blameFile(file, () => readRows(connection, `DESCRIBE SELECT * FROM ${from}`));
  const names = own.map((row) => String(row['column_name']));
  const types = own.map((row) => String(row['column_type']));
  const clocks = await localClocks(connection, { names, types, zones, path });
  const has = new Set(names.map((name) => name.toLowerCase()));
  const partitions = partitionsOf(file).filter(([name]) => !has.has(name.toLowerCase()));
  const isChanged = clocks.expressions.size > 0 || partitions.length > 0;
  const selected = [
    ...names.map((name) => {
      const clock = clocks.expressions.get(name);
      return clock === undefined ? identifier(name) : `${clock} AS ${identifier(name)}`;
    }),
    ...partitions.map(([name, value]) => `${literal(value)} AS ${identifier(name)}`),
  ];
  const columns = [...names, ...partitions.map(([name]) => name)];
  const allTypes = [
    ...types.map((type, i) => (clocks.expressions.has(names[i]!) ? 'TIMESTAMP' : type)),
    ...partitions.map(() => 'VARCHAR'),
  ];
  return {
    file,
    format,
    from: isChanged ? `(SELECT ${selected.join(', ')} FROM ${from})` : from,
    columns,
    types: allTypes,
    texts: new Set(
      columns.filter((_, i) => allTypes[i] === 'VARCHAR').map((name) => name.toLowerCase()),
    ),
    withoutZone: clocks.withoutZone,
    notes: [...notes, ...clocks.notes.map((note) => `${file}: ${note}`)],
    ...(lines ? { lines } : {}),
  };
};

const SNIFFED_BYTES = 512;

const readHead = (file: string, path: string): Buffer => {
  try {
    const descriptor = openSync(path, 'r');
    try {
      const head = Buffer.alloc(SNIFFED_BYTES);
      const nBytes = readSync(descriptor, head, 0, SNIFFED_BYTES, 0);
      if (nBytes === 0) throw new AppError('file-empty', `${file} is empty`);
      return head.subarray(0, nBytes);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw error instanceof AppError ? error : refusalOf(file, error as NodeJS.ErrnoException);
  }
};

/** What the system's refusal to open a file means to its reader. */
export const refusalOf = (file: string, error: NodeJS.ErrnoException): AppError => {
  switch (error.code) {
    case 'ENOENT':
      return new AppError('file-missing', `${file} does not exist`);
    case 'EACCES':
    case 'EPERM':
      return new AppError('file-unreadable', `${file} cannot be read: permission denied`);
    case 'EISDIR':
      return new AppError('file-unreadable', `${file} is a directory; a file is expected`);
    default:
      return new AppError('file-unreadable', `${file} cannot be read: ${error.message}`);
  }
};

/** Files that are taken for data and are something else, known by how they begin. @throws AppError */
const refuseForeign = (file: string, head: Buffer): void => {
  const text = head.toString('latin1');
  if (text.startsWith('version https://git-lfs.github.com/spec/')) {
    const nBytes = /^size (\d+)/m.exec(text)?.[1];
    throw new AppError(
      'file-broken',
      `${file} is a Git LFS pointer, not the data${nBytes ? ` (${Number(nBytes).toLocaleString('en')} bytes that lie elsewhere)` : ''}; 'git lfs pull' fetches it`,
    );
  }
  if (text.startsWith('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1')) throw excelOf(file);
  const foreign = (
    [
      [/^%PDF-/, 'a PDF document'],
      [/^\s*(<!doctype html|<html)/i, 'a web page'],
      [/^7z\xbc\xaf/, 'a 7z archive; unpack it'],
      [/^Rar!/, 'a RAR archive; unpack it'],
      [/^SQLite format 3/, 'an SQLite database; export its table as CSV'],
      [/^.{257}ustar/s, 'a tar archive; unpack it'],
    ] as const
  ).find(([pattern]) => pattern.test(text));
  if (foreign)
    throw new AppError(
      'file-unreadable',
      `${file} is ${foreign[1]}; CSV, TSV, Parquet, NDJSON or Arrow is expected`,
    );
};

const sniffFormat = (head: Buffer): Format => {
  if (head.toString('latin1', 0, 4) === 'PAR1') return 'parquet';
  if (head.toString('latin1', 0, 6) === 'ARROW1') return 'arrow';
  if (head.length >= 4 && head.readUInt32LE(0) === 0xffffffff) return 'arrow';
  return head.toString('latin1').trimStart().startsWith('{') ? 'ndjson' : 'csv';
};

/** Words that sources write where they know nothing. */
export const NULL_WORDS = ['', 'NA', 'N/A', 'NULL', 'null', 'NaN', 'nan', '\\N'] as const;

const NULL_LIST = `[${NULL_WORDS.map(literal).join(', ')}]`;

const pathLiteral = (path: string): string => literal(path.replace(/[*?[\]]/g, '[$&]'));

const BROKEN =
  /^(IO|Invalid Input|Invalid|Conversion|Serialization|Out of Range|Not implemented) Error: /;

/** Runs what reads a file. @throws AppError file-broken where the file is to blame, in one line */
export const blameFile = async <T>(file: string, read: () => Promise<T>): Promise<T> => {
  try {
    return await read();
  } catch (error) {
    const message = (error as Error).message ?? '';
    if (error instanceof AppError || !BROKEN.test(message)) throw error;
    const line = message
      .replace(BROKEN, '')
      .split('\n')[0]!
      .replace(/\/proc\/self\/fd\/\d+/g, 'it')
      .trim();
    throw new AppError('file-broken', `${file} is damaged or not what its name says: ${line}`, {
      cause: error,
    });
  }
};
