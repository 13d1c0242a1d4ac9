/**
 * Texts as sources: how they are written and packed, brought into a form that the database reads.
 */
import { statSync } from 'node:fs';
import { AppError } from '../../core/errors.ts';
import { type Database, literal } from '../database.ts';
import type { ScratchFile } from '../scratch.ts';
import { type Compression, unpackedBytes } from './compression.ts';
import { type CsvLayout, layoutOf } from './csv-layout.ts';
import type { Format } from './files.ts';
import { describe, NULL_LIST, pathLiteral, type Source } from './source.ts';
import { buildUtf8, inspectText, type TextBytes } from './text-bytes.ts';

/** How the columns of a CSV are read: `plain` as text without the words for nothing, `kept` as text to the letter. */
type CsvReading = 'plain' | 'kept';

export interface SourceOptions {
  readonly how?: CsvReading;
  /** How the text is written, where the bytes do not say it; a label as `windows-1252`. */
  readonly encoding?: string | undefined;
}

/** A file, or one in an archive. */
export interface Located {
  readonly file: string;
  readonly path: string;
  /** The name whose ending says the format. */
  readonly name: string;
  readonly notes: readonly string[];
}

interface TextOptions extends SourceOptions {
  readonly format: 'csv' | 'ndjson';
  readonly compression: Compression;
}

/** A CSV or NDJSON, as UTF-8 with one kind of line end. @throws AppError file-empty, file-broken, usage */
export const openText = async (
  database: Database,
  { file, path, notes }: Located,
  { format, compression, how = 'plain', encoding }: TextOptions,
): Promise<Source> => {
  // Looked at while it is unpacked: the database then reads it on all its threads, as often as it needs to.
  const content = compression === 'none' ? undefined : roomFor(database, path);
  const seen = await inspectText(unpackedBytes(file, path, compression), content?.write);
  const plain = content
    ? ({ path: content.path, compression: 'none' } as const)
    : { path, compression };
  if (seen.nBytes === 0) throw new AppError('file-empty', `${file} is empty`);
  const found = encoding === undefined ? seen.encoding : decoderOf(encoding);
  const isAsItLies =
    found === 'utf-8' && !seen.hasZeros && !(format === 'csv' && seen.ends !== 'plain');
  const text = isAsItLies
    ? { ...plain, head: seen.head }
    : await rewrite(database, { file, ...plain, encoding: found });
  if (!isAsItLies) content?.empty();
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

/** Text is seldom packed to less than this part of it. */
const MAX_RATIO = 20;

/** A file for the unpacked text, undefined where there may be no room for it: then it is read as it is packed. */
const roomFor = ({ scratch }: Database, path: string): ScratchFile | undefined =>
  scratch.freeBytes() > MAX_RATIO * statSync(path).size ? scratch.create() : undefined;

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
  if (format === 'csv' && seen.ends === 'mixed')
    notes.push(`${file}: its lines end in more than one way; each counts as a line`);
  if (seen.hasZeros) notes.push(`${file}: bytes of 0 in it are passed over; is it damaged?`);
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
  const { isPadded } = layout;
  const allNotes = [
    ...notes,
    ...(layout.nSkipped > 0
      ? [
          `${file}: ${layout.nSkipped === 1 ? 'a line' : `${layout.nSkipped} lines`} above the header passed over`,
        ]
      : []),
    ...(isPadded ? [`${file}: blanks around its values are passed over`] : []),
  ];
  const options = `${csvOptions(layout, how)}${memoryMb === undefined ? '' : `, buffer_size = ${BOUNDED_BUFFER_BYTES}`}`;
  const from = `read_csv(${pathLiteral(path)}, compression = '${compression}', ${options}, store_rejects = true, hive_partitioning = false)`;
  return describe(connection, {
    file,
    format: 'csv',
    from,
    notes: allNotes,
    lines: { path, compression, nHeaderLines: layout.nSkipped + 1 },
    isPadded,
  });
};

/** What a thread reads at a time where memory is bounded: its default is four times as much. */
const BOUNDED_BUFFER_BYTES = 1 << 23;

const csvOptions = ({ delimiter, nSkipped, columns }: CsvLayout, how: CsvReading): string => {
  const types = columns.map((column) => `${literal(column)}: 'VARCHAR'`).join(', ');
  return `auto_detect = false, header = true, skip = ${nSkipped}, delim = ${literal(delimiter)}, quote = '"', escape = '"', columns = {${types}}${how === 'plain' ? `, nullstr = ${NULL_LIST}` : ''}`;
};
