/**
 * The stress reports that lie in a folder, newest first: what each says of itself in its head. They are read when somebody
 * looks, and only pages that `puntual stress` wrote.
 */
import { constants } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

interface StressReport {
  readonly file: string;
  readonly startedAt: string;
  readonly url: string;
  readonly result: string;
  readonly sentence: string;
  readonly headline: string;
}

/** A folder with more pages is looked through by its newest. */
const PAGES_READ = 50;
const REPORTS_SHOWN = 5;
/** One with all its charts has less than two megabytes. */
const PAGE_LIMIT_BYTES = 32 * 2 ** 20;
/** The summary stands before everything large. */
const HEAD_BYTES = 8192;
const SUMMARY = /<meta name="puntual-stress" content="([^"]*)">/;
const KEYS = ['startedAt', 'url', 'result', 'sentence', 'headline'] as const;

/** Empty where there is no such folder, or none in it. */
export const listStressReports = async (folder: string): Promise<readonly StressReport[]> => {
  const names = await readdir(folder).catch(() => []);
  const pages = await Promise.all(
    names
      .filter((name) => name.endsWith('.html'))
      .map(async (name) => {
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

/** The page of one that is listed; undefined for any other name. */
export const readStressReport = async (
  folder: string,
  file: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> => {
  const isListed = (await listStressReports(folder)).some((report) => report.file === file);
  return isListed ? new Uint8Array(await readFile(join(folder, file))) : undefined;
};

const readSummary = async (folder: string, file: string): Promise<StressReport | undefined> => {
  try {
    const handle = await open(join(folder, file), constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const bytes = new Uint8Array(HEAD_BYTES);
      const { bytesRead } = await handle.read(bytes, 0, HEAD_BYTES, 0);
      const found = SUMMARY.exec(new TextDecoder().decode(bytes.subarray(0, bytesRead)));
      if (found === null) return undefined;
      const said = JSON.parse(unescapeHtml(found[1]!)) as Readonly<Record<string, unknown>>;
      return KEYS.every((key) => typeof said[key] === 'string')
        ? ({ file, ...Object.fromEntries(KEYS.map((key) => [key, said[key]])) } as StressReport)
        : undefined;
    } finally {
      await handle.close();
    }
  } catch {
    // Gone meanwhile, not ours to read, or another program's.
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
