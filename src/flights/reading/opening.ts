/**
 * From a file to its sources: fetched, unpacked, told by its first bytes; an archive holds several.
 */
import { createReadStream } from 'node:fs';
import { AppError } from '../../core/errors.ts';
import { checkNamedFile } from '../../core/files/named-file.ts';
import { shownAddress } from '../../host/shown-text.ts';
import type { Database } from '../database.ts';
import { fetchInto } from './address.ts';
import { readArrow } from './arrow.ts';
import { packingOf, unpackInto } from './compression.ts';
import { endingOf, isAddress, STDIN } from './files.ts';
import { readHead, refuseForeign, sniffFormat } from './first-bytes.ts';
import { describe, pathLiteral, type Source } from './source.ts';
import { type Located, openText, type SourceOptions } from './text-source.ts';
import { unpackZip } from './zip.ts';

/**
 * Opens a file far enough to know its format and columns; an archive gives a source for each data file in it.
 * @throws AppError file-missing, file-unreadable, file-empty, file-broken, file-unwritable, usage
 */
export const openSources = async (
  database: Database,
  file: string,
  options: SourceOptions = {},
): Promise<readonly Source[]> => {
  const isStdin = file === STDIN;
  if (!isStdin && !isAddress(file) && checkNamedFile(file) === 'file')
    return openLocated(database, { file, path: file, name: file, notes: [] }, options);
  const content = database.scratch.create();
  const { path } = content;
  if (isAddress(file)) {
    await fetchInto(file, content);
    const name = new URL(file).pathname;
    return openLocated(database, { file: shownAddress(file), path, name, notes: [] }, options);
  }
  for await (const chunk of isStdin ? Bun.stdin.stream() : createReadStream(file))
    content.write(chunk);
  const named = isStdin ? { file: 'standard input', name: '' } : { file, name: file };
  return openLocated(database, { ...named, path, notes: [] }, options);
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
