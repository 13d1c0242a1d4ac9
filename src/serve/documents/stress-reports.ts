/**
 * The stress reports that lie in a folder, newest first: what each says of itself in its head. They are read when somebody
 * looks, and only pages that `puntual stress` wrote.
 */
import { constants } from 'node:fs';
import { open, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';

interface StressReport {
  readonly file: string;
  readonly startedAt: string;
  readonly url: string;
  readonly result: string;
  readonly sentence: string;
  readonly headline: string;
}

/** A folder with more pages is looked through by so many of them, and read by the newest. */
const PAGES_SEEN = 1000;
const PAGES_READ = 50;
const REPORTS_SHOWN = 5;
/** One with all its charts has less than two megabytes. */
const PAGE_LIMIT_BYTES = 8 * 2 ** 20;
/** The summary stands before everything large. */
const HEAD_BYTES = 8192;
const SUMMARY = /<meta name="puntual-stress" content="([^"]*)">/;
const KEYS = ['startedAt', 'url', 'result', 'sentence', 'headline'] as const;

/** Empty where there is no such folder, or none in it. */
export const listStressReports = async (folder: string): Promise<readonly StressReport[]> => {
  const pages = await Promise.all(
    (await pagesIn(folder)).map(async (name) => {
      const found = await stat(join(folder, name)).catch(() => undefined);
      // A FIFO would be waited for, a device might never end.
      const isPage = found?.isFile() === true && found.size <= PAGE_LIMIT_BYTES;
      return isPage ? [{ name, mtimeMs: found.mtimeMs }] : [];
    }),
  );
  const newest = pages
    .flat()
    .sort((a, b) => b.mtimeMs - a.mtimeMs)
    .slice(0, PAGES_READ);
  const reports = await Promise.all(newest.map(({ name }) => readSummary(folder, name)));
  return reports
    .filter((report) => report !== undefined)
    .sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
    .slice(0, REPORTS_SHOWN);
};

/**
 * The page of one that is listed; undefined for any other name.
 * @param onListed called before it is read
 */
export const readStressReport = async (
  folder: string,
  file: string,
  onListed = (): void => {},
): Promise<Uint8Array<ArrayBuffer> | undefined> => {
  const isListed = (await listStressReports(folder)).some((report) => report.file === file);
  onListed();
  const page = isListed ? await readPage(folder, file, PAGE_LIMIT_BYTES + 1) : undefined;
  return page && page.length <= PAGE_LIMIT_BYTES ? page : undefined;
};

const pagesIn = async (folder: string): Promise<readonly string[]> => {
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(folder))
      if (name.endsWith('.html') && names.push(name) === PAGES_SEEN) break;
  } catch {
    // There is no such folder, or it is not ours to read.
  }
  return names;
};

/**
 * The first bytes of a file, whatever it has become since it was listed; undefined where it is gone, not ours to read, or
 * no regular file any more.
 */
const readPage = async (
  folder: string,
  file: string,
  nBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> => {
  try {
    const handle = await open(join(folder, file), constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await handle.stat();
      if (!found.isFile()) return undefined;
      const bytes = new Uint8Array(Math.min(nBytes, found.size));
      let nRead = 0;
      while (nRead < bytes.length) {
        const { bytesRead } = await handle.read(bytes, nRead, bytes.length - nRead, nRead);
        if (bytesRead === 0) break;
        nRead += bytesRead;
      }
      return bytes.subarray(0, nRead);
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
};

const readSummary = async (folder: string, file: string): Promise<StressReport | undefined> => {
  const found = SUMMARY.exec(new TextDecoder().decode(await readPage(folder, file, HEAD_BYTES)));
  if (found === null) return undefined;
  try {
    const said = JSON.parse(unescapeHtml(found[1]!)) as Readonly<Record<string, unknown>>;
    return KEYS.every((key) => typeof said[key] === 'string')
      ? ({ file, ...Object.fromEntries(KEYS.map((key) => [key, said[key]])) } as StressReport)
      : undefined;
  } catch {
    // Another program's.
    return undefined;
  }
};

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
};

const unescapeHtml = (text: string): string =>
  text.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => ENTITIES[entity]!);
