/**
 * The data files in a ZIP archive: each is unpacked by itself, what is no data (a readme) is passed over.
 */
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { AppError } from '../../core/errors.ts';
import type { Scratch, ScratchFile } from '../scratch.ts';
import { endingOf } from './files.ts';

interface ZipEntry {
  readonly name: string;
  readonly content: ScratchFile;
}

interface ZipContent {
  readonly entries: readonly ZipEntry[];
  /** Names of what is no data. */
  readonly passedOver: readonly string[];
}

/** Text packs to a tenth, a hundredth at best; what claims to be more is made to fill a disk. */
const MAX_RATIO = 250;
const ALWAYS_ALLOWED_BYTES = 1 << 30;

/** Whether unpacking to so many bytes is an attack. */
const isBomb = (nPacked: number, nBytes: number): boolean =>
  nBytes > ALWAYS_ALLOWED_BYTES && nBytes > nPacked * MAX_RATIO;

/** The largest size that a packed file may unpack to. */
export const maxUnpackedBytes = (nPacked: number): number =>
  Math.max(ALWAYS_ALLOWED_BYTES, nPacked * MAX_RATIO);

export const bombOf = (file: string): AppError =>
  new AppError(
    'file-broken',
    `${file} unpacks to more than ${MAX_RATIO} times its size, as no table of flights does; it is not unpacked`,
  );

/**
 * Unpacks the data files of an archive.
 * @throws AppError file-broken, file-missing (no data in it), file-unreadable (a password), file-unwritable (no room)
 */
export const unpackZip = async (
  file: string,
  path: string,
  scratch: Scratch,
): Promise<ZipContent> => {
  try {
    const zip = await openPromise(path, { autoClose: false });
    try {
      return await unpackEntries(file, zip, scratch);
    } finally {
      zip.close();
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (/encrypt/.test((error as Error).message)) throw lockedOf(file);
    throw new AppError(
      'file-broken',
      `${file} is damaged: ${(error as Error).message.split('\n')[0]}`,
      { cause: error },
    );
  }
};

const unpackEntries = async (file: string, zip: ZipFile, scratch: Scratch): Promise<ZipContent> => {
  const found: Entry[] = [];
  for await (const entry of zip.eachEntry()) if (!entry.fileName.endsWith('/')) found.push(entry);
  if (found.some(({ fileName }) => /^(xl|word|ppt)\//.test(fileName))) throw excelOf(file);
  const isData = ({ fileName }: Entry): boolean =>
    endingOf(fileName) !== undefined &&
    !/(^|\/)(__MACOSX\/|\.)|(^|\/)(readme|licen[cs]e)/i.test(fileName);
  const wanted = found.filter(isData).sort((a, b) => (a.fileName < b.fileName ? -1 : 1));
  if (wanted.length === 0) {
    throw new AppError(
      'file-missing',
      `${file} holds no data file (${
        found.length === 0
          ? 'it is empty'
          : `it holds ${found
              .slice(0, 5)
              .map(({ fileName }) => fileName)
              .join(', ')}`
      })`,
    );
  }
  let nBytes = 0;
  for (const entry of wanted) {
    if (entry.isEncrypted()) throw lockedOf(file);
    if (isBomb(entry.compressedSize, entry.uncompressedSize)) throw bombOf(file);
    nBytes += entry.uncompressedSize;
  }
  if (nBytes > scratch.freeBytes()) {
    throw new AppError(
      'file-unwritable',
      `${file} unpacks to ${Math.round(nBytes / 2 ** 20).toLocaleString('en')} MiB, for which the folder of temporary files has no room; set TMPDIR to one that has`,
    );
  }
  const entries: ZipEntry[] = [];
  for (const entry of wanted) {
    const content = scratch.create();
    for await (const chunk of await zip.openReadStreamPromise(entry))
      content.write(chunk as Buffer);
    entries.push({ name: entry.fileName, content });
  }
  return {
    entries,
    passedOver: found.filter((entry) => !isData(entry)).map(({ fileName }) => fileName),
  };
};

const lockedOf = (file: string): AppError =>
  new AppError(
    'file-unreadable',
    `${file} is locked with a password; unpack it and give the files in it`,
  );

export const excelOf = (file: string): AppError =>
  new AppError(
    'file-unreadable',
    `${file} is an Excel workbook; save its sheet as CSV UTF-8 and give that file`,
  );
